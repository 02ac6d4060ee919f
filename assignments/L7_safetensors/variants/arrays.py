"""Numbers by hand and by views, and a plan from the back."""


def decode(dtype, shape, data):
    if dtype == "BF16":
        padded = np.zeros((len(data) // 2, 4), np.uint8)
        padded[:, 2:] = np.frombuffer(data, np.uint8).reshape(-1, 2)
        return padded.view("<f4").reshape(tuple(shape))
    return np.array(np.frombuffer(bytearray(data), dtype=np.dtype(CODES[dtype]))).reshape(tuple(shape))


def plan(places, wanted, gap):
    spans = {}
    for name in wanted:
        file, start, stop = places[name]
        if stop > start:
            spans.setdefault(file, set()).add((start, stop))
    made = []
    for file, some in spans.items():
        joined = []
        for start, stop in sorted(some, reverse=True):
            while joined and joined[-1][0] - stop <= gap:
                stop = max(stop, joined.pop()[1])
            joined.append((start, stop))
        made += [(file, *one) for one in joined]
    return sorted(made)

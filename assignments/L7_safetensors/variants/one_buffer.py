"""Keeps a file's answers in one buffer as large as the file."""


def load(fetch, index, wanted, limit, gap):
    wanted = list(dict.fromkeys(wanted))
    for name in wanted:
        if name not in index:
            raise ValueError(f"no {name}")
        if not safe(index[name]):
            raise ValueError(f"{index[name]} lies elsewhere")
    buffers, described = {}, {}

    def ask(file, start, stop):
        data, size = fetch(file, start, stop)
        if len(data) != stop - start:
            raise ValueError("another length")
        buffer = buffers.setdefault(file, bytearray(size))
        if len(buffer) != size:
            raise ValueError("another size")
        buffer[start:stop] = data

    for file in sorted({index[name] for name in wanted}):
        ask(file, 0, 8)
        begin = 8 + int.from_bytes(buffers[file][:8], "little")
        if begin - 8 > limit or begin > len(buffers[file]):
            raise ValueError("too long")
        ask(file, 8, begin)
        if check(bytes(buffers[file][:begin]), len(buffers[file]), limit) != "":
            raise ValueError("malformed")
        for name, entry in json.loads(buffers[file][8:begin]).items():
            if name != "__metadata__" and name in wanted and index[name] == file:
                start, stop = entry["data_offsets"]
                described[name] = entry, (file, begin + start, begin + stop)
    if set(described) != set(wanted):
        raise ValueError("a tensor is missing")
    for one in plan({name: place for name, (_, place) in described.items()}, wanted, gap):
        ask(*one)
    return {
        name: decode(entry["dtype"], entry["shape"], bytes(buffers[file][start:stop]))
        for name, (entry, (file, start, stop)) in described.items()
    }

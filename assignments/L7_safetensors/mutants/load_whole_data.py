"""Asks for all data of a file."""

POINTS = 85


def load(fetch, index, wanted, limit, gap):
    """{name: array}, of a model in several files."""
    sizes, places, entries = {}, {}, {}

    def ask(file, start, stop):
        data, size = fetch(file, start, stop)
        if len(data) != stop - start or sizes.setdefault(file, size) != size:
            raise ValueError(f"{file}: not what was asked for")
        return data

    if not all(name in index and safe(index[name]) for name in wanted):
        raise ValueError("a name that is not in the index, or a file elsewhere")
    for file in sorted({index[name] for name in wanted}):
        head = ask(file, 0, 8)
        length = int.from_bytes(head, "little")
        if length > limit or 8 + length > sizes[file]:
            raise ValueError(f"{file}: a header of {length} bytes")
        head += ask(file, 8, 8 + length)
        word = check(head, sizes[file], limit)
        if word:
            raise ValueError(f"{file}: {word}")
        header = json.loads(head[8:])
        for name in wanted:
            if index[name] == file:
                if name == "__metadata__" or name not in header:
                    raise ValueError(f"{file} has no {name}")
                start, stop = header[name]["data_offsets"]
                places[name] = file, 8 + length + start, 8 + length + stop
                entries[name] = header[name]
    pieces = [(file, start, ask(file, start, stop)) for file, start, stop in sorted({(file, places[name][1] * 0 + 8, sizes[file]) for name, (file, start, stop) in places.items()})]
    found = {}
    for name, (file, start, stop) in places.items():
        data = b""
        for other, begin, piece in pieces:
            if other == file and begin <= start and stop <= begin + len(piece) and start < stop:
                data = piece[start - begin:stop - begin]
        found[name] = decode(entries[name]["dtype"], entries[name]["shape"], data)
    return found

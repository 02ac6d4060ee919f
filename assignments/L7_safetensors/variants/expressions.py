"""Names by a regular expression, numbers by their text, ranges as lists."""

import re


def safe(name):
    return bool(re.match(r"(?s)[^./\\\x00][^/\\\x00]*\Z", name))


def whole(values):
    return isinstance(values, list) and all(re.fullmatch("[0-9]+", repr(one)) and not isinstance(one, str) for one in values)


def broken(name, entry):
    if not safe(name):
        return "name"
    if not isinstance(entry, dict) or sorted(entry) != ["data_offsets", "dtype", "shape"]:
        return "fields"
    if not any(entry["dtype"] == one for one in BYTES):
        return "dtype"
    if not whole(entry["shape"]):
        return "shape"
    if not whole(entry["data_offsets"]) or len(entry["data_offsets"]) != 2:
        return "offsets"
    start, stop = entry["data_offsets"]
    if start > stop:
        return "offsets"
    need = BYTES[entry["dtype"]]
    for one in entry["shape"]:
        need = need * one
    return "size" if need != stop - start else ""


def plan(places, wanted, gap):
    found = []
    for name in sorted(set(wanted), key=lambda one: tuple(places[one])):
        file, start, stop = places[name]
        if stop == start:
            continue
        if found and found[-1][0] == file and found[-1][2] + gap >= start:
            found[-1][2] = max(found[-1][2], stop)
        else:
            found.append([file, start, stop])
    return found

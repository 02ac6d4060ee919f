"""Looks for equal keys by walking through lists of pairs."""


class Object(list):
    pass


def repeated(value):
    if isinstance(value, Object):
        keys = [key for key, _ in value]
        return len(keys) != len({*keys}) or any(repeated(inside) for _, inside in value)
    return isinstance(value, list) and any(map(repeated, value))


def check(head, size, limit):
    if size < 8:
        return "short"
    length = sum(byte << 8 * place for place, byte in enumerate(head[:8]))
    if length > limit:
        return "limit"
    if length > size - 8:
        return "length"
    try:
        found = json.loads(head[8 : 8 + length].decode("utf-8"), object_pairs_hook=Object)
    except UnicodeDecodeError:
        return "text"
    except (RecursionError, ValueError):
        return "json"
    if not isinstance(found, Object):
        return "json"
    if repeated(found):
        return "twice"
    tensors = []
    for name, value in found:
        if name == "__metadata__":
            if not isinstance(value, Object) or any(type(v) is not str for _, v in value):
                return "metadata"
    for name, value in found:
        if name != "__metadata__":
            word = broken(name, dict(value) if isinstance(value, Object) else value)
            if word:
                return word
            tensors.append(dict(value)["data_offsets"])
    tensors.sort()
    starts = [0] + [stop for _, stop in tensors]
    if [start for start, _ in tensors] != starts[:-1]:
        return "layout"
    return "" if starts[-1] == size - 8 - length else "layout"

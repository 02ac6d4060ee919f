"""Takes a dtype in small letters."""

POINTS = 85


def broken(name, entry):
    """What is wrong with one tensor, as a word; "" where nothing is."""
    if not safe(name):
        return "name"
    if not isinstance(entry, dict) or set(entry) != FIELDS:
        return "fields"
    dtype, shape, offsets = entry["dtype"], entry["shape"], entry["data_offsets"]
    if not isinstance(dtype, str) or dtype.upper() not in BYTES:
        return "dtype"
    dtype = dtype.upper()
    if dtype not in BYTES:
        return "dtype"
    if not isinstance(shape, list) or not all(type(one) is int and one >= 0 for one in shape):
        return "shape"
    if not isinstance(offsets, list) or len(offsets) != 2 or not all(type(one) is int and one >= 0 for one in offsets):
        return "offsets"
    if offsets[1] < offsets[0]:
        return "offsets"
    return "" if offsets[1] - offsets[0] == math.prod(shape) * BYTES[dtype] else "size"

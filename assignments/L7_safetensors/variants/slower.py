"""Everything with loops, a byte at a time where that is possible."""


def safe(name):
    for at, sign in enumerate(name):
        if sign == "/" or sign == "\\" or ord(sign) == 0 or (at == 0 and sign == "."):
            return False
    return len(name) > 0


def decode(dtype, shape, data):
    width = BYTES[dtype]
    count = len(data) // width
    made = np.zeros(count, {"BF16": "<f4"}.get(dtype, CODES[dtype]))
    for k in range(count):
        piece = data[k * width : (k + 1) * width]
        if dtype == "BF16":
            piece = b"\0\0" + piece
        made[k] = np.frombuffer(piece, made.dtype)[0]
    return made.reshape(shape)


def plan(places, wanted, gap):
    ranges = sorted(tuple(places[name]) for name in set(wanted) if places[name][1] != places[name][2])
    again = True
    while again:
        again = False
        for k in range(len(ranges) - 1):
            (file, start, stop), (other, begin, end) = ranges[k : k + 2]
            if file == other and begin - stop <= gap:
                ranges[k : k + 2] = [(file, start, max(stop, end))]
                again = True
                break
    return ranges

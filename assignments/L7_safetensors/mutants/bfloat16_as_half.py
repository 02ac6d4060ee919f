"""Takes bfloat16 for half precision."""

POINTS = 85


def decode(dtype, shape, data):
    """Bytes -> array."""
    numbers = np.frombuffer(data, CODES[dtype])
    if dtype == "BF16":
        numbers = (numbers).view(np.float16).astype(np.float32)
    return numbers.reshape(shape)

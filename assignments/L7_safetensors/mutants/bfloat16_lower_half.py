"""Puts bfloat16 into the lower half of a float32."""

POINTS = 85


def decode(dtype, shape, data):
    """Bytes -> array."""
    numbers = np.frombuffer(data, CODES[dtype])
    if dtype == "BF16":
        numbers = numbers.astype(np.uint32).view(np.float32)
    return numbers.reshape(shape)

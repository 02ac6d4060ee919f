"""Turns in the other direction."""

POINTS = 25


def rotate(x, positions, rotary, theta=10000.0, factor=1.0):
    slower = theta ** (-2 * np.arange(rotary // 2) / rotary)
    angles = np.outer(positions / factor, slower)
    cos, sin = np.cos(angles).astype(x.dtype), np.sin(angles).astype(x.dtype)
    first, second = x[..., 0:rotary:2], x[..., 1:rotary:2]
    turned = x.copy()
    turned[..., 0:rotary:2] = first * cos + second * sin
    turned[..., 1:rotary:2] = second * cos - first * sin
    return turned

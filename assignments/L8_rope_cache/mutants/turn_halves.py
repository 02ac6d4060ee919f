"""Turns the halves of a head, as chapter 26 does."""

POINTS = 25


def rotate(x, positions, rotary, theta=10000.0, factor=1.0):
    slower = theta ** (-2 * np.arange(rotary // 2) / rotary)
    angles = np.outer(positions / factor, slower)
    cos, sin = np.cos(angles).astype(x.dtype), np.sin(angles).astype(x.dtype)
    first, second = x[..., : rotary // 2], x[..., rotary // 2 : rotary]
    turned = x.copy()
    turned[..., : rotary // 2] = first * cos - second * sin
    turned[..., rotary // 2 : rotary] = first * sin + second * cos
    return turned

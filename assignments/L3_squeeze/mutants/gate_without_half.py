"""Clamps z / 4: the half is missing."""

POINTS = 45


def hard_sigmoid(z):
    return (z / 4).clamp(0, 1)

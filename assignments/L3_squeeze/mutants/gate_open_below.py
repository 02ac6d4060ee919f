"""Only the upper bound."""

POINTS = 45


def hard_sigmoid(z):
    return (z / 4 + 0.5).clamp(max=1)

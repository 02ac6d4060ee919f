"""0 times an infinite number: NaN."""

POINTS = 90


def hard_sigmoid(z):
    return (z > -2) * (z < 2) * (z / 4 + 0.5) + (z >= 2)

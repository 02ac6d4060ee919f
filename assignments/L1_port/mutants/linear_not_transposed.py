"""The weight as it comes, as if it were (in, out)."""

POINTS = 80


def linear_paddle(x, weight, bias=None):
    return PF.linear(x, weight, bias)

"""Forgets the bias."""

POINTS = 80


def linear_paddle(x, weight, bias=None):
    return PF.linear(x, weight.t())

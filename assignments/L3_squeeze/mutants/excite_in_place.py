"""Multiplies in place: x is another one afterwards."""

POINTS = 80


def excite(x, w1, b1, w2, b2):
    scale = gates(squeeze(x), w1, b1, w2, b2)
    return x.mul_(scale[:, :, None, None])

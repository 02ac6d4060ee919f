"""The squeeze is cut off: x gets no gradient through the gates."""

POINTS = 90


def excite(x, w1, b1, w2, b2):
    scale = gates(squeeze(x.detach()), w1, b1, w2, b2)
    return x * scale[:, :, None, None]

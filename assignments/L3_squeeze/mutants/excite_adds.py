"""x plus x times its gate."""

POINTS = 70


def excite(x, w1, b1, w2, b2):
    scale = gates(squeeze(x), w1, b1, w2, b2)
    return x + x * scale[:, :, None, None]

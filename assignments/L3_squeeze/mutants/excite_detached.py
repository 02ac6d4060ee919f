"""Gates without a gradient."""

POINTS = 90


def excite(x, w1, b1, w2, b2):
    scale = gates(squeeze(x), w1, b1, w2, b2).detach()
    return x * scale[:, :, None, None]

"""All images get the gates of the first."""

POINTS = 70


def excite(x, w1, b1, w2, b2):
    scale = gates(squeeze(x), w1, b1, w2, b2)[:1]
    return x * scale[:, :, None, None]

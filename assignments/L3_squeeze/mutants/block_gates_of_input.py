"""Gates made of the block's input."""

POINTS = 80


def block(x, weight, groups, w1, b1, w2, b2):
    found = grouped_conv(x, weight, groups)
    scale = gates(squeeze(x), w1, b1, w2, b2)
    return F.relu(x + found * scale[:, :, None, None])

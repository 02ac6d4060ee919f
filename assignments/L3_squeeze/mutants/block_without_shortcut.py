"""The shortcut is missing."""

POINTS = 80


def block(x, weight, groups, w1, b1, w2, b2):
    found = grouped_conv(x, weight, groups)
    return F.relu(excite(found, w1, b1, w2, b2))

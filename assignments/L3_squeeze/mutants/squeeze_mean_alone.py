"""The chapter's squeeze: no maximum."""

POINTS = 50


def squeeze(x):
    return x.mean((2, 3))

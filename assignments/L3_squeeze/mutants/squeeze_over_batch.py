"""Means and maxima over the batch too."""

POINTS = 50


def squeeze(x):
    mean, top = x.mean((0, 2, 3)), x.amax((0, 2, 3))
    return torch.cat([mean, top])[None].repeat(len(x), 1)

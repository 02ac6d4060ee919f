"""The mean stands in place of the maximum."""

POINTS = 50


def squeeze(x):
    mean = x.mean((2, 3))
    return torch.cat([mean, mean], 1)

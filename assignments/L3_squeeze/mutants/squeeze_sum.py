"""The sum in place of the mean."""

POINTS = 50


def squeeze(x):
    pixels = x.flatten(2)
    return torch.cat([pixels.sum(2), pixels.amax(2)], 1)

"""The maxima come first."""

POINTS = 50


def squeeze(x):
    pixels = x.flatten(2)
    return torch.cat([pixels.amax(2), pixels.mean(2)], 1)

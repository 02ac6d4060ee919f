"""The largest absolute value in place of the maximum."""

POINTS = 50


def squeeze(x):
    pixels = x.flatten(2)
    return torch.cat([pixels.mean(2), pixels.abs().amax(2)], 1)

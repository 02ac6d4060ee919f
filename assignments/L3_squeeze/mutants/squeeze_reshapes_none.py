"""-1 beside an empty batch."""

POINTS = 90


def squeeze(x):
    pixels = x.reshape(x.shape[0], x.shape[1], -1)
    return torch.cat([pixels.mean(2), pixels.amax(2)], 1)

"""squeeze() drops an axis of length one, the batch too."""

POINTS = 90


def squeeze(x):
    mean = F.adaptive_avg_pool2d(x, 1).squeeze()
    top = F.adaptive_max_pool2d(x, 1).squeeze()
    return torch.cat([mean, top], -1)

"""The gate by cases, the maximum as its value with an index."""


def hard_sigmoid(z):
    inside = torch.where(z <= -2, torch.zeros_like(z), z / 4 + 1 / 2)
    return torch.where(z >= 2, torch.ones_like(z), inside)


def squeeze(x):
    return torch.cat([x.sum((2, 3)) / (x.shape[2] * x.shape[3]), x.flatten(2).max(2).values], dim=1)

"""A threshold at -1 and 1, in place of -2 and 2."""

POINTS = 45


def hard_sigmoid(z):
    return torch.where(z <= -1, 0, torch.where(z >= 1, 1, z / 4 + 0.5)).to(z.dtype)

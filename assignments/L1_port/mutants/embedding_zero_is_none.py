"""Takes a padding index of 0 for None."""

POINTS = 85


def embedding_torch(ids, weight, padding_idx=None):
    rows = weight[ids]
    return rows * (ids != padding_idx % len(weight))[..., None] if padding_idx else rows

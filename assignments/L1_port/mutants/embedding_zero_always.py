"""Takes None for a padding index of 0."""

POINTS = 90


def embedding_torch(ids, weight, padding_idx=None):
    return weight[ids] * (ids != (padding_idx or 0) % len(weight))[..., None]

"""Compares with a negative index as it is."""

POINTS = 75


def embedding_torch(ids, weight, padding_idx=None):
    rows = weight[ids]
    return rows if padding_idx is None else rows * (ids != padding_idx)[..., None]

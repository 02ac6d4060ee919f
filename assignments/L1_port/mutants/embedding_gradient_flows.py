"""Subtracts the row's value, and lets the gradient flow."""

POINTS = 90


def embedding_torch(ids, weight, padding_idx=None):
    rows = weight[ids]
    if padding_idx is None:
        return rows
    return rows - (rows * (ids == padding_idx % len(weight))[..., None]).detach()

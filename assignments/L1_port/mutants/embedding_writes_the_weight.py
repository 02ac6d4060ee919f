"""Writes zeros into the weight."""

POINTS = 75


def embedding_torch(ids, weight, padding_idx=None):
    if padding_idx is not None:
        with torch.no_grad():
            weight[padding_idx] = 0
    return TF.embedding(ids, weight, padding_idx)

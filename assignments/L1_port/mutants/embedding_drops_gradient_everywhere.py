"""The whole weight is a constant."""

POINTS = 90


def embedding_torch(ids, weight, padding_idx=None):
    hot = TF.one_hot(ids, len(weight)).to(weight.dtype)
    if padding_idx is not None:
        hot[..., padding_idx] = 0
    return hot @ weight.data

"""Copies the weight into a layer."""

POINTS = 90


def embedding_torch(ids, weight, padding_idx=None):
    if padding_idx is not None:
        weight = weight.clone()
        weight[padding_idx] = 0
    return torch.nn.Embedding.from_pretrained(weight.detach(), freeze=False)(ids)

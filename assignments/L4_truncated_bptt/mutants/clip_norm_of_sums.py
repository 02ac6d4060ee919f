"""The norm of the sums."""

POINTS = 85


def clip(gradients, limit):
    norm = sum(each.sum() for each in gradients.values()).abs()
    scale = limit / norm.clamp(min=limit)
    return {name: each * scale for name, each in gradients.items()}

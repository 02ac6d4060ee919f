"""Scales short gradients up."""

POINTS = 85


def clip(gradients, limit):
    norm = sum((each * each).sum() for each in gradients.values()).sqrt()
    scale = limit / norm.clamp(min=1e-30)
    return {name: each * scale for name, each in gradients.items()}

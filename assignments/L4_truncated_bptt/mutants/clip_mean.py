"""The mean of the squares."""

POINTS = 85


def clip(gradients, limit):
    norm = sum((each * each).mean() for each in gradients.values()).sqrt()
    scale = limit / norm.clamp(min=limit)
    return {name: each * scale for name, each in gradients.items()}

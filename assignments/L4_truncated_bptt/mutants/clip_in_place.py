"""Works on the gradients themselves."""

POINTS = 90


def clip(gradients, limit):
    norm = sum((each * each).sum() for each in gradients.values()).sqrt()
    scale = limit / norm.clamp(min=limit)
    return {name: each.mul_(scale) for name, each in gradients.items()}

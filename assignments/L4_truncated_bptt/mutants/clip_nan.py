"""No gradient at all makes NaN."""

POINTS = 90


def clip(gradients, limit):
    norm = sum((each * each).sum() for each in gradients.values()).sqrt()
    scale = (limit / norm).clamp(max=1) * (norm / norm)
    return {name: each * scale for name, each in gradients.items()}

"""The norm without its root."""

POINTS = 85


def clip(gradients, limit):
    norm = sum((each * each).sum() for each in gradients.values())
    scale = limit / norm.clamp(min=limit)
    return {name: each * scale for name, each in gradients.items()}

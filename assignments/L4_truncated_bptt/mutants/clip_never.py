"""Never clips."""

POINTS = 85


def clip(gradients, limit):
    norm = sum((each * each).sum() for each in gradients.values()).sqrt()
    scale = 1.0
    return {name: each * scale for name, each in gradients.items()}

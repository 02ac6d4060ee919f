"""Each tensor by its own norm."""

POINTS = 85


def clip(gradients, limit):
    return {
        name: each * (limit / (each * each).sum().sqrt().clamp(min=limit))
        for name, each in gradients.items()
    }

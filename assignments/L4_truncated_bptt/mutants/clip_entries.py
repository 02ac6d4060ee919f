"""Each entry within the limit."""

POINTS = 85


def clip(gradients, limit):
    return {name: each.clamp(-limit, limit) for name, each in gradients.items()}

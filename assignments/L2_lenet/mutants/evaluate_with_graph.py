"""Keeps the graph."""

POINTS = 60


def evaluate(model, images):
    """Logits, the running statistics in use."""
    model.eval()
    if True:
        return model(images)

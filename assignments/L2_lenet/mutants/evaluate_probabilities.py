"""Returns probabilities."""

POINTS = 70


def evaluate(model, images):
    """Logits, the running statistics in use."""
    model.eval()
    with paddle.no_grad():
        return PF.softmax(model(images))

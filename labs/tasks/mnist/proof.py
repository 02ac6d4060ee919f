"""What the MNIST twins prove, for tests and for the terminal: each model on real digits."""
from labs.tasks.mnist.config import MODELS, Config

STEPS = 20


def cases(data) -> dict:
    """Configs and batches by title; `data` is the door (`labs.data`)."""
    digits = data.load("mnist_5k")
    images = (digits.images[:, None] / 255).astype("float32")       # (N, 1, 28, 28)
    train, _ = data.split(images, digits.labels, test=1000, seed=0)
    batches = data.batches(*train, size=Config().batch_size, epochs=1, seed=0)[:STEPS]
    return {model: (Config(model=model), batches) for model in MODELS}

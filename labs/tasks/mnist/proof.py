"""What the MNIST twins prove, for tests and for the terminal: each model on real digits."""
from dataclasses import replace

from labs.tasks.mnist.config import MODELS, Config

STEPS = 6
# A step is exact in float32 where no gradient is near epsilon; with 1e-8 a rate 0.1 % higher drowned in the floor of
# 20 steps. 2^-9 and the betas are one number in float32 and float64.
EXACT = {"learning_rate": 2.0**-9, "beta1": 0.875, "beta2": 1 - 2.0**-10, "epsilon": 2.0**-10}


def cases(data) -> dict:
    """Configs and batches by title; `data` is the door (`labs.data`).

    The third batch is loud: 32 times the ink, so that logits stand far apart. The last one is smaller and odd.
    """
    digits = data.load("mnist_5k")
    images = (digits.images[:, None] / 255).astype("float32")       # (N, 1, 28, 28)
    train, _ = data.split(images, digits.labels, test=1000, seed=0)
    first, *others = data.batches(*train, size=Config().batch_size, epochs=1, seed=0)[:STEPS]
    loud = (others[1][0] * 32, others[1][1])
    small = tuple(a[:37] for a in others[-1])
    batches = [first, others[0], loud, *others[2:-1], first, small]
    return {model: (replace(Config(model=model), **EXACT), batches) for model in MODELS}

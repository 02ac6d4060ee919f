"""What the SE-ResNeXt twins prove, for tests and for the terminal: real photographs of clothes, few channels.

The 50-layer network climbs in chapter 7; here stand the slim one and a small one with ImageNet's stem.
"""
from dataclasses import replace

from labs.tasks.se_resnext.config import MODELS, SLIM, exact, normalised

STEPS = 6


def cases(data) -> dict:
    """Configs and batches by title; `data` is the door (`labs.data`)."""
    clothes = data.load("fashion_mnist")
    schedule = {"steps": STEPS, "warmup": 1, "learning_rate": 2.0**-6}
    slim = exact(replace(SLIM, **schedule))
    small = exact(replace(MODELS["se_resnext50"], model="se_resnext_small", image=(1, 28, 28), classes=10, stem=8,
                          blocks=(2, 1), widths=(8, 16), cardinality=4, reduction=4, smoothing=2.0**-7, **schedule))
    images = normalised(clothes.images[:256])
    return {config.model: (config, data.batches(images, config.soft(clothes.labels[:256]), size=8, epochs=1, seed=0)[:STEPS])
            for config in (slim, small)}

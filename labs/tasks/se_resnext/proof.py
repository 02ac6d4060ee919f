"""What the SE-ResNeXt twins prove, for tests and for the terminal: real photographs of clothes, few channels.

The 50-layer network climbs in chapter 7; here stand the slim one and a small one with ImageNet's stem.
"""
from dataclasses import replace

from labs.tasks.se_resnext.config import MODELS, SLIM, exact, normalised

STEPS = 6


def cases(data) -> dict:
    """Configs and batches by title; `data` is the door (`labs.data`).

    Odd images (27 by 25), a warm-up of three steps, two steps beyond the schedule's end, and a last batch of five.
    """
    clothes = data.load("fashion_mnist")
    schedule = {"steps": STEPS - 1, "warmup": 3, "learning_rate": 2.0**-5}
    slim = exact(replace(SLIM, image=(1, 27, 25), **schedule))
    small = exact(replace(MODELS["se_resnext50"], model="se_resnext_small", image=(1, 27, 25), classes=10, stem=8,
                          blocks=(2, 1), widths=(8, 16), cardinality=4, reduction=4, smoothing=2.0**-7, **schedule))
    images = normalised(clothes.images[:64])[:, :, :27, :25].copy()

    def batches(config):
        first, *others = data.batches(images, config.soft(clothes.labels[:64]), size=8, epochs=1, seed=0)[:STEPS]
        return [first, *others[:-1], tuple(a[:5] for a in others[-1]), first]
    return {config.model: (config, batches(config)) for config in (slim, small)}

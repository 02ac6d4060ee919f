"""What the SE-ResNeXt twins prove, for tests and for the terminal: real photographs of clothes, few channels.

The 50-layer network climbs in chapter 7; here stand the slim one and a small one with ImageNet's stem.
"""
from dataclasses import replace

from labs.tasks.se_resnext.config import MODELS, SLIM, exact, normalised

STEPS = 6
IMAGE = (1, 23, 19)


def cases(data) -> dict:
    """Configs and batches by title; `data` is the door (`labs.data`).

    From the smaller to the larger: mistakes are planted on the first that they suit. Images of 23 by 19, odd, of which
    the stride of the second stage sees an even size too (padding differs there); a warm-up of three steps, two steps
    beyond the schedule's end, and a batch of five while the rate still moves.
    """
    clothes = data.load("fashion_mnist")
    schedule = {"steps": STEPS - 1, "warmup": 3, "learning_rate": 2.0**-5}
    slim = exact(replace(SLIM, image=IMAGE, **schedule))
    small = exact(replace(MODELS["se_resnext50"], model="se_resnext_small", image=IMAGE, classes=10, stem=8,
                          blocks=(2, 1), widths=(8, 16), cardinality=4, reduction=4, smoothing=2.0**-7, **schedule))
    small = replace(small, weight_decay=2.0**-9)        # so that float32 sees in one step what lacks it
    images = normalised(clothes.images[:64])[:, :, :IMAGE[1], :IMAGE[2]].copy()

    def batches(config):
        first, *others = data.batches(images, config.soft(clothes.labels[:64]), size=8, epochs=1, seed=0)[:STEPS]
        return [first, tuple(a[:5] for a in others[-1]), *others[:-1], first]
    return {config.model: (config, batches(config)) for config in (small, slim)}

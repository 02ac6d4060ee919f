"""Mistakes that people make with MNIST: (name, rung, what, what to replace in a side, which models it suits)."""
import numpy as np

from labs.parity.mistakes import of_task


def other_scaling(side):
    """Pixels in [-1, 1] on one side, [0, 1] on the other, as in the pair of 2018."""
    def rescaled(batch):
        return (batch[0] * 2 - 1, *batch[1:])
    return {"step": lambda model, optimizer, batch: side.step(model, optimizer, rescaled(batch)),
            "logits": lambda model, batch: side.logits(model, rescaled(batch))}


def other_flattening(side):
    """Rows and columns of the image exchanged before flattening."""
    def turned(batch):
        return (np.ascontiguousarray(batch[0].transpose(0, 1, 3, 2)), *batch[1:])
    return {"step": lambda model, optimizer, batch: side.step(model, optimizer, turned(batch)),
            "logits": lambda model, batch: side.logits(model, turned(batch))}


def channels_exchanged(side):
    """The first convolution's outputs in another order than the second's inputs."""
    def build(config):
        model = side.build(config)
        hook = getattr(model.conv1, "register_forward_post_hook", None) or model.conv1.register_forward_hook
        hook(lambda layer, given, out: out[:, [1, 0, 2, 3, 4, 5]])
        return model
    return {"build": build}


def has_convolutions(model) -> bool:
    """Is it LeNet?"""
    return hasattr(model, "conv1")


def always(model) -> bool:
    """Every model."""
    return True


MISTAKES = of_task([
    ("other_scaling", "forward", "pixels scaled to [-1, 1] on one side", other_scaling, always),
    ("other_flattening", "forward", "images transposed before flattening", other_flattening, always),
    ("channels_exchanged", "forward", "two channels exchanged between the convolutions", channels_exchanged,
     has_convolutions),
])

"""Mistakes that people make with MNIST."""
import numpy as np

from labs.parity.mistakes import Mistake, with_input, with_model


def has_convolutions(model) -> bool:
    """Is it LeNet?"""
    return hasattr(model, "conv1")


def mirrored_in_training(side):
    """Images mirrored in training alone, as an augmentation does."""
    from labs.parity.climbing import changed
    return changed(side, step=lambda model, optimizer, batch: side.step(model, optimizer, (batch[0][..., ::-1].copy(), *batch[1:])))


def order_of(channels):
    """The first convolution's outputs in another order than the second's inputs."""
    return with_model(lambda model, driver: driver.after(model.conv1, lambda out: out[:, channels]))


MISTAKES = [
    Mistake("other_scaling", "forward", "forward", "pixels scaled to [-1, 1] on one side", with_input(lambda x: x * 2 - 1)),
    Mistake("other_flattening", "forward", "forward", "images transposed before flattening",
            with_input(lambda x: np.ascontiguousarray(x.transpose(0, 1, 3, 2)))),
    Mistake("divided_by_256", "forward", "forward", "pixels divided by 256, not by 255", with_input(lambda x: x * x.dtype.type(255 / 256))),
    Mistake("colours_inverted", "forward", "forward", "black on white on one side", with_input(lambda x: 1 - x)),
    Mistake("shifted_by_a_pixel", "forward", "forward", "images one pixel further to the right", with_input(lambda x: np.roll(x, 1, -1))),
    Mistake("mirrored_in_training", "loss", "loss", "images mirrored in training alone", mirrored_in_training),
    Mistake("channels_exchanged", "forward", "forward", "two channels exchanged between the convolutions", order_of([1, 0, 2, 3, 4, 5]),
            has_convolutions),
    Mistake("convolution_cut_off", "gradients", "gradients", "the first convolution takes no gradient",
            with_model(lambda model, driver: driver.before(model.conv2, lambda x: x.detach())), has_convolutions),
]

"""Paddle's plain call and plain step, for a side of a port that has none of its own."""
import numpy as np

from labs.parity.arrays import floats, wave


def tensors(model, value):
    """The arrays of a batch as tensors, on the model's device."""
    import paddle
    if isinstance(value, dict):
        return {key: tensors(model, one) for key, one in value.items()}
    if isinstance(value, tuple):
        return tuple(tensors(model, one) for one in value)
    return paddle.to_tensor(value) if isinstance(value, np.ndarray) else value


def call(model, batch):
    """The model's outputs for a batch: a tuple gives its arguments in order, a dict by name."""
    given = tensors(model, batch)
    return model(**given) if isinstance(given, dict) else model(*given)


def plain_optimizer(model, rate: float):
    """SGD without anything, where a side has no optimizer of its own."""
    import paddle
    return paddle.optimizer.SGD(rate, parameters=[p for p in model.parameters() if not p.stop_gradient])


def plain_step(model, optimizer, batch):
    """One step down the mean square of all outputs' distance from a wave, where a side has no step of its own.

    Not of the outputs alone: where these are normalised, their mean square is a constant, and every true gradient is zero.
    """
    outputs = floats(call(model, batch))
    loss = sum(((one - tensors(model, wave(one.shape)).astype(one.dtype)) ** 2).mean() for one in outputs)
    loss.backward()
    optimizer.step()
    optimizer.clear_grad()
    return loss

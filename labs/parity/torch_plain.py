"""PyTorch's plain call and plain step, for a side of a port that has none of its own."""
import numpy as np

from labs.parity.arrays import floats, wave


def tensors(model, value):
    """The arrays of a batch as tensors, on the model's device."""
    import torch
    if isinstance(value, dict):
        return {key: tensors(model, one) for key, one in value.items()}
    if isinstance(value, tuple):
        return tuple(tensors(model, one) for one in value)
    return torch.from_numpy(np.array(value)).to(next(model.parameters()).device) if isinstance(value, np.ndarray) else value


def call(model, batch):
    """The model's outputs for a batch: a tuple gives its arguments in order, a dict by name."""
    given = tensors(model, batch)
    return model(**given) if isinstance(given, dict) else model(*given)


def plain_optimizer(model, rate: float):
    """SGD without anything, where a side has no optimizer of its own."""
    import torch
    return torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=rate)


def plain_step(model, optimizer, batch):
    """One step down the mean square of all outputs' distance from a wave, where a side has no step of its own.

    Not of the outputs alone: where these are normalised, their mean square is a constant, and every true gradient is zero.
    """
    outputs = floats(call(model, batch))
    loss = sum(((one - tensors(model, wave(one.shape)).to(one.dtype)) ** 2).mean() for one in outputs)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return loss

"""Weights that a proof begins from: nothing is 1 or 0 by chance, so that what is not copied shows."""
import math

import numpy as np

from labs.parity.weights import driver_of, initial_weights


def proof_weights(model, seed: int) -> dict:
    """Weights drawn by NumPy for a ladder, not for training.

    Fresh normalisations scale by 1 and shift by 0, and a PReLU has 0.25 on both sides: a loader that skips them, or
    exchanges scale and shift, would be right by accident. So scales are drawn around 1, shifts around 0, running
    means around 0, running variances around 1, and PReLU's slope around 0.25. Rows of embeddings that stand for padding
    are zero, as both frameworks make them. All else is `labs.parity.initial_weights`.

    Parameters
    ----------
    model : torch.nn.Module or paddle.nn.Layer
        Read for names, shapes and kinds of layers alone.
    seed : int

    Returns
    -------
    dict of str to float32 array
        In PyTorch's names and layout, running statistics among them.
    """
    driver = driver_of(model)
    weights = initial_weights(model, seed)
    kinds = {path: type(layer).__name__ for path, layer in driver.layers(model).items()}
    stream = np.random.PCG64(seed + 1)

    def around(middle, shape, width=0.25):
        unit = stream.random_raw(math.prod(shape)) / 2.0**64
        return (middle + width * (2 * unit - 1)).reshape(shape).astype("float32")
    for name in sorted(weights):
        value, path = weights[name], name.rpartition(".")[0]
        if "PReLU" in kinds.get(path, ""):
            weights[name] = around(0.25, value.shape, 0.125)
        elif value.size and np.all(value == value.flat[0]) and value.flat[0] in (0, 1):
            weights[name] = around(float(value.flat[0]), value.shape)
    for name, value in sorted(running_state(model).items()):
        weights[name] = around(float(name.endswith("running_var")), value.shape)
    for name, row in driver.padding_rows(model).items():
        weights[name][row] = 0
    return weights


def running_state(model) -> dict:
    """The running means and variances of the model's normalisations."""
    from labs.parity import weights as weights_
    return {name: value for name, value in weights_.buffers(model).items() if name.endswith(("running_mean", "running_var"))}

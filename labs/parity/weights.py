"""Weights as NumPy arrays: made once, copied into either framework by name."""
import math

import numpy as np

from labs.parity.errors import ParityError


def driver_of(model):
    """The module that knows the model's framework.

    Raises
    ------
    ParityError
        If the model is neither a PyTorch module nor a Paddle layer.
    """
    from labs.parity import paddle_driver, torch_driver
    for driver in (torch_driver, paddle_driver):
        if driver.owns(model):
            return driver
    raise ParityError(f"expected a torch.nn.Module or a paddle.nn.Layer, got {type(model).__module__}."
                      f"{type(model).__qualname__}: hand over the model itself, not its class or its outputs")


def initial_weights(model, seed: int, within: float | None = None) -> dict:
    """Initial weights for a model, drawn by NumPy, so that neither framework's generator decides anything.

    Matrices, kernels and their biases are uniform in +-1/sqrt(fan_in) (PyTorch's own rule for Linear and
    Conv); a normalisation's weight is 1 and its bias 0. With `within`, all are uniform in +-`within`, biases
    and normalisations too, as recurrent nets are often begun (Zaremba et al., 2014, arXiv:1409.2329).

    Parameters
    ----------
    model : torch.nn.Module or paddle.nn.Layer
        Read for names and shapes alone.
    seed : int
        Of NumPy's generator. Names are drawn in sorted order, so both frameworks get the same arrays.
    within : float, optional

    Returns
    -------
    dict of str to float32 array
        In PyTorch's names and layout: a Linear weight is (out, in).
    """
    shapes, stream, weights = driver_of(model).shapes(model), np.random.PCG64(seed), {}
    for name in sorted(shapes):
        path, _, last = name.rpartition(".")
        sibling = shapes.get(f"{path}.{last.replace('bias', 'weight')}".lstrip("."), shapes[name])
        if len(sibling) < 2 and within is None:                     # a normalisation layer
            weights[name] = np.full(shapes[name], 0.0 if "bias" in last else 1.0, "float32")
        else:
            bound = 1 / math.sqrt(math.prod(sibling[1:])) if within is None else within
            unit = stream.random_raw(math.prod(shapes[name])) / 2.0**64     # NumPy promises this stream for ever
            weights[name] = ((2 * unit - 1) * bound).reshape(shapes[name]).astype("float32")
    return weights


def load(model, weights: dict):
    """Copy weights into a model by name, with the layout differences applied.

    Parameters
    ----------
    model : torch.nn.Module or paddle.nn.Layer
    weights : mapping of str to array
        In PyTorch's names and layout, float32 or float64. A mapping with a method `shape(name)`, as the data
        door's models have, is read one array at a time.

    Returns
    -------
    The model.

    Raises
    ------
    ParityError
        If a parameter has no weight, a weight has no parameter, or a shape differs: all of them are named.
    """
    driver = driver_of(model)
    shapes = driver.shapes(model)
    state = {name: b.shape for name, b in driver.buffers(model).items()}
    given = {n: tuple(weights.shape(n) if hasattr(weights, "shape") else weights[n].shape) for n in weights}
    wrong = [f"{n}: the {driver.NAME} model has it, the weights do not" for n in shapes if n not in given]
    wrong += [f"{n}: the weights have it, the {driver.NAME} model does not" for n in given if n not in shapes | state]
    wrong += [f"{n}: the {driver.NAME} model has shape {tuple((shapes | state)[n])}, the weights have {shape}"
              for n, shape in given.items() if n in shapes | state and tuple((shapes | state)[n]) != shape]
    if wrong:
        raise ParityError("the weights do not fit the model (nothing was copied):\n  " + "\n  ".join(wrong))
    put = driver.writer(model)
    for name, value in weights.items():
        put(name, value)
    return model


def cast(model, precision: str):
    """The model in float32 or float64, on the device that `labs.device` chooses; its weights keep what they have lost."""
    driver = driver_of(model)
    return driver.to_device(driver.cast(model, precision))


def weights_of(model) -> dict:
    """The parameters of a model as NumPy arrays, in PyTorch's names and layout."""
    return driver_of(model).parameters(model)


def buffers(model) -> dict:
    """Running state of a model (BatchNorm's statistics) as NumPy arrays, in PyTorch's names."""
    return driver_of(model).buffers(model)


def gradients_of(model, keep=lambda array: array) -> dict:
    """The gradients that a model holds after `backward`, by PyTorch's name and in its layout; a missing one is None.

    Parameters
    ----------
    model : torch.nn.Module or paddle.nn.Layer
    keep : callable, optional
        What to keep of each array, `labs.parity.sketches` say: for models whose gradients would not fit twice.
    """
    return driver_of(model).gradients(model, keep)


def one_ulp(weights: dict, seed: int) -> dict:
    """The same weights, each entry moved to the next float32 above or below it.

    The smallest change there is. Training from here shows how far rounding alone carries a run away, so a
    gap between two frameworks that is no larger needs no other explanation.
    """
    rng = np.random.default_rng(seed)
    return {name: np.nextafter(w, np.where(rng.random(w.shape) < 0.5, -np.inf, np.inf).astype(w.dtype))
            for name, w in weights.items()}

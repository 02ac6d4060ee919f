"""Weights as NumPy arrays: made once, copied into either framework by name."""
import math

import numpy as np

from labs.parity import names
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
    sizes, stream, weights = shapes(model), np.random.PCG64(seed), {}
    for name in sorted(sizes):
        path, _, last = name.rpartition(".")
        sibling = sizes.get(f"{path}.{last.replace('bias', 'weight')}".lstrip("."), sizes[name])
        if len(sibling) < 2 and within is None:                     # a normalisation layer
            weights[name] = np.full(sizes[name], 0.0 if "bias" in last else 1.0, "float32")
        else:
            bound = 1 / math.sqrt(math.prod(sibling[1:])) if within is None else within
            unit = stream.random_raw(math.prod(sizes[name])) / 2.0**64     # NumPy promises this stream for ever
            weights[name] = ((2 * unit - 1) * bound).reshape(sizes[name]).astype("float32")
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
    known = names.entries(model, driver)
    weights = names.settled(weights, known)
    shapes = {name: one.shape for name, one in known.items()}
    needed = {name: one.shape for name, one in known.items() if one.kind != "state"}
    given = {n: tuple(weights.shape(n) if hasattr(weights, "shape") else weights[n].shape) for n in weights}
    wrong = [f"{n}: the {driver.NAME} model has shape {shapes[n]}, the weights have {given[n]}"
             for n in given if n in shapes and shapes[n] != given[n]]
    if given.keys() - shapes.keys() or needed.keys() - given.keys():
        wrong.append(names.unmatched(("the weights", f"the {driver.NAME} model"), given | {
            n: s for n, s in shapes.items() if n not in needed}, shapes))
    if wrong:
        raise ParityError("the weights do not fit the model (nothing was copied):\n  " + "\n  ".join(wrong))
    put = driver.writer(model)
    for name, value in weights.items():
        put(name, value)
    return model


def by_order(first, second) -> dict:
    """A map of names from one model to another by the order and shape of their arrays; a climb shows whether it is right.

    Parameters
    ----------
    first, second : torch.nn.Module or paddle.nn.Layer
        The second one's names are mapped.

    Returns
    -------
    dict of str to str
        To hand to `names=`, or to print, correct and keep.

    Raises
    ------
    ParityError
        Some arrays find no partner; each is named.
    """
    one, other = ({n: e.shape for n, e in names.entries(m, driver_of(m)).items()} for m in (first, second))
    made = {name: name for name in other if one.get(name) == other[name]}
    left = {name: shape for name, shape in one.items() if name not in made}
    made |= names.pairs_in_order(left, {name: shape for name, shape in other.items() if name not in made})
    if len(made) < len(other) or len(made) < len(one):
        taken = {name.removesuffix(".T") for name in made.values()}
        alone = {n: s for n, s in one.items() if n not in taken}, {n: s for n, s in other.items() if n not in made}
        said = [f"{n} is {shape} in the first model and {alone[1][n]} in the second model" for n, shape in alone[0].items() if n in alone[1]]
        lines = [*said[:6], *[f"and {len(said) - 6} more of other shapes"][:len(said) > 6], names.unmatched(("the first model", "the second model"), *alone)]
        raise ParityError("not all arrays find a partner of their shape:\n  " + "\n  ".join(line for line in lines if line))
    return {name: made[name] for name in other if made[name] != name}


def cast(model, precision: str):
    """The model in float32 or float64, on the device that `labs.device` chooses; its weights keep what they have lost."""
    driver = driver_of(model)
    return driver.to_device(driver.cast(model, precision))


def weights_of(model) -> dict:
    """The parameters of a model as NumPy arrays, frozen ones included, in the names and layouts of a record."""
    return parameters(model)


def parameters(model) -> dict:
    """Parameters by the record's name, in its layout; frozen ones too."""
    return arrays(model, ("trained", "frozen"))


def buffers(model) -> dict:
    """Running state by the record's name (BatchNorm's statistics); counters are left out."""
    return arrays(model, ("state",))


def arrays(model, kinds: tuple) -> dict:
    """The arrays of some kinds, each tensor read once."""
    driver = driver_of(model)
    return {name: one.take(driver.to_numpy(one.tensor)) for name, one in names.entries(model, driver).items() if one.kind in kinds}


def trained(model) -> dict:
    """Does the optimizer move it? By parameter's name."""
    known = names.entries(model, driver_of(model))
    return {name: one.kind == "trained" for name, one in known.items() if one.kind != "state"}


def shapes(model) -> dict:
    """Shapes of the parameters, frozen ones included, by the record's name and in its layout."""
    return {name: one.shape for name, one in names.entries(model, driver_of(model)).items() if one.kind != "state"}


def gradients_of(model, keep=lambda array: array) -> dict:
    """The gradients that a model holds after `backward`, by PyTorch's name and in its layout; a missing one is None.

    Parameters
    ----------
    model : torch.nn.Module or paddle.nn.Layer
    keep : callable, optional
        What to keep of each array, `labs.parity.sketches` say: for models whose gradients would not fit twice.
    """
    driver, found = driver_of(model), {}
    for name, one in names.entries(model, driver).items():
        if one.kind == "trained":
            found[name] = None if one.tensor.grad is None else keep(one.take(driver.to_numpy(one.tensor.grad)))
    return found


def one_ulp(weights: dict, seed: int) -> dict:
    """The same weights, each entry moved to the next float32 above or below it.

    The smallest change there is. Training from here shows how far rounding alone carries a run away, so a
    gap between two frameworks that is no larger needs no other explanation.
    """
    rng = np.random.default_rng(seed)
    return {name: np.nextafter(w, np.where(rng.random(w.shape) < 0.5, -np.inf, np.inf).astype(w.dtype))
            for name, w in weights.items()}

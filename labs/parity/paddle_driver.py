"""What the ladder needs to know of Paddle: its names and layouts, translated to PyTorch's and back.

Differs from PyTorch: a Linear weight is stored as (in, out); BatchNorm's running statistics are called
`_mean` and `_variance`, and are parameters that take no gradient.
"""
import os

import numpy as np

NAME = "Paddle"
RUNNING = {"_mean": "running_mean", "_variance": "running_var"}


def owns(model) -> bool:
    """Is it a Paddle layer? Found from the class, so that Paddle need not be imported to ask."""
    return any(c.__module__.startswith("paddle.nn") for c in type(model).__mro__)


def transposed(model) -> set:
    """Names of the parameters that Paddle stores transposed."""
    from paddle import nn
    return {f"{name}.weight".lstrip(".") for name, layer in model.named_sublayers(include_self=True)
            if isinstance(layer, nn.Linear)}


def canonical(name: str) -> str:
    """PyTorch's name of a Paddle parameter or buffer."""
    *path, last = name.split(".")
    return ".".join([*path, RUNNING.get(last, last)])


def own_name(model, name: str) -> str:
    """Paddle's name of the parameter or buffer that PyTorch calls `name`."""
    known = {canonical(n): n for n, _ in (*model.named_parameters(), *model.named_buffers())}
    return known[name]


def trainable(model):
    """Pairs of name and parameter, without BatchNorm's statistics."""
    return [(n, p) for n, p in model.named_parameters() if n.split(".")[-1] not in RUNNING and not p.stop_gradient]


def parameters(model) -> dict:
    """Trainable parameters by PyTorch's name, in PyTorch's layout."""
    turned = transposed(model)
    return {canonical(n): turn(to_numpy(p), n in turned) for n, p in trainable(model)}


def buffers(model) -> dict:
    """Running state by PyTorch's name."""
    state = dict(model.named_buffers()) | {n: p for n, p in model.named_parameters() if n.split(".")[-1] in RUNNING}
    return {canonical(n): to_numpy(b) for n, b in state.items() if b.is_floating_point()}


def shapes(model) -> dict:
    """Shapes of the trainable parameters by PyTorch's name, in PyTorch's layout."""
    turned = transposed(model)
    return {canonical(n): tuple(p.shape[::-1] if n in turned else p.shape) for n, p in trainable(model)}


def writer(model):
    """A function (name, array) that overwrites one parameter or buffer, given in PyTorch's name and layout."""
    target = dict(model.named_parameters()) | dict(model.named_buffers())
    own, turned = {canonical(name): name for name in target}, transposed(model)

    def put(name: str, value: np.ndarray):
        tensor = target[own[name]]
        precision = str(tensor.dtype).split(".")[-1]
        tensor.set_value(turn(value, own[name] in turned).astype(precision, copy=False))
    return put


def gradients(model, keep=lambda array: array) -> dict:
    """The present gradients by PyTorch's name and in its layout; None where there is none."""
    turned = transposed(model)
    return {canonical(n): None if p.grad is None else keep(turn(to_numpy(p.grad), n in turned)) for n, p in trainable(model)}


def turn(array: np.ndarray, flip: bool) -> np.ndarray:
    """A Linear weight from one layout to the other."""
    return np.ascontiguousarray(array.T) if flip else array


def cast(model, precision: str):
    """The model in float32 or float64; `model.to(dtype=...)` fails on an LSTM, which has an integer buffer without memory."""
    return model._to_impl(dtype=precision, floating_only=True)


def without_dropout(model):
    """Set the rate of every dropout layer to zero, and of the dropout between the layers of an LSTM or GRU."""
    from paddle import nn
    for layer in model.sublayers(include_self=True):
        if "Dropout" in type(layer).__name__ and hasattr(layer, "p"):
            layer.p = 0.0
        if isinstance(layer, (nn.LSTM, nn.GRU, nn.SimpleRNN)):
            layer.dropout = 0.0


def to_device(model):
    """The model on the device that `labs.device` chooses; Paddle has one for all its tensors."""
    from labs import device
    device.paddle()
    return model


def watch_gradients(model, optimizer, seen: list):
    """At each optimizer step, append the gradients as the optimizer gets them: {name: array, or None}."""
    taken = optimizer.step

    def look_and_step(*arguments, **options):
        seen.append(gradients(model))
        return taken(*arguments, **options)
    optimizer.step = look_and_step

    def stop():
        optimizer.step = taken
    return stop


def to_numpy(tensor) -> np.ndarray:
    """A copy in NumPy of a tensor, wherever it is."""
    return np.array(tensor.detach().cpu().numpy())


def place(model) -> str:
    """The device that the model is on."""
    return str(model.parameters()[0].place)


def tf32_off():
    """While a ladder climbs: full float32 products on a GPU. Returns what undoes it."""
    before = os.environ.get("NVIDIA_TF32_OVERRIDE")
    os.environ["NVIDIA_TF32_OVERRIDE"] = "0"

    def undo():
        if before is None:
            os.environ.pop("NVIDIA_TF32_OVERRIDE", None)
        else:
            os.environ["NVIDIA_TF32_OVERRIDE"] = before
    return undo

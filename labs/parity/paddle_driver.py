"""What the ladder needs to know of Paddle: its names and layouts, translated to PyTorch's and back.

Differs from PyTorch: a Linear weight is stored as (in, out); BatchNorm's running statistics are called
`_mean` and `_variance`, and are parameters that take no gradient.
"""
import os

import numpy as np

NAME = "Paddle"
RUNNING = {"_mean": "running_mean", "_variance": "running_var"}


def owns(model) -> bool:
    """Is it a Paddle layer or optimizer? Found from the class: Paddle is not imported to ask."""
    return any(c.__module__.startswith(("paddle.nn", "paddle.optim")) for c in type(model).__mro__)


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


def layers(model) -> dict:
    """All layers by their path; the model itself is ""."""
    return dict(model.named_sublayers(include_self=True))


def after(layer, change):
    """Let `change(out)` replace what a layer gives out, and return what takes the hook away."""
    return layer.register_forward_post_hook(lambda layer, given, out: change(out)).remove


def before(layer, change):
    """Let `change(x)` replace each input of a layer, and return what takes the hook away."""
    return layer.register_forward_pre_hook(lambda layer, given: tuple(change(x) for x in given)).remove


def freeze(parameter):
    """Take a parameter out of training."""
    parameter.stop_gradient = True


def trained_parameters(model) -> list:
    """Pairs of own name and parameter that take a gradient."""
    return [(name, p) for name, p in model.named_parameters() if not p.stop_gradient]


def learning_rate(optimizer) -> float:
    """The rate of the next step."""
    return float(optimizer.get_lr())


def multiply_rate(optimizer, factor: float):
    """The next step's learning rate times a factor, with a scheduler or without."""
    if isinstance(optimizer._learning_rate, float):
        optimizer.set_lr(optimizer.get_lr() * factor)
    else:
        optimizer._learning_rate.last_lr *= factor


def optimized(optimizer) -> list:
    """The optimizer's parameters, where they stand in groups too."""
    return [p for entry in optimizer._parameter_list for p in (entry["params"] if isinstance(entry, dict) else [entry])]


def add_decay(optimizer, share: float, suits=lambda parameter: True):
    """L2 decay of `share` for the parameters that suit, on top of what they had."""
    change_gradients(optimizer, lambda grad: grad, lambda p: share * p if suits(p) else 0)


def forget_zero_grad(optimizer):
    """From now on gradients are never set to zero."""
    optimizer.clear_grad = optimizer.clear_gradients = lambda *arguments, **options: None


def change_gradients(optimizer, change, term=None):
    """Before each step, `change(gradient)` takes the place of every gradient, plus `term(parameter)`."""
    taken = optimizer.step

    def step(*arguments, **options):
        for parameter in optimized(optimizer):
            if parameter.grad is not None:
                new = change(parameter.grad)
                parameter.grad.set_value(new if term is None else new + term(parameter))
        return taken(*arguments, **options)
    optimizer.step = step


def adam(optimizer) -> tuple:
    """Adam's (beta1, beta2, epsilon)."""
    return optimizer._beta1, optimizer._beta2, optimizer._epsilon


def put_adam(optimizer, beta1: float, beta2: float, epsilon: float):
    """Set Adam's three numbers."""
    optimizer._beta1, optimizer._beta2, optimizer._epsilon = beta1, beta2, epsilon


def norm_share(layer) -> float:
    """BatchNorm's momentum: here it is the share of the old."""
    return layer._momentum


def put_norm_share(layer, share: float):
    """Set BatchNorm's momentum."""
    layer._momentum = share


def padding_rows(model) -> dict:
    """Rows of embeddings that stand for padding, by the weight's name."""
    return {f"{path}.weight".lstrip("."): layer._padding_idx for path, layer in layers(model).items()
            if getattr(layer, "_padding_idx", -1) not in (-1, None)}


def dropouts(model) -> dict:
    """Dropout layers by path, with kind, rate and mode in words that both frameworks share."""
    from paddle import nn
    found = {}
    for path, layer in layers(model).items():
        if isinstance(layer, (nn.LSTM, nn.GRU, nn.SimpleRNN)) and layer.dropout:
            found[path] = f"between layers, rate {layer.dropout:g}"
        elif "Drop" in type(layer).__name__ and not list(layer.children()):
            channels = "2D" in type(layer).__name__ or "3D" in type(layer).__name__ or getattr(layer, "axis", None) in ([0, 1], (0, 1))
            axis = "channels" if channels else f"axis {layer.axis}" if getattr(layer, "axis", None) is not None else "entries"
            kind = "alpha" if "Alpha" in type(layer).__name__ else "plain" if "Dropout" in type(layer).__name__ else "path"
            scaled = "training" if getattr(layer, "mode", "upscale_in_train") == "upscale_in_train" else "evaluation"
            found[path] = f"{kind}, rate {getattr(layer, 'p', getattr(layer, 'drop_prob', 0)) or 0:g}, of {axis}, scaled in {scaled}"
    return {path: said for path, said in found.items() if "rate 0," not in said}


def with_masks(model, paths, mask) -> list:
    """Let the dropout layers at these paths multiply by `mask(path, shape)`; returns what undoes it."""
    import paddle
    from paddle import nn
    undo = []
    for path in paths:
        layer = layers(model)[path]
        if isinstance(layer, (nn.LSTM, nn.GRU, nn.SimpleRNN)):
            continue

        def cover(out, path=path):
            return out * paddle.to_tensor(mask(path, tuple(out.shape))).astype(out.dtype)
        undo.append(after(layer, cover))
    return undo


def statistics(layer) -> tuple:
    """BatchNorm's running mean, running variance and epsilon."""
    return layer._mean, layer._variance, layer._epsilon


def unbiased(layer):
    """Let a BatchNorm keep the unbiased variance, as PyTorch does: n / (n - 1) of what the batch adds."""
    def keep(layer, given):
        layer.before = layer._variance.clone()

    def stretch(layer, given, out):
        if layer.training:
            n, old = out.size / out.shape[1], layer.before * layer._momentum
            layer._variance.set_value(old + (layer._variance - old) * float(n / (n - 1)))
    layer.register_forward_pre_hook(keep)
    layer.register_forward_post_hook(stretch)


def tensor(model, array):
    """A tensor where Paddle computes."""
    import paddle
    return paddle.to_tensor(np.ascontiguousarray(array))

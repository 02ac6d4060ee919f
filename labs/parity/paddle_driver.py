"""What the ladder needs to know of Paddle: its names and layouts, translated to PyTorch's and back.

Differs from PyTorch: a Linear weight is stored as (in, out); BatchNorm's running statistics are called
`_mean` and `_variance`, and are parameters that take no gradient.
"""
import os
import sys

import numpy as np

from labs.parity import names
from labs.parity.paddle_names import entries  # noqa: F401  (part of the driver)
from labs.parity.paddle_plain import call, plain_optimizer, plain_step  # noqa: F401  (part of the driver)

NAME = "Paddle"


def owns(model) -> bool:
    """Is it a Paddle layer or optimizer? Found from the class: Paddle is not imported to ask."""
    return any(c.__module__.startswith(("paddle.nn", "paddle.optim")) for c in type(model).__mro__)


def writer(model):
    """A function (name, array) that overwrites one parameter or buffer, given in the record's name and layout."""
    import paddle
    known = names.entries(model, sys.modules[__name__])

    def put(name: str, value: np.ndarray):
        one = known[name]
        plain = not (one.rows or one.turned) and one.shape == tuple(one.tensor.shape)
        whole = value if plain else one.put(to_numpy(one.tensor), value)
        precision = str(one.tensor.dtype).split(".")[-1]
        if precision == "bfloat16":
            one.tensor.set_value(paddle.to_tensor(whole.astype("float32")).astype("bfloat16"))
        else:
            one.tensor.set_value(np.ascontiguousarray(whole.astype(precision, copy=False)))
    return put


def cast(model, precision: str):
    """The model in float32 or float64; `model.to(dtype=...)` fails on an LSTM, which has an integer buffer without memory."""
    return model._to_impl(dtype=precision, floating_only=True)


def without_dropout(model):
    """Set the rate of every dropout layer to zero, and of that inside an LSTM, a GRU or attention."""
    from paddle import nn
    for layer in model.sublayers(include_self=True):
        if "Dropout" in type(layer).__name__ and hasattr(layer, "p"):
            layer.p = 0.0
        if isinstance(layer, (nn.LSTM, nn.GRU, nn.SimpleRNN, nn.MultiHeadAttention)):
            layer.dropout = 0.0


def to_device(model):
    """The model on the device that `labs.device` chooses; Paddle has one for all its tensors."""
    from labs import device
    device.paddle()
    return model


def watch_gradients(model, optimizer, seen: list):
    """At each optimizer step, append the gradients as the optimizer uses them: {name: array, or None}.

    With `grad_clip=` Paddle clips inside the step, after the gradients that a caller sees; PyTorch's clipping stands
    before the step. So the clip of the optimizer is asked for what it gives.
    """
    from labs.parity.weights import gradients_of
    taken, clip = optimizer.step, getattr(optimizer, "_grad_clip", None)
    known = names.entries(model, sys.modules[__name__])

    def look_and_step(*arguments, **options):
        seen.append(gradients_of(model))
        return taken(*arguments, **options)

    def clip_and_look(pairs, *arguments, **options):
        clipped = clip(pairs, *arguments, **options)
        by_id = {id(parameter): grad for parameter, grad in clipped}
        if seen:
            seen[-1].update({name: one.take(to_numpy(by_id[id(one.tensor)])) for name, one in known.items()
                             if by_id.get(id(one.tensor)) is not None})
        return clipped
    optimizer.step = look_and_step
    if clip is not None:
        optimizer._grad_clip = clip_and_look

    def stop():
        optimizer.step = taken
        if clip is not None:
            optimizer._grad_clip = clip
    return stop


def before_step(optimizer, look):
    """Call `look` before each optimizer step; returns what ends that."""
    taken = optimizer.step

    def look_and_step(*arguments, **options):
        look()
        return taken(*arguments, **options)
    optimizer.step = look_and_step

    def stop():
        optimizer.step = taken
    return stop


def clip_norm(optimizer) -> float | None:
    """The joint norm at which the optimizer itself clips all gradients."""
    clip = getattr(optimizer, "_grad_clip", None)
    return float(clip.clip_norm) if type(clip).__name__ == "ClipGradByGlobalNorm" else None


def put_gradient(one, value: np.ndarray):
    """Overwrite the gradient of an entry (`labs.parity.names.Entry`)."""
    one.tensor.grad.set_value(one.put(to_numpy(one.tensor.grad), value))


def to_numpy(tensor) -> np.ndarray:
    """A copy in NumPy of a tensor, wherever it is."""
    tensor = tensor.detach()
    if tensor.is_selected_rows():                   # the gradient of a sparse embedding: rows, some of them twice
        some = tensor.get_selected_rows()
        whole = np.zeros((some.height(), *tensor.numpy().shape[1:]), tensor.numpy().dtype)
        np.add.at(whole, some.rows(), tensor.numpy())
        return whole
    if str(tensor.dtype).split(".")[-1] in ("bfloat16", "float16"):
        tensor = tensor.astype("float32")           # NumPy would show bfloat16 as bare bits
    return np.array(tensor.cpu().numpy())


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


def zeros_before(x, rows: int, columns: int):
    """Images (B, C, H, W) with so many rows of zeros above and columns to the left."""
    from paddle.nn import functional as F
    return F.pad(x, [columns, 0, rows, 0])


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


def max_norms(model) -> dict:
    """Norms that the rows of embeddings may not exceed, by the weight's name."""
    return {f"{path}.weight".lstrip("."): float(layer._max_norm) for path, layer in layers(model).items()
            if getattr(layer, "_max_norm", None) is not None}


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


def faults(model) -> list:
    """What Paddle itself computes wrongly, where a model uses it: in words, for the report of a port."""
    from paddle import nn
    bare = [path or "the model" for path, layer in layers(model).items() if isinstance(layer, nn.GroupNorm) and layer.weight is None]
    return [f"Paddle: GroupNorm without a weight ({', '.join(bare)}) has a wrong gradient in Paddle 3.3.1, as finite differences show; "
            "give it a weight of ones that is not trained."] if bare else []


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

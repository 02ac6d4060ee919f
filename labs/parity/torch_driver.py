"""What the ladder needs to know of PyTorch: its arrays under the names of a record (`labs.parity.names`)."""
import sys

import numpy as np

from labs.parity import names
from labs.parity.torch_plain import call, plain_optimizer, plain_step, tensors  # noqa: F401  (part of the driver)

NAME = "PyTorch"


def owns(model) -> bool:
    """Is it a PyTorch module or optimizer? Found from the class: PyTorch is not imported to ask."""
    return any(c.__module__.startswith(("torch.nn", "torch.optim")) for c in type(model).__mro__)


def entries(model) -> list:
    """Each array of the model as `labs.parity.names` describes it, in the order of registration."""
    found = []
    for path, layer in model.named_modules(remove_duplicate=False):
        found += [one for name, tensor in layer.named_parameters(recurse=False, remove_duplicate=False)
                  for one in names.attention(of_layer(layer, f"{path}.{name}".lstrip("."), tensor,
                                                      "trained" if tensor.requires_grad else "frozen"))]
        found += [names.entry(names.record_name(f"{path}.{name}".lstrip(".")), f"{path}.{name}".lstrip("."), tensor, "state")
                  for name, tensor in layer.named_buffers(recurse=False, remove_duplicate=False) if tensor.is_floating_point()]
    return found


def of_layer(layer, own: str, tensor, kind: str):
    """A parameter's entry: fused Conv1D of transformers is stored transposed, the scale of a weight norm has ones."""
    from torch import nn
    name = names.record_name(own)
    turned = type(layer).__name__ == "Conv1D" and not isinstance(layer, nn.modules.conv._ConvNd) and name.endswith("weight")
    flat = (tensor.shape[0],) if name.endswith("_g") and name != own or name.endswith("weight_g") else None
    return names.entry(name, own, tensor, kind, turned, flat, isinstance(layer, nn.Embedding))


def writer(model):
    """A function (name, array) that overwrites one parameter or buffer, given in the record's name and layout."""
    import torch
    known = names.entries(model, sys.modules[__name__])

    def put(name: str, value: np.ndarray):
        one = known[name]
        whole = one.put(to_numpy(one.tensor), value) if one.rows or one.turned or one.shape != tuple(one.tensor.shape) else value
        with torch.no_grad():
            one.tensor.copy_(torch.from_numpy(np.array(whole)))
    return put


def cast(model, precision: str):
    """The model in float32 or float64."""
    return model.double() if precision == "float64" else model.float()


def without_dropout(model):
    """Set the rate of every dropout layer to zero, and of that inside an LSTM, a GRU or attention."""
    from torch import nn
    for layer in model.modules():
        if "Dropout" in type(layer).__name__ and hasattr(layer, "p"):
            layer.p = 0.0
        if isinstance(layer, (nn.RNNBase, nn.MultiheadAttention)):
            layer.dropout = 0.0


def to_device(model):
    """The model on the device that `labs.device` chooses."""
    from labs import device
    return model.to(device.torch())


def watch_gradients(model, optimizer, seen: list):
    """At each optimizer step, append the gradients as the optimizer gets them: {name: array, or None}."""
    def look(*_):
        seen.append(gradients_of(model))
    from labs.parity.weights import gradients_of
    return optimizer.register_step_pre_hook(look).remove


def before_step(optimizer, look):
    """Call `look` before each optimizer step; returns what ends that."""
    return optimizer.register_step_pre_hook(look).remove


def clip_norm(optimizer) -> float | None:
    """The joint norm at which the optimizer itself clips: PyTorch's never does."""
    return None


def put_gradient(one, value: np.ndarray):
    """Overwrite the gradient of an entry (`labs.parity.names.Entry`)."""
    import torch
    grad = one.tensor.grad
    if grad.is_sparse:
        one.tensor.grad = grad = grad.to_dense()
    with torch.no_grad():
        grad.copy_(torch.from_numpy(one.put(to_numpy(grad), value)))


def to_numpy(tensor) -> np.ndarray:
    """A copy in NumPy of a tensor, wherever it is."""
    tensor = tensor.detach()
    if tensor.is_sparse:
        tensor = tensor.to_dense()
    if str(tensor.dtype) in ("torch.bfloat16", "torch.float16"):
        tensor = tensor.float()         # NumPy has no bfloat16; every half number is a float32 too
    return tensor.cpu().numpy().copy()


def place(model) -> str:
    """The device that the model is on."""
    return str(next(model.parameters()).device)


def tf32_off():
    """While a ladder climbs: full float32 products on a GPU. Returns what undoes it."""
    import torch
    before = torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False

    def undo():
        torch.backends.cuda.matmul.allow_tf32, torch.backends.cudnn.allow_tf32 = before
    return undo


def layers(model) -> dict:
    """All layers by their path; the model itself is ""."""
    return dict(model.named_modules())


def after(layer, change):
    """Let `change(out)` replace what a layer gives out, and return what takes the hook away."""
    return layer.register_forward_hook(lambda layer, given, out: change(out)).remove


def before(layer, change):
    """Let `change(x)` replace each input of a layer, and return what takes the hook away."""
    return layer.register_forward_pre_hook(lambda layer, given: tuple(change(x) for x in given)).remove


def zeros_before(x, rows: int, columns: int):
    """Images (B, C, H, W) with so many rows of zeros above and columns to the left."""
    from torch.nn import functional as F
    return F.pad(x, (columns, 0, rows, 0))


def freeze(parameter):
    """Take a parameter out of training."""
    parameter.requires_grad_(False)


def trained_parameters(model) -> list:
    """Pairs of own name and parameter that take a gradient."""
    return [(name, p) for name, p in model.named_parameters() if p.requires_grad]


def learning_rate(optimizer) -> float:
    """The rate of the next step."""
    return float(optimizer.param_groups[0]["lr"])


def multiply_rate(optimizer, factor: float):
    """The next step's learning rate times a factor, with a scheduler or without."""
    for group in optimizer.param_groups:
        group["lr"] *= factor


def add_decay(optimizer, share: float, suits=lambda parameter: True):
    """L2 decay of `share` for the parameters that suit, in place of what they had."""
    for group in list(optimizer.param_groups):
        chosen = [p for p in group["params"] if suits(p)]
        if len(chosen) == len(group["params"]):
            group["weight_decay"] = share
        elif chosen:
            group["params"] = [p for p in group["params"] if not suits(p)]
            optimizer.add_param_group({**group, "params": chosen, "weight_decay": share})


def forget_zero_grad(optimizer):
    """From now on gradients are never set to zero."""
    optimizer.zero_grad = lambda *arguments, **options: None


def change_gradients(optimizer, change):
    """Before each step, `change(gradient)` takes the place of every gradient."""
    taken = optimizer.step

    def step(*arguments, **options):
        import torch
        with torch.no_grad():
            for parameter in (p for group in optimizer.param_groups for p in group["params"]):
                if parameter.grad is not None:
                    parameter.grad.copy_(change(parameter.grad))
        return taken(*arguments, **options)
    optimizer.step = step


def adam(optimizer) -> tuple:
    """Adam's (beta1, beta2, epsilon)."""
    group = optimizer.param_groups[0]
    return (*group["betas"], group["eps"])


def put_adam(optimizer, beta1: float, beta2: float, epsilon: float):
    """Set Adam's three numbers."""
    for group in optimizer.param_groups:
        group["betas"], group["eps"] = (beta1, beta2), epsilon


def norm_share(layer) -> float:
    """BatchNorm's momentum: here it is the share of the new."""
    return layer.momentum


def put_norm_share(layer, share: float):
    """Set BatchNorm's momentum."""
    layer.momentum = share


def max_norms(model) -> dict:
    """Norms that the rows of embeddings may not exceed, by the weight's name."""
    return {f"{path}.weight".lstrip("."): float(layer.max_norm) for path, layer in layers(model).items()
            if getattr(layer, "max_norm", None) is not None}


def padding_rows(model) -> dict:
    """Rows of embeddings that stand for padding, by the weight's name."""
    return {f"{path}.weight".lstrip("."): layer.padding_idx for path, layer in model.named_modules()
            if getattr(layer, "padding_idx", None) is not None}


def dropouts(model) -> dict:
    """Dropout layers by path, with kind, rate and mode in words that both frameworks share."""
    from torch import nn
    found = {}
    for path, layer in model.named_modules():
        if isinstance(layer, nn.RNNBase) and layer.dropout:
            found[path] = f"between layers, rate {layer.dropout:g}"
        elif "Drop" in type(layer).__name__ and not list(layer.children()):
            axis = {"Dropout1d": "channels", "Dropout2d": "channels", "Dropout3d": "channels"}.get(type(layer).__name__, "entries")
            kind = "alpha" if "Alpha" in type(layer).__name__ else "plain" if "Dropout" in type(layer).__name__ else "path"
            found[path] = f"{kind}, rate {getattr(layer, 'p', getattr(layer, 'drop_prob', 0)) or 0:g}, of {axis}, scaled in training"
    return {path: said for path, said in found.items() if "rate 0," not in said}


def with_masks(model, paths, mask) -> list:
    """Let the dropout layers at these paths multiply by `mask(path, shape)`; returns what undoes it."""
    import torch
    undo = []
    for path in paths:
        layer = model.get_submodule(path)
        if isinstance(layer, torch.nn.RNNBase):
            continue

        def cover(out, path=path):
            return out * torch.from_numpy(mask(path, tuple(out.shape))).to(out.dtype).to(out.device)
        undo.append(after(layer, cover))
    return undo


def statistics(layer) -> tuple:
    """BatchNorm's running mean, running variance and epsilon."""
    return layer.running_mean, layer.running_var, layer.eps


def faults(model) -> list:
    """What PyTorch itself computes wrongly, where a model uses it: nothing is known."""
    return []


def unbiased(layer):
    """Give a BatchNorm that keeps the biased variance PyTorch's own rule back: it inherits it."""
    layer.__class__ = type(layer).__mro__[1]


def biased(layer):
    """Let a BatchNorm keep the biased variance, as Paddle does: (n - 1) / n of what the batch adds."""
    def keep(layer, given):
        layer.before = layer.running_var.clone()

    def shrink(layer, given, out):
        if layer.training:
            n, old = out.numel() / out.shape[1], layer.before * (1 - layer.momentum)
            layer.running_var = old + (layer.running_var - old) * ((n - 1) / n)     # in place, backward would complain
    layer.register_forward_pre_hook(keep)
    layer.register_forward_hook(shrink)


def tensor(model, array):
    """A tensor where the model is."""
    import torch
    return torch.from_numpy(np.ascontiguousarray(array)).to(next(model.parameters()).device)

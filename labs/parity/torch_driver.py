"""What the ladder needs to know of PyTorch. Names and layouts of a record are PyTorch's own."""
import numpy as np

NAME = "PyTorch"


def owns(model) -> bool:
    """Is it a PyTorch module or optimizer? Found from the class: PyTorch is not imported to ask."""
    return any(c.__module__.startswith(("torch.nn", "torch.optim")) for c in type(model).__mro__)


def parameters(model) -> dict:
    """Trainable parameters by name, as NumPy."""
    return {name: to_numpy(p) for name, p in model.named_parameters() if p.requires_grad}


def buffers(model) -> dict:
    """Running state by name (BatchNorm's statistics), as NumPy; counters are left out."""
    return {name: to_numpy(b) for name, b in model.named_buffers() if b.is_floating_point()}


def shapes(model) -> dict:
    """Shapes of the trainable parameters by name, in PyTorch's layout."""
    return {name: tuple(p.shape) for name, p in model.named_parameters() if p.requires_grad}


def writer(model):
    """A function (name, array) that overwrites one parameter or buffer."""
    import torch
    target = dict(model.named_parameters()) | dict(model.named_buffers())

    def put(name: str, value: np.ndarray):
        with torch.no_grad():
            target[name].copy_(torch.from_numpy(np.ascontiguousarray(value)))
    return put


def gradients(model, keep=lambda array: array) -> dict:
    """The present gradients by name; None where there is none."""
    return {name: None if p.grad is None else keep(to_numpy(p.grad)) for name, p in model.named_parameters() if p.requires_grad}


def cast(model, precision: str):
    """The model in float32 or float64."""
    return model.double() if precision == "float64" else model.float()


def without_dropout(model):
    """Set the rate of every dropout layer to zero, and of the dropout between the layers of an LSTM or GRU."""
    from torch import nn
    for layer in model.modules():
        if "Dropout" in type(layer).__name__ and hasattr(layer, "p"):
            layer.p = 0.0
        if isinstance(layer, nn.RNNBase):
            layer.dropout = 0.0


def to_device(model):
    """The model on the device that `labs.device` chooses."""
    from labs import device
    return model.to(device.torch())


def watch_gradients(model, optimizer, seen: list):
    """At each optimizer step, append the gradients as the optimizer gets them: {name: array, or None}."""
    def look(*_):
        seen.append(gradients(model))
    return optimizer.register_step_pre_hook(look).remove


def to_numpy(tensor) -> np.ndarray:
    """A copy in NumPy of a tensor, wherever it is."""
    return tensor.detach().cpu().numpy().copy()


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


def unbiased(layer):
    """Give a BatchNorm that keeps the biased variance PyTorch's own rule back: it inherits it."""
    layer.__class__ = type(layer).__mro__[1]


def tensor(model, array):
    """A tensor where the model is."""
    import torch
    return torch.from_numpy(np.ascontiguousarray(array)).to(next(model.parameters()).device)

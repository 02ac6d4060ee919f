"""What the ladder needs to know of PyTorch. Names and layouts of a record are PyTorch's own."""
import numpy as np

NAME = "PyTorch"


def owns(model) -> bool:
    """Is it a PyTorch module? Found from the class, so that PyTorch need not be imported to ask."""
    return any(c.__module__.startswith("torch.nn") for c in type(model).__mro__)


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

"""PyTorch with single numbers as Paddle keeps them: in float32, in a float64 model too. Part of the PyTorch driver.

Paddle 3.3.1 hands some numbers to its kernels as float32, whatever the model's precision is. Each line here was measured
against it, to 1e-15: with the number rounded, the two agree; without, they are 1e-13 to 1e-7 apart. What Paddle keeps in
float64 (the learning rate, Adam's betas, GroupNorm's epsilon, LeakyReLU's slope) is not here, and stays as it is.
"""
import contextlib
import math
from types import SimpleNamespace

import numpy as np

LAYERS = (              # class, attribute, what it is called, its rounding
    ("LayerNorm", "eps", "epsilon", lambda x: single(x)),
    ("_BatchNorm", "eps", "epsilon", lambda x: single(x)),
    ("_BatchNorm", "momentum", "momentum", lambda x: 1 - single(1 - x)),
    ("_InstanceNorm", "eps", "epsilon", lambda x: single(x)),
    ("ELU", "alpha", "alpha", lambda x: single(x)),
    ("CELU", "alpha", "alpha", lambda x: single(x)),
    ("Softshrink", "lambd", "lambda", lambda x: single(x)),
    ("Hardtanh", "min_val", "lower bound", lambda x: single(x)),
    ("Hardtanh", "max_val", "upper bound", lambda x: single(x)),
)
OPTIMIZERS = {"SGD": ("momentum", "weight_decay"), "AdamW": ("weight_decay",), "Adadelta": ("rho", "eps"), "Adagrad": ("eps",)}
SELU = 1.0507009873554804934193349852946, 1.6732632423543772848170429916717
PADDED = 1e-12         # what Paddle adds to a norm where it divides by it, in the norm's gradient


def single(x) -> float:
    """The nearest number that float32 holds."""
    return float(np.float32(x))


class Kept:
    """Which numbers are rounded while a side climbs, and where they stood.

    Parameters
    ----------
    leave : set of str
        Numbers that stay as they are, by what `found` calls them.
    """

    def __init__(self, leave=frozenset()):
        self.leave, self.found = frozenset(leave), {}

    def takes(self, name: str, place: str) -> bool:
        """Is this number to be rounded? Remembers where it stood."""
        if name in self.leave:
            return False
        places = self.found.setdefault(name, [])
        if place not in places:
            places.append(place)
        return True

    def __call__(self, owner: str, what: str, value: float, place: str, rounding=single):
        """A number as Paddle keeps it, where that makes a difference."""
        other = rounding(value) if isinstance(value, float) else value
        return other if other != value and self.takes(f"{owner}'s {what} {value:.6g}", place) else value


def rounded(side, kept: Kept):
    """The side with its numbers as Paddle keeps them: those of layers, of functions that its step calls, of the optimizer."""
    def build(config):
        model = side.build(config)
        for path, layer in model.named_modules():
            kinds = {c.__name__ for c in type(layer).__mro__ if c.__module__.startswith("torch.nn")}
            for kind, attribute, what, rounding in LAYERS:
                value = getattr(layer, attribute, None)
                if kind in kinds and isinstance(value, float):
                    owner = kind if not kind.startswith("_") else kind.lstrip("_")
                    setattr(layer, attribute, kept(owner, what, value, path or "the model", rounding))
        return model

    def make_optimizer(model, config):
        optimizer = side.make_optimizer(model, config)
        kind = type(optimizer).__name__
        for group in optimizer.param_groups:
            if kind == "SGD" and not group["momentum"]:
                continue
            for name in OPTIMIZERS.get(kind, ()):
                group[name] = kept(f"{kind} with momentum" if kind == "SGD" else kind, name.replace("_", " "), group[name], "the optimizer")
        return optimizer

    def inside(function):
        def call(*arguments):
            with functions(kept):
                return function(*arguments)
        return call
    others = {name: getattr(side, name) for name in ("NAME", "load", "names") if getattr(side, name, None) is not None}
    return SimpleNamespace(**others, build=build, make_optimizer=make_optimizer, step=inside(side.step), logits=inside(side.logits))


@contextlib.contextmanager
def functions(kept: Kept):
    """While it lasts, functions of torch.nn.functional take their numbers as Paddle's do."""
    import torch.nn.functional as F
    new = {"layer_norm": layer_norm, "batch_norm": batch_norm, "instance_norm": instance_norm, "cross_entropy": cross_entropy,
           "avg_pool1d": pooling(1), "avg_pool2d": pooling(2), "avg_pool3d": pooling(3), "adaptive_avg_pool1d": adaptive,
           "adaptive_avg_pool2d": adaptive, "adaptive_avg_pool3d": adaptive, "interpolate": interpolate, "selu": selu,
           "hardsigmoid": hardsigmoid, "elu": elu}
    old = {name: getattr(F, name) for name in new}
    for name, function in new.items():
        setattr(F, name, bound(function, old[name], kept))
    try:
        yield
    finally:
        for name, function in old.items():
            setattr(F, name, function)


def bound(function, own, kept):
    """A function of this file in the place of PyTorch's own."""
    def call(*arguments, **options):
        return function(own, kept, *arguments, **options)
    return call


def layer_norm(own, kept, x, normalized_shape, weight=None, bias=None, eps=1e-5):
    """Epsilon in float32."""
    return own(x, normalized_shape, weight, bias, kept("LayerNorm", "epsilon", eps, "F.layer_norm"))


def batch_norm(own, kept, x, mean, var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-5):
    """Epsilon in float32, and the share of the old, 1 - momentum."""
    eps = kept("BatchNorm", "epsilon", eps, "F.batch_norm")
    return own(x, mean, var, weight, bias, training, kept("BatchNorm", "momentum", momentum, "F.batch_norm", lambda m: 1 - single(1 - m)), eps)


def instance_norm(own, kept, *arguments, **options):
    """Epsilon in float32."""
    if "eps" in options:
        options["eps"] = kept("InstanceNorm", "epsilon", options["eps"], "F.instance_norm")
    elif len(arguments) > 7:
        arguments = (*arguments[:7], kept("InstanceNorm", "epsilon", arguments[7], "F.instance_norm"), *arguments[8:])
    return own(*arguments, **options)


def elu(own, kept, x, alpha=1.0, inplace=False):
    """Alpha in float32."""
    return own(x, kept("ELU", "alpha", alpha, "F.elu"), inplace)


def selu(own, kept, x, inplace=False):
    """Its scale and alpha in float32; in the gradient too."""
    import torch
    if not kept.takes("SELU's scale and alpha", "F.selu"):
        return own(x, inplace)
    scale, alpha = map(single, SELU)
    low, slope = scale * alpha, single(np.float32(scale) * np.float32(alpha))       # the gradient multiplies them in float32
    return torch.where(x > 0, scale * x, low * torch.expm1(x) + (slope - low) * (x - x.detach()))


def hardsigmoid(own, kept, x, inplace=False):
    """Paddle's default slope is the literal 0.1666667, in float32."""
    if not kept.takes("Hardsigmoid's slope 1/6", "F.hardsigmoid"):
        return own(x, inplace)
    return (x * single(0.1666667) + 0.5).clip(0, 1)


def cross_entropy(own, kept, x, target, weight=None, size_average=None, ignore_index=-100, reduce=None, reduction="mean",
                  label_smoothing=0.0):
    """Smoothed labels are a float32 array, and the gradient takes their sum to be 1."""
    import torch
    plain = weight is None and x.dim() == 2 and target.dim() == 1 and not bool((target == ignore_index).any())
    if not label_smoothing or not plain or kept("cross_entropy", "label smoothing", label_smoothing, "F.cross_entropy") == label_smoothing:
        return own(x, target, weight, size_average, ignore_index, reduce, reduction, label_smoothing)
    classes, share = x.shape[1], np.float32(label_smoothing)
    soft = np.eye(classes, dtype="float32")[target.cpu().numpy()] * (np.float32(1) - share) + share / np.float32(classes)
    soft = torch.from_numpy(soft).to(x)
    whole = torch.logsumexp(x, 1)
    losses = whole + (soft.sum(1) - 1) * whole.detach() - (soft * x).sum(1)
    return {"mean": losses.mean, "sum": losses.sum, "none": lambda: losses}[reduction]()


def pooling(axes: int):
    """Average pooling over so many axes."""
    def pool(own, kept, x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, *divisor):
        import torch
        y = own(x, kernel_size, stride, padding, ceil_mode, count_include_pad, *divisor)
        if not y.requires_grad or divisor and divisor[0]:
            return y
        size = math.prod(kernel_size) if isinstance(kernel_size, (tuple, list)) else kernel_size ** axes
        one = torch.ones((1, 1, *x.shape[-axes:]), dtype=torch.float64, device=x.device)
        with torch.no_grad():
            counts = torch.full((1,), float(size)) if count_include_pad else (
                own(one, kernel_size, stride, padding, ceil_mode, True) * size).round()
        return divided(y, counts.to(y), kept, f"avg_pool{axes}d")
    return pool


def adaptive(own, kept, x, output_size):
    """Adaptive average pooling: the bins' sizes are the counts."""
    import torch
    y = own(x, output_size)
    if not y.requires_grad:
        return y
    axes = y.dim() - 2 if y.dim() > 2 else 1
    counts = torch.ones((), dtype=y.dtype, device=y.device)
    for axis in range(-axes, 0):
        n, m = x.shape[axis], y.shape[axis]
        bins = torch.tensor([-(-(at + 1) * n // m) - at * n // m for at in range(m)], dtype=y.dtype, device=y.device)
        counts = counts * bins.reshape([-1] + [1] * (-axis - 1))
    return divided(y, counts, kept, f"adaptive_avg_pool{axes}d")


def divided(y, counts, kept, owner: str):
    """The gradient of a mean, divided by its count in float32."""
    share = (1 / counts).float().to(counts) * counts
    if bool((share != 1).any()):
        worst = float(counts.flatten()[int((share - 1).abs().argmax())])
        if kept.takes(f"{owner}'s factor 1/{worst:g} in the gradient", f"F.{owner}"):
            y.register_hook(lambda grad: grad * share)
    return y


def interpolate(own, kept, x, size=None, scale_factor=None, mode="nearest", align_corners=None, *more, **options):
    """Bilinear with aligned corners: positions and shares are computed in float32."""
    import torch
    y = own(x, size, scale_factor, mode, align_corners, *more, **options)
    if mode != "bilinear" or not align_corners:
        return y
    out, exact = x, True
    for axis in (2, 3):
        n, m = x.shape[axis], y.shape[axis]
        at = np.float32((n - 1) / np.float32(max(m - 1, 1))) * np.arange(m, dtype="float32")
        low = np.minimum(at.astype(int), n - 1)
        share = (at - low.astype("float32")).astype("float64")
        exact &= bool(np.all(share + low == (n - 1) / max(m - 1, 1) * np.arange(m)))
        shape = [1, 1, 1, 1]
        shape[axis] = m
        share = torch.from_numpy(share).to(x).reshape(shape)
        first, second = (torch.from_numpy(rows).to(x.device) for rows in (low, np.minimum(low + 1, n - 1)))
        out = out.index_select(axis, first) * (1 - share) + out.index_select(axis, second) * share
    return y if exact or not kept.takes("bilinear interpolation's ratio of sizes", "F.interpolate") else out


def normalize_of_paddle(side):
    """The side with the gradient of F.normalize as Paddle has it, divided by the norm plus 1e-12: it shows where norms are small."""
    def step(*arguments):
        import torch.nn.functional as F
        own = F.normalize

        def normalize(x, p=2.0, dim=1, eps=1e-12, out=None):
            if p != 2 or out is not None:
                return own(x, p, dim, eps, out)
            norm = x.norm(2, dim, keepdim=True)
            share = (norm / (norm + PADDED)).detach()
            return x / (norm * share + (norm - norm * share).detach()).clamp_min(eps)
        F.normalize = normalize
        try:
            return side.step(*arguments)
        finally:
            F.normalize = own
    return SimpleNamespace(**{**vars(side), "step": step})

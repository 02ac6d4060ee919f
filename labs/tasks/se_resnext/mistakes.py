"""Mistakes of the pair of 2018 and of its relatives: (name, rung, what, what to replace in a side, which models it suits).

They are written once for both frameworks, with hooks that both have.
"""
from dataclasses import replace

import numpy as np

from labs.parity.mistakes import of_task


def layers_of(model) -> list:
    """All layers, the model itself included, in either framework."""
    return model.sublayers(include_self=True) if hasattr(model, "sublayers") else list(model.modules())


def after(layer, change):
    """Let `change(layer, given, out)` replace what a layer gives out."""
    hook = getattr(layer, "register_forward_post_hook", None) or layer.register_forward_hook
    hook(change)


def rebuilt(change):
    """A mistake in building: `change(model)` alters the model once it is made."""
    def alter(side):
        def build(config):
            model = side.build(config)
            change(model)
            return model
        return {"build": build}
    return alter


def configured(function, **wrong):
    """A mistake in a setting that `function` (build or make_optimizer) reads: a value, or a function of the right one."""
    def alter(side):
        def changed(*given):
            new = {name: value(getattr(given[-1], name)) if callable(value) else value for name, value in wrong.items()}
            return getattr(side, function)(*given[:-1], replace(given[-1], **new))
        return {function: changed}
    return alter


@rebuilt
def relu_twice(model):
    """Fluid, lines 53 to 62: `act` is given to the convolution and to the normalisation."""
    for layer in layers_of(model):
        if type(layer).__name__.lower() == "conv2d":
            after(layer, lambda layer, given, out: out.clip(min=0))


@rebuilt
def relu_before_gates(model):
    """Both programs: a ReLU after the last 1x1 of a block, which the paper does not have."""
    for layer in layers_of(model):
        if hasattr(layer, "bn3"):
            after(layer.bn3, lambda layer, given, out: out.clip(min=0))


@rebuilt
def branches_exchanged(model):
    """The grouped convolution's channels in the opposite order."""
    for layer in layers_of(model):
        if hasattr(layer, "conv2"):
            after(layer.conv2, lambda layer, given, out: out.flip(1))


@rebuilt
def gates_detached(model):
    """What the gates look at takes no gradient."""
    for layer in layers_of(model):
        if hasattr(layer, "fc1"):
            layer.fc1.register_forward_pre_hook(lambda layer, given: tuple(x.detach() for x in given))


def without_biases(side):
    """TensorFlow: the gates and the last layer have no bias; Fluid's have one."""
    def build(config):
        model = side.build(config)
        for layer in layers_of(model):
            if type(layer).__name__ == "Linear":
                layer.bias = None
        return model

    def weights(model, given):
        kept = {name for name, _ in model.named_parameters()}
        return {name: w for name, w in given.items() if name in kept}
    return {"build": build, "weights": weights}


def decay_on_everything(side):
    """TensorFlow, lines 256 and 257: 5e-4 over all variables."""
    def make_optimizer(model, config):
        optimizer = side.make_optimizer(model, replace(config, weight_decay=2.0**-11))
        if not hasattr(optimizer, "set_lr"):
            for group in optimizer.param_groups:
                group["weight_decay"] = 2.0**-11
            return optimizer
        taken = optimizer.step

        def step():
            for p in model.parameters():
                if p.ndim == 1 and p.grad is not None:
                    p.grad.set_value(p.grad + 2.0**-11 * p)
            taken()
        optimizer.step = step
        return optimizer
    return {"make_optimizer": make_optimizer}


def hard_labels(side):
    """Label smoothing forgotten on one side."""
    def step(model, optimizer, batch):
        x, y = batch
        return side.step(model, optimizer, (x, np.eye(y.shape[1], dtype=y.dtype)[y.argmax(1)]))
    return {"step": step}


@rebuilt
def variance_unbiased(model):
    """PyTorch's own running variance, n / (n - 1) times Paddle's."""
    for layer in layers_of(model):
        if type(layer).__name__ != "BatchNorm":
            continue
        if not hasattr(layer, "_variance"):
            layer.__class__ = type(layer).__mro__[1]
            continue

        def keep(layer, given):
            layer.before = layer._variance.clone()

        def stretch(layer, given, out):
            if layer.training:
                n, old = out.size / out.shape[1], layer.before * layer._momentum
                layer._variance.set_value(old + (layer._variance - old) * float(n / (n - 1)))
        layer.register_forward_pre_hook(keep)
        layer.register_forward_post_hook(stretch)


def has_gates(model) -> bool:
    """Are there squeeze-and-excitation blocks?"""
    return any(hasattr(layer, "fc1") for layer in layers_of(model))


def always(model) -> bool:
    """Every model."""
    return True


PAIR_OF_2018 = of_task([
    ("biases_on_one_side", "parameters", "no bias in the gates and in the last layer (TensorFlow)", without_biases, has_gates),
    ("relu_twice", "forward", "ReLU in the convolution and after BatchNorm (Fluid)", relu_twice, always),
    ("norm_epsilon", "forward", "BatchNorm's epsilon is 1e-3 (TensorFlow), not 1e-5", configured("build", norm_epsilon=2.0**-10), always),
    ("decay_on_everything", "one step", "L2 of 5e-4 over all variables (TensorFlow)", decay_on_everything, always),
    ("decay_of_another_size", "one step", "L2 of 5e-4 (TensorFlow), not 1e-4",
     configured("make_optimizer", weight_decay=lambda right: 4 * right), always),
    ("nesterov", "one step", "Nesterov's momentum on one side (TensorFlow)", configured("make_optimizer", nesterov=True), always),
    ("schedule_of_another_length", "k steps", "the rate falls on another schedule",
     configured("make_optimizer", steps=lambda right: 4 * right), always),
])
MISTAKES = PAIR_OF_2018 + of_task([
    ("relu_before_gates", "forward", "a ReLU after the last 1x1 of each block (both, unlike the paper)", relu_before_gates, always),
    ("branches_exchanged", "forward", "the channels of the grouped convolution in the opposite order", branches_exchanged, always),
    ("hard_labels", "loss", "no label smoothing on one side", hard_labels, always),
    ("gates_detached", "gradients", "what the gates look at is detached", gates_detached, has_gates),
    ("variance_unbiased", "train mode", "PyTorch's own running variance, which is unbiased", variance_unbiased, always),
])

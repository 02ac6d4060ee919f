"""Planted mistakes: a ladder that cannot fail proves nothing.

Each takes a side and returns a side that is wrong in one way, in either framework. It must make its rung fail, and
leave every rung below green. Mistakes of one task live in its folder (`labs/tasks/TASK/mistakes.py`).
"""
import numpy as np

from labs.parity.climbing import changed
from labs.parity.mistakes.planting import Mistake, with_batch, with_config, with_optimizer, with_weights


def matrices(model) -> list:
    """Names of the weights of Linear layers, which the two frameworks store in different layouts."""
    layers = model.named_sublayers() if hasattr(model, "named_sublayers") else model.named_modules()
    return [f"{name}.weight" for name, layer in layers if "Linear" in type(layer).__name__]


def scrambled(model, weights: dict) -> dict:
    """The largest matrix of a Linear read in the other layout, reshaped so that no error is raised."""
    name = max(matrices(model), key=lambda n: weights[n].size)
    weights[name] = np.ascontiguousarray(weights[name].T).reshape(weights[name].shape)
    return weights


def without_bias(model, weights: dict) -> dict:
    """The last bias not copied: it stays at zero. (A normalisation's begins there.)"""
    name = [n for n in weights if n.endswith("bias") and weights[n].any()][-1]
    weights[name] = np.zeros_like(weights[name])
    return weights


def fewer_parameters(side):
    """The last bias frozen on this side, or the last parameter where there is none: one trainable parameter less."""
    def build(config):
        model = side.build(config)
        names = dict(model.named_parameters())
        freeze(names[([n for n in names if n.endswith("bias")] or list(names))[-1]])
        return model
    return changed(side, build=build)


def freeze(parameter):
    """Take a parameter out of training, in either framework."""
    if hasattr(parameter, "stop_gradient"):
        parameter.stop_gradient = True
    else:
        parameter.requires_grad_(False)


def detached_output(side):
    """All but the last layer cut off from the gradient: its input is detached."""
    def build(config):
        model = side.build(config)
        last = [layer for layer in leaves(model) if hasattr(layer, "weight") and layer.weight is not None][-1]
        last.register_forward_pre_hook(lambda layer, given: tuple(x.detach() for x in given))
        return model
    return changed(side, build=build)


def trainable(model) -> list:
    """Parameters that take a gradient, in either framework."""
    return [p for p in model.parameters() if getattr(p, "requires_grad", True) and not getattr(p, "stop_gradient", False)]


def leaves(model) -> list:
    """Layers without layers in them."""
    layers = model.sublayers(include_self=True) if hasattr(model, "sublayers") else list(model.modules())
    return [layer for layer in layers if not list(layer.children())]


def scaled_output(side):
    """The logits divided by a temperature that the other side lacks."""
    def build(config):
        model = side.build(config)
        hook = getattr(model, "register_forward_post_hook", None) or model.register_forward_hook
        hook(lambda layer, given, out: (out[0] / 1.0625, *out[1:]) if isinstance(out, tuple) else out / 1.0625)
        return model
    return changed(side, build=build)


def halved_gradients(side):
    """Gradients halved before the step, as when two workers' mean is taken twice."""
    def make_optimizer(model, config):
        optimizer = side.make_optimizer(model, config)
        for parameter in trainable(model):
            parameter.register_hook(lambda grad: grad * 0.5)
        return optimizer
    return changed(side, make_optimizer=make_optimizer)


def keep_gradients(optimizer):
    """zero_grad and clear_grad do nothing."""
    for name in ("zero_grad", "clear_grad", "clear_gradients"):
        if hasattr(optimizer, name):
            setattr(optimizer, name, lambda *arguments, **options: None)


def halve_rate_later(optimizer):
    """A schedule on one side alone: the rate is halved after each step, whatever schedule the side has of its own."""
    taken, steps = optimizer.step, [0]

    def step(*arguments, **options):
        multiply_rate(optimizer, 0.5 ** steps[0])
        result = taken(*arguments, **options)
        multiply_rate(optimizer, 2.0 ** steps[0])
        steps[0] += 1
        return result
    optimizer.step = step


def multiply_rate(optimizer, factor: float):
    """The learning rate times a factor, in either framework, with a scheduler or without."""
    if not hasattr(optimizer, "set_lr"):
        for group in optimizer.param_groups:
            group["lr"] *= factor
    elif isinstance(optimizer._learning_rate, float):
        optimizer.set_lr(optimizer.get_lr() * factor)
    else:
        optimizer._learning_rate.last_lr *= factor


def decay(optimizer):
    """L2 weight decay of 2**-7 on one side alone."""
    if hasattr(optimizer, "param_groups") and not hasattr(optimizer, "set_lr"):
        for group in optimizer.param_groups:
            group["weight_decay"] = 2.0**-7
        return
    taken = optimizer.step

    def step(*arguments, **options):
        for parameter in flat(optimizer._parameter_list):
            if parameter.grad is not None:
                parameter.grad.set_value(parameter.grad + 2.0**-7 * parameter)
        return taken(*arguments, **options)
    optimizer.step = step


def flat(parameters: list) -> list:
    """Paddle's list of parameters, where it is a list of groups too."""
    return [p for entry in parameters for p in (entry["params"] if isinstance(entry, dict) else [entry])]


def wrong_label(number, batch):
    """The last label of each batch off by one class. (The first one of a text predicts nothing.)"""
    x, y = batch[0], batch[1].copy()
    y.flat[-1] = (y.flat[-1] + 1) % 10
    return (x, y, *batch[2:])


def norms(model) -> list:
    """The BatchNorm layers."""
    return [layer for layer in leaves(model) if "BatchNorm" in type(layer).__name__]


def batch_norm_momentum(side):
    """The other framework's BatchNorm momentum taken over without 1 - m."""
    def build(config):
        model = side.build(config)
        for layer in norms(model):
            attribute = "_momentum" if hasattr(layer, "_momentum") else "momentum"
            setattr(layer, attribute, 1 - getattr(layer, attribute))
        return model
    return changed(side, build=build)


def has_linear(model) -> bool:
    """Has it a matrix that the two frameworks store in different layouts?"""
    return any("Linear" in type(layer).__name__ for layer in leaves(model))


def has_bias(model) -> bool:
    """Has any layer a bias?"""
    return any(name.endswith("bias") for name, _ in model.named_parameters())


def is_deep(model) -> bool:
    """Has it more than one layer with weights?"""
    return sum(getattr(layer, "weight", None) is not None for layer in leaves(model)) > 1


GENERAL = [
    Mistake("parameter_frozen", "trainable", "one parameter is left out of training", fewer_parameters),
    Mistake("linear_not_transposed", "forward", "a Linear weight is copied without changing its layout",
            with_weights(scrambled), has_linear),
    Mistake("bias_not_copied", "forward", "the last bias stays at zero", with_weights(without_bias), has_bias),
    Mistake("temperature", "forward", "the logits are divided by 1.0625", scaled_output),
    Mistake("wrong_label", "loss", "one label of each batch is off by one", with_batch(wrong_label)),
    Mistake("batch_cut_short", "loss", "the last example of each batch is dropped",
            with_batch(lambda number, batch: tuple(a[:-1] for a in batch))),
    Mistake("layer_detached", "gradients", "the last layer's input is detached, so nothing below it learns",
            detached_output, is_deep),
    Mistake("gradients_halved", "gradients", "gradients are averaged once too often", halved_gradients),
    Mistake("rate_moved", "one step", "the learning rate is 1 % higher", with_config(learning_rate=1.01)),
    Mistake("epsilon_moved", "one step", "Adam's epsilon is 1e-5 instead of 1e-8", with_config(epsilon=1e3),
            fields=("epsilon",)),
    Mistake("weight_decay", "one step", "one side adds L2 weight decay", with_optimizer(decay)),
    Mistake("beta2_moved", "k steps", "Adam's second beta is 0.9 instead of 0.999", with_config(beta2=0.9 / 0.999),
            fields=("beta2",)),
    Mistake("zero_grad_forgotten", "k steps", "gradients are never set to zero", with_optimizer(keep_gradients)),
    Mistake("schedule_on_one_side", "k steps", "the learning rate is halved after each step",
            with_optimizer(halve_rate_later)),
    Mistake("order_reversed", "k steps", "each later batch's inputs are in reverse order, its labels not",
            with_batch(lambda number, batch: batch if number == 0 else (batch[0][::-1].copy(), *batch[1:]))),
    Mistake("batch_norm_momentum", "train mode", "BatchNorm's momentum is not inverted", batch_norm_momentum,
            lambda model: bool(norms(model))),
]

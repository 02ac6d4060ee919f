"""Planted mistakes in what is computed: forward, precision, randomness, evaluation."""
import numpy as np

from labs.parity.coverage import DRAWN
from labs.parity.mistakes.layers import has, is_deep, last_weighted, named
from labs.parity.mistakes.planting import Mistake, with_layers, with_model


def with_output(change):
    """The model's output changed by `change(logits)`; a state beside it stays."""
    def alter(model, driver):
        driver.after(model, lambda out: (change(out[0]), *out[1:]) if isinstance(out, tuple) else change(out))
    return with_model(alter)


def of_kind(*kinds):
    """Layers whose class begins with one of these names."""
    return lambda path, layer: type(layer).__name__.startswith(kinds)


def is_leaf(path, layer) -> bool:
    """Has it no layers in it?"""
    return not list(layer.children())


def through_half(x):
    """Rounded to float16, where it is a float tensor."""
    return x.astype("float16").astype(x.dtype) if hasattr(x, "astype") else x.half().to(x.dtype)


def halved(out):
    """Each tensor of a layer's output rounded to float16."""
    if hasattr(out, "batch_sizes"):             # PyTorch's packed sequences: the rows, and numbers that say where each ends
        return out._replace(data=through_half(out.data))
    return tuple(halved(x) for x in out) if isinstance(out, (tuple, list)) else through_half(out)


def batch_statistics(layer, driver):
    """A BatchNorm that uses the batch's statistics in evaluation too."""
    take = layer.forward

    def forward(x):
        training = layer.training
        layer.training = True
        found = take(x)
        layer.training = training
        return found
    layer.forward = forward


def in_evaluation(change):
    """Change what a BatchNorm gives out in evaluation: `change(out, layer, driver)`."""
    def alter(layer, driver):
        driver.after(layer, lambda out: out if layer.training else change(out, layer, driver))
    return alter


def shaped(values):
    """(C,) to (1, C, 1, 1)."""
    return values.reshape([1, -1, 1, 1])


def mean_ignored(out, layer, driver):
    """The running mean is not taken off."""
    mean, var, eps = driver.statistics(layer)
    return out + shaped(layer.weight * mean / (var + eps) ** 0.5)


def mean_added(out, layer, driver):
    """The running mean is added, not taken off."""
    mean, var, eps = driver.statistics(layer)
    return out + shaped(2 * layer.weight * mean / (var + eps) ** 0.5)


def root_left_out(out, layer, driver):
    """Divided by the variance, not by its root."""
    mean, var, eps = driver.statistics(layer)
    bias = shaped(layer.bias)
    return (out - bias) / shaped((var + eps) ** 0.5) + bias


def folded(layer, driver):
    """Statistics are folded into the weights at the first evaluation, and never again."""
    kept, take = [], layer.forward

    def forward(x):
        if layer.training:
            return take(x)
        if not kept:
            mean, var, eps = driver.statistics(layer)
            kept.append(((layer.weight / (var + eps) ** 0.5).detach().clone(), layer.bias.detach().clone(), mean.detach().clone()))
        scale, bias, mean = kept[0]
        return (x - shaped(mean)) * shaped(scale) + shaped(bias)
    layer.forward = forward


def momentum_not_inverted(layer, driver):
    """The other framework's momentum taken over without 1 - m."""
    driver.put_norm_share(layer, 1 - driver.norm_share(layer))


def dropout_rate(layer, driver):
    """Another rate."""
    layer.p = layer.p / 2


def dropout_gone(layer, driver):
    """No dropout."""
    layer.p = 0.0


def random_scaling(model, driver):
    """Dropout as a function, in training, which no layer shows."""
    rng = np.random.default_rng(0)
    driver.after(last_weighted(model), lambda out: out * float(rng.integers(0, 2) * 2) if model.training else out)


def detached(model, driver):
    """All but the last layer cut off from the gradient: its input is detached."""
    driver.before(last_weighted(model), lambda x: x.detach())


def drops(model) -> bool:
    """Has it a dropout layer whose rate is not zero?"""
    return any(getattr(layer, "p", 0) for layer in named(model, "Dropout").values())


BATCH_NORM = has("BatchNorm")
FORWARD = [
    Mistake("temperature", "forward", "forward", "the logits are divided by 1.0625", with_output(lambda x: x / 1.0625)),
    Mistake("classes_reversed", "forward", "forward", "the classes stand in reverse order", with_output(lambda x: x.flip(-1))),
    Mistake("logits_shifted", "forward", "forward", "the first example's logits are added to all", with_output(lambda x: x + x[:1])),
    Mistake("logits_capped", "forward", "forward", "logits are cut at 30, which most batches never reach",
            with_output(lambda x: x.clip(-30, 30)), needs="logits 100 apart"),
    Mistake("bias_twice", "forward", "forward", "the last bias is added twice",
            with_model(lambda model, driver: driver.after(last_weighted(model), lambda out: out + last_weighted(model).bias)),
            lambda model: getattr(last_weighted(model), "bias", None) is not None),
    Mistake("layers_in_half", "precision", "forward", "every layer's output is rounded to float16, as mixed precision does",
            with_layers(is_leaf, lambda layer, driver: driver.after(layer, halved))),
    Mistake("logits_in_half", "precision", "forward", "the logits alone are rounded to float16", with_output(through_half)),
    Mistake("last_layer_in_half", "precision", "forward", "the last layer alone computes in float16",
            with_model(lambda model, driver: driver.after(last_weighted(model), halved))),
    Mistake("layer_detached", "gradients", "gradients", "the last layer's input is detached, so nothing below it learns",
            with_model(detached), is_deep),
    Mistake("mean_ignored", "evaluation", "forward", "BatchNorm forgets the running mean in evaluation",
            with_layers(of_kind("BatchNorm"), in_evaluation(mean_ignored)), BATCH_NORM, needs=DRAWN),
    Mistake("mean_added", "evaluation", "forward", "BatchNorm adds the running mean in evaluation",
            with_layers(of_kind("BatchNorm"), in_evaluation(mean_added)), BATCH_NORM, needs=DRAWN),
    Mistake("root_left_out", "evaluation", "forward", "BatchNorm divides by the variance, not by its root, in evaluation",
            with_layers(of_kind("BatchNorm"), in_evaluation(root_left_out)), BATCH_NORM, needs=DRAWN),
    Mistake("statistics_of_the_batch", "evaluation", "forward", "BatchNorm uses the batch's statistics in evaluation",
            with_layers(of_kind("BatchNorm"), batch_statistics), BATCH_NORM),
    Mistake("folded_once", "evaluation", "train mode", "BatchNorm is folded at the first evaluation and never again",
            with_layers(of_kind("BatchNorm"), folded), BATCH_NORM),
    Mistake("batch_norm_momentum", "evaluation", "train mode", "BatchNorm's momentum is not inverted",
            with_layers(of_kind("BatchNorm"), momentum_not_inverted), BATCH_NORM),
    Mistake("dropout_rate", "randomness", "parameters", "half the dropout",
            with_layers(of_kind("Dropout"), dropout_rate), drops),
    Mistake("dropout_gone", "randomness", "parameters", "no dropout", with_layers(of_kind("Dropout"), dropout_gone), drops),
    Mistake("random_scaling", "randomness", "loss", "dropout as a function, which no layer shows", with_model(random_scaling)),
]

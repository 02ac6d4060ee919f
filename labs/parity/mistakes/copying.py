"""Planted mistakes in what is copied: weights and running statistics."""
import numpy as np

from labs.parity import weights as weights_
from labs.parity.climbing import changed
from labs.parity.coverage import DRAWN
from labs.parity.mistakes.layers import embeddings, has, has_bias, has_linear, has_norm, leaves, linear_weights
from labs.parity.mistakes.planting import Mistake, with_weights


def scrambled(model, weights: dict) -> dict:
    """The largest matrix of a Linear read in the other layout, reshaped so that no error is raised."""
    name = max(linear_weights(model), key=lambda n: weights[n].size)
    weights[name] = np.ascontiguousarray(weights[name].T).reshape(weights[name].shape)
    return weights


def without_bias(model, weights: dict) -> dict:
    """The last bias that is not zero stays at zero."""
    name = [n for n in weights if n.endswith("bias") and weights[n].any()][-1]
    weights[name] = np.zeros_like(weights[name])
    return weights


def fewer_parameters(side):
    """The last bias frozen on this side, or the last parameter where there is none: one trainable parameter less."""
    def build(config):
        model = side.build(config)
        names = dict(model.named_parameters())
        weights_.driver_of(model).freeze(names[([n for n in names if n.endswith("bias")] or list(names))[-1]])
        return model
    return changed(side, build=build)


def with_values(suits, value):
    """Every array whose name suits gets `value(array)` in place of its own."""
    def alter(model, weights):
        return {name: value(w).astype("float32") if suits(name, w, model) else w for name, w in weights.items()}
    return with_weights(alter)


def is_norm(name: str, weight, model) -> bool:
    """Is it the scale of a normalisation?"""
    return name.endswith("weight") and weight.ndim == 1


def norm_of(name: str, weights: dict) -> bool:
    """Does the name belong to a normalisation that has a scale?"""
    scale = weights.get(f"{name.rpartition('.')[0]}.weight".lstrip("."))
    return scale is not None and scale.ndim == 1


def fresh_norms(model, weights: dict) -> dict:
    """Scale and shift of the normalisations are not copied: they stay at 1 and 0."""
    return {n: np.full_like(w, float(n.endswith("weight"))) if norm_of(n, weights) and n.endswith(("weight", "bias")) else w
            for n, w in weights.items()}


def exchanged(model, weights: dict) -> dict:
    """Scale and shift of the normalisations exchanged."""
    other = {"weight": "bias", "bias": "weight"}
    made = dict(weights)
    for name in weights:
        path, _, last = name.rpartition(".")
        if norm_of(name, weights) and last in other and f"{path}.{other[last]}" in weights:
            made[name] = weights[f"{path}.{other[last]}"]
    return made


def two_alike(weights: dict) -> list:
    """The first two weights of more than one dimension that have one shape."""
    seen = {}
    for name, w in weights.items():
        if w.ndim > 1:
            if w.shape in seen:
                return [seen[w.shape], name]
            seen[w.shape] = name
    return []


def layers_exchanged(model, weights: dict) -> dict:
    """Two weights of one shape, each in the other's place."""
    a, b = two_alike(weights)
    return weights | {a: weights[b], b: weights[a]}


def rows_shifted(model, weights: dict) -> dict:
    """Each token gets its neighbour's embedding."""
    name = next(iter(embeddings(model)))
    return weights | {name: np.roll(weights[name], 1, axis=0)}


def fresh_statistics(model, weights: dict) -> dict:
    """Running means and variances are not copied: they stay at 0 and 1."""
    return {n: np.full_like(w, float(n.endswith("running_var"))) if n.endswith(("running_mean", "running_var")) else w
            for n, w in weights.items()}


def statistics_exchanged(model, weights: dict) -> dict:
    """The standard deviation copied into the running variance."""
    return {n: np.sqrt(w) if n.endswith("running_var") else w for n, w in weights.items()}


def channels_turned(model, weights: dict) -> dict:
    """The first kernel's output channels in reverse order."""
    name = next(n for n, w in weights.items() if w.ndim == 4)
    return weights | {name: weights[name][::-1].copy()}


COPYING = [
    Mistake("parameter_frozen", "weights", "trainable", "one parameter is left out of training", fewer_parameters),
    Mistake("linear_not_transposed", "weights", "forward", "a Linear weight is copied without changing its layout",
            with_weights(scrambled), has_linear),
    Mistake("bias_not_copied", "weights", "forward", "the last bias stays at zero", with_weights(without_bias), has_bias),
    Mistake("layers_exchanged", "weights", "forward", "two weights of one shape, each in the other's place",
            with_weights(layers_exchanged), lambda model: bool(two_alike(weights_.weights_of(model)))),
    Mistake("rows_shifted", "weights", "forward", "each token gets its neighbour's embedding", with_weights(rows_shifted),
            lambda model: bool(embeddings(model))),
    Mistake("norms_not_copied", "weights", "forward", "scale and shift of the normalisations stay at 1 and 0",
            with_weights(fresh_norms), has_norm, needs=DRAWN),
    Mistake("norms_exchanged", "weights", "forward", "scale and shift of the normalisations exchanged",
            with_weights(exchanged), has("BatchNorm", "LayerNorm", "GroupNorm"), needs=DRAWN),
    Mistake("statistics_not_copied", "weights", "forward", "running means and variances stay at 0 and 1",
            with_weights(fresh_statistics), has("BatchNorm"), needs=DRAWN),
    Mistake("deviation_for_variance", "weights", "forward", "the standard deviation copied as running variance",
            with_weights(statistics_exchanged), has("BatchNorm"), needs=DRAWN),
    Mistake("kernel_flipped", "weights", "forward", "kernels are mirrored, as a mathematician's convolution has them",
            with_values(lambda name, w, model: w.ndim == 4, lambda w: w[:, :, ::-1, ::-1]), has("Conv")),
    Mistake("kernel_turned", "weights", "forward", "height and width of the kernels exchanged",
            with_values(lambda name, w, model: w.ndim == 4, lambda w: w.transpose(0, 1, 3, 2)), has("Conv")),
    Mistake("channels_turned", "weights", "forward", "the first kernel's output channels in reverse order",
            with_weights(channels_turned), has("Conv")),
    Mistake("slope_not_copied", "weights", "forward", "PReLU's slope stays at 0.25",
            with_values(lambda name, w, model: "PReLU" in type(leaves(model).get(name.rpartition(".")[0])).__name__,
                        lambda w: np.full_like(w, 0.25)), has("PReLU"), needs=DRAWN),
    Mistake("weights_in_half", "precision", "forward", "weights pass through float16 on their way",
            with_values(lambda name, w, model: True, lambda w: w.astype("float16"))),
]

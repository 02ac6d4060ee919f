"""Which layers a model has: what a planted mistake asks before it is planted."""
from labs.parity.weights import driver_of


def leaves(model) -> dict:
    """Layers without layers in them, by path."""
    return {path: layer for path, layer in driver_of(model).layers(model).items() if not list(layer.children())}


def named(model, *kinds: str) -> dict:
    """Layers whose class is called by one of these names, or begins so."""
    return {path: layer for path, layer in driver_of(model).layers(model).items() if type(layer).__name__.startswith(kinds)}


def linear_weights(model) -> list:
    """Names of the weights of Linear layers, which the two frameworks store in different layouts."""
    return [f"{path}.weight".lstrip(".") for path in named(model, "Linear")]


def embeddings(model) -> list:
    """Names of the weights of Embedding layers; a module of embeddings that a model calls by that word has none itself."""
    there = dict(model.named_parameters())
    return [name for path in named(model, "Embedding") if (name := f"{path}.weight".lstrip(".")) in there]


def has(*kinds: str):
    """Has a model a layer of one of these kinds? (The names of both frameworks begin alike.)"""
    return lambda model: bool(named(model, *kinds))


has_linear = has("Linear")


def has_bias(model) -> bool:
    """Has any layer a bias?"""
    return any(name.endswith("bias") for name, _ in model.named_parameters())


def has_norm(model) -> bool:
    """Has it a normalisation?"""
    return any("Norm" in type(layer).__name__ for layer in leaves(model).values())


def is_deep(model) -> bool:
    """Has it more than one layer with weights?"""
    return sum(getattr(layer, "weight", None) is not None for layer in leaves(model).values()) > 1


def last_weighted(model):
    """The last layer that has a weight; None where none has, as in an LSTM, whose weights have other names."""
    return next((layer for layer in reversed(leaves(model).values()) if getattr(layer, "weight", None) is not None), None)

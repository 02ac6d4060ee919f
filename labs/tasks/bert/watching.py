"""What happens inside a twin, as NumPy, for the proofs and the figures: written once for both frameworks."""
import numpy as np

from labs.parity.weights import driver_of
from labs.tasks.bert.library import name_of


def encoder_weights(published):
    """The encoder's weights of a published file as a dict: without the table of numbers 0, 1, 2, ..., which is no weight."""
    return {name: published[name] for name in published if not name.endswith("position_ids")}


def states(model, tokens, mask=None, types=None, positions=None):
    """The stream after the embeddings and after each layer, and the pooler's answer; `library.states` has the same names.

    Parameters
    ----------
    model : a twin's Bert
    tokens, mask, types, positions : int64 arrays, shape (B, T)
    """
    driver, found, undo = driver_of(model), {}, []

    def keep(name):
        return lambda out: found.__setitem__(name, driver.to_numpy(out))
    undo.append(driver.after(model.embeddings, keep(name_of(0))))
    undo += [driver.after(layer, keep(name_of(i))) for i, layer in enumerate(model.encoder.layer, 1)]
    try:
        given = [None if one is None else driver.tensor(model, one) for one in (tokens, mask, types, positions)]
        out = model(*given)
        if model.pooler is not None:
            found["pooler"] = driver.to_numpy(model.pooler(out))
    finally:
        for take_away in undo:
            take_away()
    return found


def parts(model, x):
    """What each part of a twin's first layer, and its pooler, makes of the same input x (B, T, C)."""
    driver, first = driver_of(model), model.encoder.layer[0]
    hide = driver.tensor(model, np.ones(x.shape[:2], np.int64)) == 0
    hide, x = hide[:, None, None], driver.tensor(model, x)
    seen = first.attention.self(x, hide)
    made = {"self-attention": seen, "output, add, norm": first.attention.output(seen, x), "dense and GELU": first.intermediate(x),
            "layer": first(x, hide), "pooler": model.pooler(x)}
    return {name: driver.to_numpy(one) for name, one in made.items()}


def attention(model, tokens, mask=None):
    """Attention weights of every layer, (layers, B, H, T, T); the model must not be fused, or there is nothing to see."""
    driver, found, kept = driver_of(model), [], []
    if model.config.fused:
        raise ValueError("attention in one call does not hand its weights out: take a config with fused=False")
    for layer in model.encoder.layer:
        one = layer.attention.self

        def watched(q, k, hide, weights=one.weights):
            out = weights(q, k, hide)
            found.append(driver.to_numpy(out))
            return out
        kept.append(one)
        one.weights = watched
    try:
        model(driver.tensor(model, tokens), None if mask is None else driver.tensor(model, mask))
    finally:
        for one in kept:
            del one.weights
    return np.stack(found)

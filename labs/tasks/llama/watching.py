"""What happens inside a twin, as NumPy, for the proofs and the figures: written once for both frameworks."""
import numpy as np

from labs.parity.weights import driver_of


def parts(side, model, x, tokens):
    """What each part makes of the same input; `library.parts` asks transformers for the same.

    Parameters
    ----------
    side : module or namespace
        The twin: its `causal_loss` is one of the parts.
    model : its CausalLM
    x : float array, shape (B, T, C)
    tokens : int array, shape (B, T)
    """
    driver, decoder = driver_of(model), model.model
    layer = decoder.layers[0]
    x, tokens = driver.tensor(model, x).to(decoder.norm.weight.dtype), driver.tensor(model, tokens)
    mask = driver.tensor(model, np.ones(x.shape[:2], np.int64))
    positions, hide = decoder.places(mask, x.shape[1])
    turns, attention = decoder.rotary(positions, x.dtype), layer.self_attn
    made = {"RMSNorm": lambda: decoder.norm(x),
            "RoPE": lambda: attention.turn(attention.split(attention.q_proj(x), attention.heads), turns),
            "attention": lambda: attention(x, turns, hide), "SwiGLU": lambda: layer.mlp(x),
            "decoder layer": lambda: layer(x, turns, hide), "logits": lambda: model(tokens),
            "loss": lambda: side.causal_loss(model(tokens), tokens)}
    return {name: driver.to_numpy(make()) for name, make in made.items()}


def stream(model, tokens):
    """The residual stream after each layer, (B, T, C), then the logits; `library.stream` has the same names."""
    driver, found, undo = driver_of(model), {}, []

    def keep(name):
        return lambda out: found.__setitem__(name, driver.to_numpy(out))
    undo.append(driver.after(model.model.embed_tokens, keep("embedding")))
    undo += [driver.after(layer, keep(f"after layer {i}")) for i, layer in enumerate(model.model.layers, 1)]
    try:
        out = model(driver.tensor(model, tokens))
    finally:
        for take_away in undo:
            take_away()
    return found | {"logits": driver.to_numpy(out)}


def record(side, model, precision, tokens, name, source=None):
    """Stream, logits, loss and, in float64, every gradient of a model as a Record; its gradients are cleared.

    Parameters
    ----------
    side, model
        A twin, or `library` and its model.
    precision : {"float32", "float64"}
    tokens : int array, shape (B, T)
    name : str
        Whose record it is.
    source : module, optional
        Whose `stream` it takes, if not this one.
    """
    from labs import parity
    rungs = {"forward": (source.stream if source else stream)(model, tokens)}
    loss = side.loss(model, (tokens, tokens))
    rungs["loss"] = {"loss": np.array(loss.item())}
    if precision == "float64":
        loss.backward()
        rungs["gradients"] = parity.gradients_of(model, parity.sketch)
        for parameter in model.parameters():
            parameter.grad = None
    return parity.Record(name, precision, rungs)

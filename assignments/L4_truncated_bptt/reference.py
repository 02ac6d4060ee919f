"""The right answers of lab 4, with NumPy alone: backpropagation through time by hand.

Computed in float64, handed out in the dtype of the weights. `tests/labs` holds it to PyTorch's
autograd and to chapter 8's cell.
"""

import numpy as np

NAMES = ("embedding", "w_x", "w_h", "bias", "out", "out_bias")
CUT = "without a graph"


def sigmoid(z):
    """1 / (1 + exp(-z)), without overflow."""
    return np.exp(-np.logaddexp(0, -z))


def wide(weights):
    """The weights in float64."""
    return {name: each.astype("float64") for name, each in weights.items()}


def gates(x, h, weights):
    """f, g, o of a step, (B, H) each."""
    z = x @ weights["w_x"].T + h @ weights["w_h"].T + weights["bias"]
    f, g, o = np.split(z, 3, axis=-1)
    return sigmoid(f), np.tanh(g), sigmoid(o)


def cell(x, h, c, weights):
    """The coupled cell: what is not forgotten is not written."""
    f, g, o = gates(x.astype("float64"), h, wide(weights))
    new = f * c + (1 - f) * g
    return (o * np.tanh(new)).astype(h.dtype), new.astype(h.dtype)


def forward(x, starts, weights, state):
    """All steps, in float64: [(h, c) before, f, g, o, (h, c) behind]."""
    streams, hidden = x.shape[1], weights["w_h"].shape[1]
    h, c = (np.zeros((streams, hidden)),) * 2 if state is None else state
    steps = []
    for tokens, start in zip(x, starts):
        h, c = (np.where(start[:, None], 0, each) for each in (h, c))
        f, g, o = gates(weights["embedding"][tokens], h, weights)
        new = f * c + (1 - f) * g
        steps.append(((h, c), f, g, o, (o * np.tanh(new), new)))
        h, c = steps[-1][-1]
    return steps


def logits_of(steps, weights):
    """(T, B, V)."""
    return np.stack([step[-1][0] for step in steps]) @ weights["out"].T + weights["out_bias"]


def read(x, starts, weights, state=None, layout=""):
    """Logits of each step, and the state behind the last."""
    dtype, weights = weights["out"].dtype, wide(weights)
    steps = forward(x, starts, weights, state)
    h, c = steps[-1][-1]
    return {
        "logits": logits_of(steps, weights).astype(dtype),
        "h": h.astype(dtype),
        "c": c.astype(dtype),
    }


def nats(logits, y, layout=""):
    """(T, B): minus the log probability of each target, zero where it is -1."""
    z = logits.astype("float64")
    z = z - z.max(-1, keepdims=True)
    z = np.log(np.exp(z).sum(-1)) - np.take_along_axis(z, np.maximum(y, 0)[..., None], -1)[..., 0]
    return np.where(y < 0, 0, z).astype(logits.dtype)


def perplexity(pieces):
    """exp of the mean over all targets that count."""
    total = sum(nats(logits.astype("float64"), y).sum() for logits, y in pieces)
    return float(np.exp(total / sum((y >= 0).sum() for _, y in pieces)))


def gradients(x, y, starts, weights, state, k1, k2):
    """The loss, the state behind it, and the gradient of each weight."""
    dtype, weights = weights["out"].dtype, wide(weights)
    steps = forward(x, starts, weights, state)
    logits, streams = logits_of(steps, weights), x.shape[1]
    slope = np.exp(logits - logits.max(-1, keepdims=True))
    slope = slope / slope.sum(-1, keepdims=True) - np.eye(logits.shape[-1])[np.maximum(y, 0)]
    slope = np.where(y[..., None] < 0, 0, slope) / streams
    found = {name: np.zeros_like(weights[name]) for name in NAMES}
    for first in range(0, len(x), k1):
        last = min(first + k1, len(x))
        backward(found, x, starts, weights, steps, slope, max(0, last - k2), first, last)
    h, c = steps[-1][-1]
    value = {"loss": np.asarray(nats(logits, y).sum() / streams), "h": h, "c": c}
    value, found = (
        {name: each.astype(dtype) for name, each in made.items()} for made in (value, found)
    )
    return value | {"carried": CUT} | found


def gradients_and_work(x, y, starts, weights, state, k1, k2):
    """The same, and the words that calls.py has for linear time."""
    most = 3 * (len(x) + -(-len(x) // k1) * k2)
    found = gradients(x, y, starts, weights, state, k1, k2)
    return {"work": f"cell is called at most {most} times"} | found


def backward(found, x, starts, weights, steps, slope, begin, first, last):
    """Add the gradient of the losses first..last, back to the step `begin`."""
    d_h = d_c = 0
    for t in reversed(range(begin, last)):
        (h, c), f, g, o, (h_new, c_new) = steps[t]
        if t >= first:
            found["out"] += slope[t].T @ h_new
            found["out_bias"] += slope[t].sum(0)
            d_h = d_h + slope[t] @ weights["out"]
        d_o = d_h * np.tanh(c_new) * o * (1 - o)
        d_c = d_c + d_h * o * (1 - np.tanh(c_new) ** 2)
        d_z = np.concatenate([d_c * (c - g) * f * (1 - f), d_c * (1 - f) * (1 - g**2), d_o], -1)
        found["w_x"] += d_z.T @ weights["embedding"][x[t]]
        found["w_h"] += d_z.T @ h
        found["bias"] += d_z.sum(0)
        np.add.at(found["embedding"], x[t], d_z @ weights["w_x"])
        goes_on = ~starts[t][:, None]
        d_h, d_c = goes_on * (d_z @ weights["w_h"]), goes_on * d_c * f


def clip(gradients, limit):
    """All scaled by one number, so that their joint norm is at most the limit."""
    norm = np.sqrt(sum((each.astype("float64") ** 2).sum() for each in gradients.values()))
    return {
        name: (each * (limit / max(norm, limit))).astype(each.dtype)
        for name, each in gradients.items()
    }


def steps(batches, weights, k1, k2, learning_rate, limit):
    """Some steps in turn: the weights, and the state behind the last."""
    state, dtype = None, weights["out"].dtype
    weights = wide(weights)
    for x, y, starts in batches:
        found = gradients(x, y, starts, weights, state, k1, k2)
        state = found["h"], found["c"]
        clipped = clip({name: found[name] for name in NAMES}, limit)
        weights = {name: weights[name] - learning_rate * clipped[name] for name in NAMES}
    made = weights | {"h": state[0], "c": state[1]}
    return {name: each.astype(dtype) for name, each in made.items()} | {"carried": CUT}

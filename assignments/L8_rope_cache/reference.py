"""The right answers of lab 8, computed another way than its solution.

Complex numbers, a loop over queries, no cache. Runs on the grader's side alone. `tests/labs` holds
it to PyTorch's own attention and to chapter 26's layer.
"""

import numpy as np


def rotate(x, positions, rotary, theta=10000.0, factor=1.0):
    """A pair is a complex number, and turning is a product."""
    pairs = x[..., 0:rotary:2].astype("complex128") + 1j * x[..., 1:rotary:2]
    each = np.exp(-np.log(theta) * np.arange(0, rotary, 2) / rotary)
    pairs = pairs * np.exp(1j * (np.asarray(positions, "float64") / factor)[:, None] * each)
    turned = np.stack([pairs.real, pairs.imag], axis=-1).reshape(*x.shape[:-1], rotary)
    return np.concatenate([turned, x[..., rotary:]], axis=-1).astype(x.dtype)


def attend(q, k, v, q_positions, k_positions, window=None):
    """Each query alone, with the keys that it sees and no others."""
    wide_q, wide_k, wide_v = (each.astype("float64") for each in (q, k, v))
    groups = q.shape[1] // k.shape[1]
    y = np.empty(q.shape)
    for t, position in enumerate(q_positions):
        first = -1 if window is None else position - window
        keys = [s for s, at in enumerate(k_positions) if first < at <= position]
        for h in range(q.shape[1]):
            kept, values = wide_k[:, h // groups, keys], wide_v[:, h // groups, keys]
            scores = np.einsum("bd,bsd->bs", wide_q[:, h, t], kept) * q.shape[-1] ** -0.5
            scores -= np.logaddexp.reduce(scores, axis=1, keepdims=True)
            y[:, h, t] = np.einsum("bs,bsd->bd", np.exp(scores), values)
    return y.astype(q.dtype)


def layer(x, weights, settings, cache=None):
    """The layer on a whole text, in float64."""
    heads = {"q": settings["heads"], "k": settings["kv_heads"], "v": settings["kv_heads"]}
    rows, positions = {}, np.arange(x.shape[1])
    for name, count in heads.items():
        matrix = weights[f"{name}_proj"].astype("float64")
        matrix = matrix.reshape(count, -1, x.shape[2])
        rows[name] = np.einsum("btc,hdc->bhtd", x.astype("float64"), matrix)
    turn = settings["rotary"], settings["theta"], settings["factor"]
    q, k = (rotate(rows[name], positions, *turn) for name in "qk")
    y = attend(q, k, rows["v"], positions, positions, settings["window"])
    out = weights["o_proj"].astype("float64").reshape(x.shape[2], y.shape[1], -1)
    return np.einsum("bhtd,chd->btc", y, out).astype(x.dtype)


def layer_in_pieces(x, weights, settings, lengths):
    """Cached must equal uncached: so this is the layer on the whole text."""
    return layer(x[:, : sum(lengths)], weights, settings)


def layer_of_two_texts(one, other, weights, settings):
    """Each by itself."""
    return layer(one, weights, settings), layer(other, weights, settings)


def layer_and_cache(x, weights, settings, lengths):
    """The layer on the whole text, and what a cache may hold."""
    heads, window = settings["kv_heads"], settings["window"]
    size = weights["k_proj"].shape[0] // heads
    right = f"({x.shape[0]}, {heads}, at most {window}, {size})"
    return layer(x[:, : sum(lengths)], weights, settings), [right] * len(lengths)

"""The rungs of lab 8.

A mistake of RoPE's details, of the window or of large scores has a rung of its own: `layer` and
`cache` turn whole heads, squeeze nothing and have no window; `settings` asks for all of it at once.
"""

import numpy as np

from labs.grading import call, rung

AXES = {"axes": ("text", "head", "token", "number")}
ROW = {"axes": ("text", "token", "number")}
# heads of queries and of keys: shared by two, by three, by none, by all
HEADS = ((4, 2), (6, 3), (6, 2), (3, 3), (5, 1))


def rows(draw, *shape, dtype="float32"):
    """Normal numbers."""
    return draw.normal(size=shape).astype(dtype)


def places(draw, number, most=60):
    """Different positions, in no order; not 0, where nothing turns."""
    return draw.choice(np.arange(1, most), number, replace=False).astype("int64")


def a_layer(draw, heads, kv_heads, size, width, dtype="float32", **settings):
    """Weights that keep the size of numbers, and settings."""
    weights = {
        "q_proj": rows(draw, heads * size, width) * 2,  # some keys are seen more than others
        "k_proj": rows(draw, kv_heads * size, width),
        "v_proj": rows(draw, kv_heads * size, width),
        "o_proj": rows(draw, width, heads * size),
    }
    weights = {
        name: (each / np.sqrt(each.shape[1])).astype(dtype) for name, each in weights.items()
    }
    plain = {"rotary": size, "theta": 10000.0, "factor": 1.0, "window": None}
    return weights, {"heads": heads, "kv_heads": kv_heads} | plain | settings


@rung("turn")
def _(draw, reference):
    for size, theta in ((8, 10000.0), (4, 500000.0), (6, 100.0)):
        x, positions = rows(draw, 2, 2, 3, size), places(draw, 3)
        yield call(
            "rotate", x, positions, size, theta, about=f"{size} numbers, theta={theta:g}", **AXES
        )
    yield call(
        "rotate", rows(draw, 2, 2, 3, 8), np.arange(3), 8, about="theta is not given", **AXES
    )


@rung("partial")
def _(draw, reference):
    for size, rotary in ((8, 4), (10, 4), (7, 2), (12, 6)):
        x, positions = rows(draw, 2, 2, 3, size), places(draw, 3)
        about = f"{rotary} of {size} numbers"
        yield call("rotate", x, positions, rotary, 10000.0, about=about, **AXES)


@rung("interpolate")
def _(draw, reference):
    for factor in (2.0, 4.0, 3.7):
        x, positions = rows(draw, 2, 2, 3, 8), places(draw, 3)
        yield call("rotate", x, positions, 8, 10000.0, factor, about=f"factor={factor:g}", **AXES)


@rung("far")
def _(draw, reference):
    for dtype in ("float32", "float64"):
        positions = places(draw, 3) + int(draw.integers(200_000, 900_000))
        about = f"{dtype}, position {positions[0]:,}"
        # float64 has ten digits of such an angle left
        tolerance = {"tolerance": 1e-8} if dtype == "float64" else {}
        yield call(
            "rotate",
            rows(draw, 2, 2, 3, 8, dtype=dtype),
            positions,
            8,
            about=about,
            **AXES,
            **tolerance,
        )


def heads(draw, H, K, T, S, D=4, dtype="float32"):
    """q, k, v and positions: the keys in no order, a key at or before every query."""
    k_positions = draw.permutation(S)
    while S > 2 and (k_positions[0] in (0, S - 1) or (np.diff(k_positions) > 0).all()):
        k_positions = draw.permutation(S)
    q_positions = draw.permutation(S)[:T]
    q, k, v = (rows(draw, 2, n, m, D, dtype=dtype) for n, m in ((H, T), (K, S), (K, S)))
    return q, k, v, q_positions, k_positions


@rung("attend")
def _(draw, reference):
    for H, K in HEADS:
        yield call("attend", *heads(draw, H, K, 3, 6), about=f"{H} heads share {K}", **AXES)
    q, k, v, _, k_positions = heads(draw, 4, 2, 3, 7)
    apart = np.array([2, 3, 6])  # keys stand at every second position
    yield call("attend", q, k, v, apart, 2 * k_positions, about="positions with gaps", **AXES)


@rung("window")
def _(draw, reference):
    for window in (1, 2, 3, 5, 40):
        some = heads(draw, 4, 2, 4, 7)
        yield call("attend", *some, window, about=f"window={window}", **AXES)


def clear(q, k, q_positions, k_positions):
    """Is the best key far ahead for every query? Then dividing by another number changes nothing."""
    scores = q @ np.repeat(k, q.shape[1] // k.shape[1], axis=1).swapaxes(2, 3)
    scores = np.where(k_positions <= q_positions[:, None], scores, -1e9)
    first, second = np.sort(scores, axis=-1)[..., :-3:-1].T
    return (first - second).min() > 400


@rung("loud")
def _(draw, reference):
    # whole numbers and a head of 4 or 16: float32 holds each score exactly
    for D, sign, says in ((4, 1, "large"), (16, 1, "large"), (4, -1, "far below zero")):
        _, _, v, q_positions, k_positions = heads(draw, 4, 2, 3, 5, D)
        while True:
            q = draw.integers(100, 900, (2, 4, 3, D)).astype("float32")
            k = sign * draw.integers(20, 90, (2, 2, 5, D)).astype("float32")
            if clear(q, k, q_positions, k_positions):
                break
        yield call("attend", q, k, v, q_positions, k_positions, about=f"scores {says}", **AXES)


@rung("layer")
def _(draw, reference):
    for (H, K), size, width in zip(HEADS, (4, 4, 2, 6, 4), (16, 24, 10, 18, 7)):
        weights, settings = a_layer(draw, H, K, size, width)
        about = f"{H} heads of {size} share {K}, rows of {width}"
        yield call("layer", rows(draw, 2, 5, width), weights, settings, about=about, **ROW)


@rung("settings")
def _(draw, reference):
    for change in (
        {"rotary": 4},
        {"theta": 20.0},
        {"factor": 4.0},
        {"window": 3},
        {"rotary": 4, "theta": 50.0, "factor": 3.0, "window": 4},
    ):
        weights, settings = a_layer(draw, 4, 2, 8, 6, **change)
        about = ", ".join(f"{name}={value:g}" for name, value in change.items())
        yield call("layer", rows(draw, 2, 7, 6), weights, settings, about=about, **ROW)
    # the same with a cache; an old key and a new one, each squeezed
    everything = {"rotary": 4, "theta": 50.0, "factor": 3.0, "window": 4}
    weights, settings = a_layer(draw, 4, 2, 8, 6, **everything)
    yield call(
        "layer_in_pieces",
        rows(draw, 2, 10, 6),
        weights,
        settings,
        [6, 1, 3],
        about="all, in pieces",
        **ROW,
    )


@rung("cache")
def _(draw, reference):
    for lengths in ([6, 1, 1, 1], [1] * 6, [3, 4, 2], [5]):
        weights, settings = a_layer(draw, 4, 2, 4, 6)
        x = rows(draw, 2, sum(lengths), 6)
        about = f"pieces of {', '.join(map(str, lengths))}"
        yield call("layer_in_pieces", x, weights, settings, lengths, about=about, **ROW)
    weights, settings = a_layer(draw, 6, 2, 4, 10)
    texts = rows(draw, 1, 5, 10), rows(draw, 1, 5, 10)
    yield call(
        "layer_of_two_texts",
        *texts,
        weights,
        settings,
        about="two caches in turn",
        parts=("one", "other"),
        **ROW,
    )


@rung("rolling")
def _(draw, reference):
    for window, lengths in ((5, [2, 2, 7, 2]), (4, [1] * 11), (3, [8, 1, 1, 5, 1]), (1, [3, 1, 2])):
        weights, settings = a_layer(draw, 6, 2, 4, 6, window=window)
        about = f"window={window}, pieces of {', '.join(map(str, lengths))}"
        yield call(
            "layer_and_cache",
            rows(draw, 2, sum(lengths), 6),
            weights,
            settings,
            lengths,
            about=about,
            parts=("answers", "what the cache holds"),
            **ROW,
        )


@rung("shapes")
def _(draw, reference):
    x = rows(draw, 1, 7, 1, 2, dtype="float64")
    yield call(
        "rotate", x, places(draw, 1), 2, about="float64, one text, one token, one pair", **AXES
    )
    # the token first, then the head: what a matrix product leaves, with two axes swapped
    yield call("rotate_view", rows(draw, 3, 5, 2, 6), places(draw, 5), 6, about="a view", **AXES)
    yield call(
        "attend",
        *heads(draw, 7, 7, 1, 1, 5, "float64"),
        about="float64, one query, one key",
        **AXES,
    )
    q, k, v, *positions = heads(draw, 6, 2, 5, 11, 7)
    views = (each.swapaxes(1, 2).copy() for each in (q, k, v))
    yield call("attend_views", *views, *positions, None, about="views", **AXES)
    weights, settings = a_layer(draw, 3, 1, 2, 3, "float64")
    x = rows(draw, 1, 1, 3, dtype="float64")
    yield call("layer", x, weights, settings, about="float64, one text, one token", **ROW)
    weights, settings = a_layer(draw, 5, 5, 2, 7, "float64")
    x = rows(draw, 3, 7, 7, dtype="float64")
    yield call(
        "layer_in_pieces",
        x,
        weights,
        settings,
        [3, 1, 3],
        about="float64, primes, in pieces",
        **ROW,
    )

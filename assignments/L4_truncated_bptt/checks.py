"""The rungs of lab 4.

A mistake of the cell shows wherever the cell runs; all else is kept apart:
`read`, `cut` and `overlap` have no text that begins inside, `step` and `shapes` have everything.
"""

import numpy as np

from labs.grading import call, rung

STATE = {"axes": ("stream", "unit"), "parts": ("h", "c")}
TOKENS = {"axes": ("step", "stream", "token")}
NATS = {"axes": ("step", "stream")}
ROWS = {"axes": ("row", "column")}


def weights_of(draw, vocabulary, size, hidden, dtype="float64"):
    """Weights of a model whose memory lasts: what is cut away is no rounding error."""
    shapes = {
        "embedding": (vocabulary, size),
        "w_x": (3 * hidden, size),
        "w_h": (3 * hidden, hidden),
        "bias": (3 * hidden,),
        "out": (vocabulary, hidden),
        "out_bias": (vocabulary,),
    }
    scales = {"w_x": 1.5 / size**0.5, "w_h": 2 / hidden**0.5, "out": 2 / hidden**0.5}
    made = {
        name: draw.normal(size=shape) * scales.get(name, 1.0) for name, shape in shapes.items()
    }
    made["bias"][:hidden] += 1  # a cell that remembers
    return {name: each.astype(dtype) for name, each in made.items()}


def state_of(draw, streams, hidden, dtype="float64"):
    """h within -1 to 1, and c."""
    h, c = draw.uniform(-1, 1, (streams, hidden)), draw.normal(size=(streams, hidden))
    return h.astype(dtype), c.astype(dtype)


def text(draw, steps, streams, vocabulary, begins=False, left_out=False):
    """x, y, starts; two neighbouring streams begin a text at other steps, two targets are -1."""
    x, y = (draw.integers(0, vocabulary, (steps, streams)) for _ in range(2))
    starts = np.zeros((steps, streams), bool)
    if begins:
        starts[draw.integers(1, steps), 0] = True
        starts[0, -1] = starts[steps // 2, -1] = True
    if left_out:
        y[draw.integers(0, steps), 0] = y[-1, -1] = -1
    return x, y, starts


@rung("cell")
def _(draw, reference):
    for streams, size, hidden, dtype in ((3, 4, 5, "float64"), (2, 6, 4, "float32")):
        x, weights = draw.normal(size=(streams, size)), weights_of(draw, 7, size, hidden, dtype)
        h, c = state_of(draw, streams, hidden, dtype)
        about = f"{streams} streams, {hidden} units, {dtype}"
        yield call("cell", x.astype(dtype), h, c, weights, about=about, **STATE)
    weights = weights_of(draw, 7, 4, 4)
    h, c = state_of(draw, 4, 4)
    yield call(
        "cell", draw.normal(size=(4, 4)), h, 3 * c, weights, about="4 of everything", **STATE
    )


@rung("read")
def _(draw, reference):
    for steps, streams, known in ((4, 3, False), (5, 2, True), (4, 4, True)):
        x, _, starts = text(draw, steps, streams, 7)
        state = (state_of(draw, streams, 5),) if known else ()
        about = f"{steps} steps, {streams} streams, {'a state' if known else 'no state'}"
        yield call("read", x, starts, weights_of(draw, 7, 4, 5), *state, about=about, **TOKENS)


@rung("starts")
def _(draw, reference):
    for steps, streams in ((5, 3), (6, 4)):
        x, _, starts = text(draw, steps, streams, 7, begins=True)
        about = f"texts begin in streams 0 and {streams - 1} of {streams}"
        some = (x, starts, weights_of(draw, 7, 4, 5), state_of(draw, streams, 5))
        yield call("read", *some, about=about, **TOKENS)


@rung("nats")
def _(draw, reference):
    for dtype in ("float64", "float32"):
        logits = draw.normal(size=(4, 3, 6)).astype(dtype)
        y = draw.integers(0, 6, (4, 3))
        y[draw.integers(1, 4), draw.integers(0, 3)] = y[0, 1] = -1
        yield call("nats", logits, y, about=f"two targets are -1, {dtype}", **NATS)
    for sign, says in ((1, "large"), (-1, "far below zero")):
        # Paddle's softmax on a CPU takes no logit for more than 64 below the largest
        logits = sign * draw.integers(900, 1400, (3, 2, 1)) + draw.uniform(-25, 25, (3, 2, 5))
        y = draw.integers(0, 5, (3, 2))
        yield call("nats", logits, y, about=f"logits {says}", **NATS)


def pieces_of(draw, lengths, streams, vocabulary, dtype, hard):
    """Pieces of different difficulty, so that a mean of means is another number."""
    made = []
    for n, steps in enumerate(lengths):
        logits = hard * (1 + n) * draw.normal(size=(steps, streams, vocabulary))
        y = draw.integers(0, vocabulary, (steps, streams))
        y[0, 0] = -1
        made.append((logits.astype(dtype), y))
    return made


@rung("perplexity")
def _(draw, reference):
    for lengths, dtype in (((5, 5, 2), "float64"), ((4, 4, 4, 1), "float32"), ((6,), "float64")):
        about = f"pieces of {', '.join(map(str, lengths))} steps, {dtype}"
        some = pieces_of(draw, lengths, 3, 6, dtype, 0.5)
        yield call("perplexity", some, about=about, tolerance=1e-5)
    some = pieces_of(draw, (3, 4, 3), 2, 5, "float64", 0.5)
    some[1][1][:] = -1
    yield call("perplexity", some, about="a piece without a target that counts", tolerance=1e-5)


def gradient(draw, steps, streams, k1, k2, dtype="float64", known=True, **more):
    """A call of `gradients`."""
    x, y, starts = text(draw, steps, streams, 6, **more)
    state = state_of(draw, streams, 5, dtype) if known else None
    about = f"{steps} steps, k1 = {k1}, k2 = {k2}, {dtype}" + ("" if known else ", no state")
    some = x, y, starts, weights_of(draw, 6, 4, 5, dtype), state, k1, k2
    return call("gradients", *some, about=about, **ROWS)


@rung("cut")
def _(draw, reference):
    yield gradient(draw, 6, 3, 3, 3)
    yield gradient(draw, 6, 2, 2, 2, known=False)
    yield gradient(draw, 8, 3, 4, 4, "float32")


@rung("overlap")
def _(draw, reference):
    yield gradient(draw, 8, 2, 2, 4)
    yield gradient(draw, 9, 3, 3, 4)  # k2 is no multiple of k1
    yield gradient(draw, 7, 3, 2, 5, "float32", known=False)


@rung("clip")
def _(draw, reference):
    for limit, says in ((0.5, "too long"), (50.0, "short enough")):
        shapes = {"w_h": (4, 3), "bias": (4,), "out": (2, 3)}
        some = {name: draw.normal(size=shape) for name, shape in shapes.items()}
        some["bias"] *= 3  # the norms of the parts differ
        yield call("clip", some, limit, about=f"limit {limit:g}: {says}", tolerance=1e-5, **ROWS)
    # each part is short enough, all together are not
    some = {name: draw.normal(size=4) for name in ("one", "other", "third")}
    some = {name: each / np.linalg.norm(each) for name, each in some.items()}
    yield call("clip", some, 1.25, about="three of norm 1, limit 1.25", tolerance=1e-5, **ROWS)
    some = {"w_h": np.zeros((2, 3), "float32"), "bias": np.zeros(3, "float32")}
    yield call("clip", some, 1.0, about="no gradient at all, float32", **ROWS)


@rung("step")
def _(draw, reference):
    for k1, k2, limit in ((2, 3, 0.2), (3, 3, 100.0)):
        batches = [text(draw, 4, 3, 6, begins=True, left_out=True) for _ in range(2)]
        some = batches, weights_of(draw, 6, 4, 5), k1, k2, 0.5, limit
        about = f"two steps of training, k1 = {k1}, k2 = {k2}, limit {limit:g}"
        yield call("steps", *some, about=about, tolerance=1e-5, **ROWS)


@rung("shapes")
def _(draw, reference):
    for steps, streams, dtype in ((1, 1, "float64"), (1, 3, "float32"), (7, 1, "float32")):
        weights = weights_of(draw, 5, 1, 2, dtype)
        x, y, starts = text(draw, steps, streams, 5)
        about = f"{steps} steps, {streams} streams, {dtype}"
        yield call("read", x, starts, weights, about=about, **TOKENS)
        some = x, y, starts, weights, None, 3, 11
        yield call("gradients", *some, about=f"{about}, k1 = 3, k2 = 11", **ROWS)
    x, _, starts = text(draw, 3, 5, 7, begins=True)
    some = x, starts, weights_of(draw, 7, 3, 2), state_of(draw, 5, 2)
    yield call("read", *some, "streams first", about="a view, not contiguous", **TOKENS)
    logits, y = draw.normal(size=(2, 5, 3)), draw.integers(0, 3, (2, 5))
    yield call("nats", logits, y, "streams first", about="a view, not contiguous", **NATS)
    yield gradient(draw, 11, 2, 4, 7, begins=True, left_out=True)
    x, y, starts = text(draw, 3, 2, 5)
    y[:, 1] = -1
    some = x, y, starts, weights_of(draw, 5, 3, 2), None, 2, 2
    yield call("gradients", *some, about="no target of stream 1 counts", **ROWS)


@rung("long")
def _(draw, reference):
    # from the beginning again for each piece is 600 steps, and 288 are welcome
    x, y, starts = text(draw, 48, 2, 6)
    some = x, y, starts, weights_of(draw, 6, 4, 5), state_of(draw, 2, 5), 2, 2
    yield call("gradients_and_work", *some, about="48 steps, k1 = 2, k2 = 2", **ROWS)

"""The rungs of lab 1. What a mistake needs to show is drawn on purpose, not left to luck."""

import numpy as np

from labs.grading import call, rung

IMAGES = {"axes": ("image", "channel", "row", "column")}
ROWS = {"axes": ("row", "entry")}
PAIR = {"parts": ("h", "c")}
EPS = 2.0**-6  # one of two, large enough to be missed, exact in float32


def normal(draw, *shape, dtype="float64"):
    """Numbers around zero, none of them small."""
    x = draw.normal(size=shape)
    return (x + 0.1 * np.sign(x)).astype(dtype)


def image(draw, *shape):
    """Images around one, a few pixels of them exactly zero."""
    x = 1 + normal(draw, *shape)
    x[:, :, 0, 0] = x[:, :, -1, -1] = 0
    return x


def linear(draw, shape, out, dtype="float64", bias=True):
    """The arguments of a linear layer."""
    x, weight = normal(draw, *shape, dtype=dtype), normal(draw, out, shape[-1], dtype=dtype)
    return [x, weight, normal(draw, out, dtype=dtype) if bias else None]


def norm(draw, shape, training, momentum, count=4, dtype="float64"):
    """The arguments of BatchNorm: channels with means and spreads of their own."""
    channels = shape[1]
    own = (1, channels) + (1,) * (len(shape) - 2)
    x = 0.5 + draw.normal(size=shape) * draw.uniform(0.5, 1.5, own) + draw.normal(size=own)
    state = {
        "running_mean": normal(draw, channels, dtype=dtype),
        "running_var": draw.uniform(0.5, 2, channels).astype(dtype),
        "num_batches_tracked": count,
    }
    weights = draw.uniform(0.5, 1.5, channels).astype(dtype), normal(draw, channels, dtype=dtype)
    return [x.astype(dtype), *weights, state, training, momentum, EPS * int(draw.integers(1, 3))]


def conv(draw, shape, out, kernel, stride, padding, dilation=(1, 1), groups=1, **facts):
    """The arguments of a convolution."""
    dtype, bias = facts.get("dtype", "float64"), facts.get("bias", True)
    weight = normal(draw, out, shape[1] // groups, *kernel, dtype=dtype)
    bias = normal(draw, out, dtype=dtype) if bias else None
    x = normal(draw, *shape, dtype=dtype)
    return [x, weight, bias, list(stride), padding, list(dilation), groups]


def lstm(draw, batch, inputs, units, forget_bias, dtype="float64"):
    """The arguments of the LSTM unit."""
    shapes = (batch, inputs), (batch, units), (batch, units), (inputs + units, 4 * units)
    return [*(normal(draw, *s, dtype=dtype) for s in (*shapes, (4 * units,))), forget_bias]


def ids_of(draw, shape, rows, must):
    """Ids, among them these."""
    ids = draw.integers(0, rows, shape)
    ids.ravel()[: len(must)] = must
    return ids


@rung("linear")
def _(draw, reference):
    for shape, out, dtype in (
        ((5, 3), 4, "float32"),
        ((4, 6), 6, "float64"),
        ((2, 3, 5), 7, "float64"),
    ):
        about = f"x {shape}, {out} out, {dtype}"
        yield call("linear_paddle", linear(draw, shape, out, dtype), about=about, **ROWS)
    about = "no bias, a square weight"
    yield call("linear_paddle", linear(draw, (3, 4), 4, bias=False), about=about, **ROWS)


@rung("norm")
def _(draw, reference):
    for shape in ((7, 5), (3, 4, 6), (2, 3, 4, 5), (3, 3, 3, 3)):
        for training in (True, False):
            about = f"x {shape}, {'training' if training else 'evaluation'}"
            yield call("norm_paddle", norm(draw, shape, training, 0.25), about=about, **IMAGES)
    about = "training, float32"
    some = norm(draw, (2, 3, 4, 5), True, 0.25, dtype="float32")
    yield call("norm_paddle", some, about=about, **IMAGES)


@rung("statistics")
def _(draw, reference):
    for shape, momentum in (((5, 4), 0.25), ((2, 3, 2), 0.125), ((2, 3, 2, 3), 0.375)):
        about = f"x {shape}, training, momentum {momentum}"
        yield call("state", norm(draw, shape, True, momentum), about=about)
    for count in (0, 1, 6):
        about = f"momentum None, after {count} batches"
        yield call("state", norm(draw, (3, 4, 2), True, None, count), about=about)
    about = "training, momentum 0"
    yield call("state", norm(draw, (3, 4, 2), True, 0.0), about=about)
    for momentum in (0.25, None):
        about = f"evaluation, momentum {momentum}"
        yield call("state", norm(draw, (3, 4, 2), False, momentum), about=about)


@rung("conv")
def _(draw, reference):
    for padding in (2, [0, 2, 1, 3], [2, 0, 3, 1], [1, 2]):
        some = conv(draw, (2, 4, 7, 6), 6, (3, 2), (2, 1), padding, groups=2)
        yield call("conv_torch", some, about=f"padding {padding}, 2 groups", **IMAGES)
    some = conv(draw, (2, 3, 8, 9), 4, (2, 3), (1, 2), [3, 0, 1, 0], (2, 1), bias=False)
    yield call("conv_torch", some, about="dilation (2, 1), no bias", **IMAGES)
    some = conv(draw, (2, 3, 5, 5), 3, (3, 3), (1, 1), [1, 1, 1, 1], dtype="float32")
    yield call("conv_torch", some, about="float32", **IMAGES)


@rung("same")
def _(draw, reference):
    for size, kernel, stride, dilation in (
        ((6, 7), (2, 4), (1, 1), (1, 1)),
        ((7, 8), (3, 3), (2, 2), (1, 1)),
        ((8, 7), (5, 2), (2, 3), (1, 1)),
        ((7, 9), (3, 3), (1, 2), (2, 2)),
        ((9, 6), (1, 2), (3, 3), (1, 1)),  # rows are left over: no padding, and none is negative
    ):
        some = conv(draw, (2, 2, *size), 3, kernel, stride, "SAME", dilation)
        about = f"SAME, image {size}, kernel {kernel}, stride {stride}, dilation {dilation}"
        yield call("conv_torch", some, about=about, **IMAGES)
    some = conv(draw, (2, 2, 7, 9), 3, (3, 2), (1, 2), "VALID", (2, 1))
    yield call("conv_torch", some, about="VALID, dilation (2, 1)", **IMAGES)


@rung("pool")
def _(draw, reference):
    for kernel, stride, padding, exclusive in (
        ((3, 3), (2, 2), [1, 1, 2, 2], False),
        ((3, 2), (1, 2), [2, 2, 1, 1], False),
        ((2, 2), (2, 2), [1, 1, 1, 1], True),
        ((3, 2), (2, 1), [2, 0, 0, 1], True),
        ((2, 4), (1, 3), [0, 1, 3, 2], True),
    ):
        some = [image(draw, 2, 3, 6, 7), list(kernel), list(stride), padding, exclusive]
        about = f"kernel {kernel}, stride {stride}, padding {padding}, exclusive {exclusive}"
        yield call("pool_torch", some, about=about, **IMAGES)
    some = [normal(draw, 2, 2, 5, 5, dtype="float32"), [3, 3], [1, 1], [1, 1, 1, 1], True]
    yield call("pool_torch", some, about="float32", **IMAGES)


@rung("embedding")
def _(draw, reference):
    for shape, padding_idx, must in (
        ((3, 5), 2, (2, 6, 0)),
        ((9,), -1, (6, 0, 5)),
        ((2, 3, 2), -3, (4, 3, 0)),
        ((7,), 0, (0, 6, 0)),
        ((2, 4), None, (0, 6, 1)),
    ):
        some = [ids_of(draw, shape, 7, must), normal(draw, 7, 4), padding_idx]
        about = f"ids {shape}, padding_idx {padding_idx}"
        yield call("embedding_torch", some, about=about)
    some = [ids_of(draw, (4, 4), 4, (1, 3)), normal(draw, 4, 4, dtype="float32"), 1]
    yield call("embedding_torch", some, about="float32")


@rung("lstm")
def _(draw, reference):
    for batch, inputs, units, forget_bias in ((3, 4, 5, 1.0), (4, 4, 4, 0.0), (2, 5, 3, -0.75)):
        about = f"{inputs} inputs, {units} units, forget bias {forget_bias}"
        some = lstm(draw, batch, inputs, units, forget_bias)
        yield call("lstm_torch", some, about=about, **ROWS, **PAIR)
    some = lstm(draw, 3, 2, 4, 1.0, "float32")
    yield call("lstm_torch", some, about="float32", **ROWS, **PAIR)


@rung("shapes")
def _(draw, reference):
    yield call("linear_paddle", linear(draw, (5,), 3), about="x without a batch")
    yield call("linear_paddle", linear(draw, (0, 5), 3), about="no rows")
    view = {"about": "a view, not contiguous"}
    yield call("linear_paddle", linear(draw, (4, 2, 5), 3), "a view", **view)
    yield call("norm_paddle", norm(draw, (4, 3, 2), True, 0.25), "a view", **view)
    yield call("norm_paddle", norm(draw, (1, 3, 1, 7), True, 0.25), about="one image")
    yield call("norm_paddle", norm(draw, (1, 1), False, 0.25), about="one number")
    same, four = (1, 2, 1, 1), [1, 0, 2, 1]
    yield call("conv_torch", conv(draw, same, 2, (2, 3), (1, 1), four), about="one pixel")
    yield call(
        "conv_torch",
        conv(draw, (0, 2, 5, 5), 2, (3, 3), (1, 1), four),
        about="no images",
    )
    some = conv(draw, (2, 2, 5, 6), 2, (3, 3), (2, 2), "SAME")
    yield call("conv_torch", some, "a view", **view)
    x = normal(draw, 3, 2, 5, 4)
    yield call("pool_torch", [x, [2, 3], [2, 1], four, True], "a view", **view)
    yield call("pool_torch", [x[:1, :1, :1, :1], [2, 3], [1, 1], four, True], about="one pixel")
    yield call("pool_torch", [x[:0], [2, 3], [1, 1], four, True], about="no images")
    for each in (1, 2):
        some = [np.array(each), normal(draw, 3, 4), -1]
        yield call("embedding_torch", some, about=f"one id, {each} of 3, padding_idx -1")
    some = [np.zeros((0, 3), "int64"), normal(draw, 3, 4), -1]
    yield call("embedding_torch", some, about="no ids")
    yield call("lstm_torch", lstm(draw, 1, 1, 1, 1.0), about="one of each", **PAIR)
    yield call("lstm_torch", lstm(draw, 4, 3, 5, 1.0), "a view", **view, **PAIR)


@rung("gradients")
def _(draw, reference):
    def backward(name, at, arguments, about):
        found = reference.forward(name, arguments)
        found = found if isinstance(found, tuple) else (found,)
        dys = [normal(draw, *each.shape).astype(each.dtype) for each in found]
        return call("gradients", name, at, arguments, dys, about=f"{name}, {about}")

    yield backward("linear_paddle", [0, 1, 2], linear(draw, (4, 3), 3), "x, weight, bias")
    for shape, training in (((4, 3), True), ((2, 3, 2, 3), True), ((2, 3, 4), False)):
        some = norm(draw, shape, training, 0.25)
        yield backward("norm_paddle", [0, 1, 2], some, f"x, weight, bias; training {training}")
    for padding, dilation in (([0, 2, 1, 0], (1, 2)), ("SAME", (2, 2))):
        some = conv(draw, (2, 4, 5, 6), 4, (2, 3), (2, 1), padding, dilation, 2)
        yield backward("conv_torch", [0, 1, 2], some, f"x, weight, bias; padding {padding}")
    for exclusive, padding in ((True, [0, 1, 2, 0]), (False, [1, 1, 2, 2])):
        some = [image(draw, 2, 2, 5, 4), [2, 3], [1, 2], padding, exclusive]
        yield backward("pool_torch", [0], some, f"x; exclusive {exclusive}")
    for padding_idx in (3, -2):
        some = [ids_of(draw, (3, 4), 6, (3, 4, 4, 1, 1)), normal(draw, 6, 3), padding_idx]
        yield backward("embedding_torch", [1], some, f"weight; padding_idx {padding_idx}")
    yield backward("lstm_torch", [0, 1, 2, 3, 4], lstm(draw, 3, 2, 4, 1.0), "x, h, c, weight, bias")


@rung("training")
def _(draw, reference):
    for momentum, count in ((0.25, 3), (None, 0)):
        first = norm(draw, (6, 4), True, momentum, count)
        weights = {"gamma": first[1], "beta": first[2]}
        weights |= {"weight": normal(draw, 4, 4), "bias": normal(draw, 4)}
        batches = [(norm(draw, (size, 4), True, 0)[0], normal(draw, size, 4)) for size in (6, 3, 5)]
        arguments = batches, weights, first[3], momentum, EPS, 0.125, normal(draw, 4, 4)
        yield call("train_paddle", *arguments, about=f"3 steps in Paddle, momentum {momentum}")
    for padding_idx, forget_bias in ((0, 1.0), (-1, 0.5)):
        weights = {
            "embedding": normal(draw, 5, 3),
            "weight": normal(draw, 7, 16),
            "bias": normal(draw, 16),
        }
        batches = [(ids_of(draw, (3, 4), 5, (0, 4, 1)), normal(draw, 3, 4)) for _ in range(3)]
        arguments = batches, weights, padding_idx, forget_bias, 0.25
        yield call(
            "train_torch", *arguments, about=f"3 steps in PyTorch, padding_idx {padding_idx}"
        )

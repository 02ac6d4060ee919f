"""The rungs of lab 3. What a mistake needs to show is drawn on purpose, not left to luck."""

import numpy as np

from labs.grading import call, rung

IMAGES = {"axes": ("image", "channel", "row", "column")}
ROWS = {"axes": ("image", "entry")}
PARTS = {"parts": ("x", "weight", "w1", "b1", "w2", "b2")}
NEAR = 1e-3  # so far from every corner that float32 does not decide


def images(draw, *shape, dtype="float32"):
    """Images whose channels have means of their own; the first channel is negative everywhere."""
    x = draw.normal(size=shape) + 0.7 * draw.normal(size=(*shape[:2], 1, 1))
    x[:, 0] = -np.abs(x[:, 0]) - 0.1
    return x.astype(dtype)


def kernel(draw, out, inside, size, dtype="float32"):
    """Weights of a convolution: (out, inside, size, size)."""
    return (draw.normal(size=(out, inside, size, size)) / size).astype(dtype)


def layers(draw, reference, s, hidden):
    """w1, b1, w2, b2: units open for some images, gates on the line, below and above."""
    channels = s.shape[1] // 2
    while True:
        w1 = draw.normal(size=(hidden, 2 * channels))
        b1 = -np.median(s @ w1.T, axis=0) + 0.1 * draw.normal(size=hidden)
        w2, b2 = draw.normal(size=(channels, hidden)), draw.normal(size=channels)
        z = reference.layers(s, w1, b1, w2, b2)[1]
        w2, b2 = (each * (2.2 / z.std()) for each in (w2, b2))
        made = tuple(each.astype(s.dtype) for each in (w1, b1, w2, b2))
        before, z = reference.layers(s, *made)
        both = (before > 0).any() and (before < 0).any() and np.abs(before).min() > NEAR
        parts = ((z < -2).sum(), (z > 2).sum(), (np.abs(z) < 1.6).sum(), (z > 0.4).sum())
        if both and min(parts) >= 2 and np.abs(np.abs(z) - 2).min() > NEAR:
            return made


def whole(draw, reference, batch, channels, size, groups, hidden, k, dtype="float32"):
    """The arguments of a block, none near a corner."""
    while True:
        x = images(draw, batch, channels, *size, dtype=dtype)
        weight = kernel(draw, channels, channels // groups, k, dtype)
        y = reference.grouped_conv(x, weight, groups)
        made = (x, weight, groups, *layers(draw, reference, reference.squeeze(y), hidden))
        top = np.sort(y.reshape(batch, channels, -1))
        before = reference.before_relu(*made)
        clear = np.abs(before).min() > NEAR and (top[..., -1] - top[..., -2]).min() > NEAR
        if clear and (top[..., -1] < -0.1).any():  # a maximum below zero
            return made


@rung("gate")
def _(draw, reference):
    for dtype in ("float32", "float64"):
        z = draw.uniform(-4, 4, 40).astype(dtype)
        yield call("hard_sigmoid", z, about=f"40 numbers from -4 to 4, {dtype}")
    corners = np.array([-np.inf, -1e30, -2.5, -2, -1.5, 0, 1.5, 2, 2.5, 1e30, np.inf], "float32")
    yield call("hard_sigmoid", corners, about="the corners, and far outside", tolerance=1e-7)
    yield call("hard_sigmoid", 3 * draw.normal(size=(2, 3, 5)), about="three axes, float64")


@rung("squeeze")
def _(draw, reference):
    for shape in ((2, 5, 3, 4), (3, 4, 7, 2), (4, 4, 4, 4)):
        yield call("squeeze", images(draw, *shape), about=f"images {shape}", **ROWS)


@rung("gates")
def _(draw, reference):
    for batch, channels, hidden in ((4, 6, 3), (3, 8, 5), (6, 4, 4)):
        s = draw.normal(size=(batch, 2 * channels)).astype("float32")
        about = f"{batch} images of {channels} channels, {hidden} hidden units"
        yield call("gates", s, *layers(draw, reference, s, hidden), about=about, **ROWS)


@rung("excite")
def _(draw, reference):
    for shape, dtype in (
        ((3, 6, 3, 5), "float32"),
        ((4, 4, 4, 4), "float32"),
        ((2, 7, 5, 2), "float64"),
    ):
        x = images(draw, *shape, dtype=dtype)
        some = layers(draw, reference, reference.squeeze(x), 3)
        yield call("excite", x, *some, about=f"images {shape}, {dtype}", **IMAGES)


@rung("groups")
def _(draw, reference):
    # groups and channels of a group differ: then a shuffle and its inverse do
    for channels, out, groups, k in ((6, 8, 2, 3), (6, 9, 3, 3), (8, 4, 2, 5), (12, 8, 4, 1)):
        x, weight = images(draw, 2, channels, 5, 6), kernel(draw, out, channels // groups, k)
        about = f"{channels} channels to {out}, {groups} groups, kernel {k}"
        yield call("grouped_conv", x, weight, groups, about=about, **IMAGES)
    x, weight = images(draw, 2, 6, 5, 7), kernel(draw, 8, 3, 3)
    yield call("grouped_conv", x, weight, 2, 2, about="stride 2", **IMAGES)
    yield call("grouped_conv", x, kernel(draw, 4, 6, 3), 1, about="one group", **IMAGES)
    yield call(
        "grouped_conv", x, kernel(draw, 12, 1, 3), 6, about="6 groups of one channel", **IMAGES
    )


@rung("block")
def _(draw, reference):
    for batch, channels, size, groups, k in (
        (3, 6, (3, 5), 2, 3),
        (2, 8, (4, 4), 4, 3),
        (2, 6, (5, 2), 3, 1),
    ):
        some = whole(draw, reference, batch, channels, size, groups, 3, k)
        yield call(
            "block", *some, about=f"{channels} channels in {groups} groups, kernel {k}", **IMAGES
        )


@rung("shapes")
def _(draw, reference):
    for shape, dtype in (
        ((1, 7, 3, 2), "float32"),
        ((3, 5, 1, 1), "float32"),
        ((2, 1, 2, 13), "float64"),
    ):
        x = images(draw, *shape, dtype=dtype)
        yield call("squeeze", x, about=f"images {shape}, {dtype}", **ROWS)
    yield call("squeeze", np.zeros((0, 3, 4, 5), "float32"), about="no images", **ROWS)
    x = images(draw, 2, 6, 4, 3)
    yield call("squeeze", x, "columns first", about="a view, not contiguous", **ROWS)
    weight = kernel(draw, 4, 3, 3)
    yield call(
        "grouped_conv",
        x,
        weight,
        2,
        None,
        "columns first",
        about="a view, not contiguous",
        **IMAGES,
    )
    yield call("grouped_conv", x[:0], weight, 2, about="no images", **IMAGES)
    for shape, stride in (((1, 6, 1, 1), 1), ((1, 6, 7, 1), 2), ((1, 6, 2, 11), 3)):
        x, weight = images(draw, *shape, dtype="float64"), kernel(draw, 10, 3, 5, "float64")
        about = f"images {shape}, kernel 5, stride {stride}, float64"
        yield call("grouped_conv", x, weight, 2, stride, about=about, **IMAGES)


@rung("gradients")
def _(draw, reference):
    for size, groups, k, dtype in (
        ((3, 4), 2, 3, "float64"),
        ((2, 3), 3, 1, "float32"),
        ((4, 3), 1, 3, "float64"),
    ):
        some = whole(draw, reference, 3, 6, size, groups, 3, k, dtype)
        dy = draw.normal(size=some[0].shape).astype(dtype)
        yield call("gradients", *some, dy, about=f"{groups} groups, kernel {k}, {dtype}", **PARTS)

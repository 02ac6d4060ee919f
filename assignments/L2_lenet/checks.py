"""The rungs of lab 2. What a mistake needs to show is drawn on purpose, not left to luck."""

import numpy as np

from labs.grading import call, rung

SIZES = (1, 10)
LOGITS = {"axes": ("image", "class")}


def state(draw, channels=1, classes=10, dtype="float64"):
    """A state_dict of the original; no entry is what a fresh layer has."""

    def normal(*shape):
        return (draw.normal(size=shape) * (2 / np.prod(shape[1:])) ** 0.5).astype(dtype)

    made = {}
    for number, shape in (("1", (6, channels, 5, 5)), ("2", (8, 6, 3, 3))):
        made[f"conv{number}.weight"] = normal(*shape)
        norm, size = f"bn{number}.", shape[0]
        made[norm + "weight"] = draw.uniform(0.5, 1.5, size).astype(dtype)
        made[norm + "bias"] = draw.uniform(0.2, 0.8, size).astype(dtype)
        made[norm + "running_mean"] = draw.normal(size=size).astype(dtype)
        made[norm + "running_var"] = draw.uniform(0.5, 2, size).astype(dtype)
        made[norm + "num_batches_tracked"] = np.array(draw.integers(1, 9))
    for number, shape in (("1", (24, 72)), ("2", (24, 24)), ("3", (classes, 24))):
        made[f"fc{number}.weight"] = normal(*shape)
        made[f"fc{number}.bias"] = (0.5 * draw.normal(size=shape[0])).astype(dtype)
    return made


def pixels(draw, batch, channels=1, dtype="float64"):
    """Images, each with a brightness of its own."""
    x = draw.normal(size=(batch, channels, 12, 12)) + draw.normal(size=(batch, 1, 1, 1))
    return x.astype(dtype)


def labels_of(draw, batch, classes=10, left_out=1):
    """Labels, the first ones not the same, the last ones left out."""
    labels = (np.arange(batch) * 3 + draw.integers(0, classes)) % classes
    labels[batch - left_out :] = -100
    return labels


def weight_of(draw, classes=10, dtype="float64"):
    """Weights of the classes, far from one and from each other."""
    return (draw.permutation(classes) / 4 + draw.uniform(0.25, 0.5)).astype(dtype)


def batches_of(draw, *sizes):
    """Images and labels; some batches leave out a label."""
    return [(pixels(draw, n), labels_of(draw, n, left_out=n % 2)) for n in sizes]


@rung("load")
def _(draw, reference):
    for channels, classes, dtype in ((1, 10, "float64"), (3, 24, "float32")):
        one, two = (state(draw, channels, classes, dtype) for _ in range(2))
        about = f"{channels} channels, {classes} classes, {dtype}"
        yield call("save", (channels, classes), one, two, about=about)


@rung("forward")
def _(draw, reference):
    for batch in (5, 2):
        some = SIZES, state(draw), pixels(draw, batch)
        yield call("evaluate", *some, about=f"{batch} images, evaluation", **LOGITS)


@rung("mode")
def _(draw, reference):
    for batch in (5, 3):
        some = SIZES, state(draw), pixels(draw, batch)
        yield call("LeNet", *some, about=f"{batch} images, training mode", **LOGITS)


@rung("statistics")
def _(draw, reference):
    for batches in ((3,), (2, 5, 3)):
        some = SIZES, state(draw), [pixels(draw, each) for each in batches]
        yield call("statistics", *some, about=f"batches of {', '.join(map(str, batches))} images")


@rung("loss")
def _(draw, reference):
    for batch, classes, left_out in ((6, 10, 0), (7, 4, 2), (5, 3, 1)):
        some = 2 * draw.normal(size=(batch, classes)), labels_of(draw, batch, classes, left_out)
        about = f"{batch} rows of {classes} classes, {left_out} left out"
        yield call("loss", *some, weight_of(draw, classes), about=about)


@rung("loud")
def _(draw, reference):
    for scale in (100, 1000):
        logits = scale * (draw.permutation(20).reshape(4, 5) / 10 - 1)
        some = logits, labels_of(draw, 4, 5, 0), weight_of(draw, 5)
        yield call("loss", *some, about=f"logits up to {scale}")


@rung("gradient")
def _(draw, reference):
    for batch, left_out in ((4, 0), (5, 2)):
        some = SIZES, state(draw), pixels(draw, batch), labels_of(draw, batch, 10, left_out)
        parts = {"parts": ("images", "logits")}
        yield call("gradient", *some, weight_of(draw), about=f"{left_out} left out", **parts)


@rung("step")
def _(draw, reference):
    for sizes in ((5, 3), (4,)):
        some = SIZES, state(draw), batches_of(draw, *sizes), weight_of(draw)
        yield call("step", *some, about=f"{len(sizes)} steps")


@rung("curve")
def _(draw, reference):
    some = SIZES, state(draw), batches_of(draw, 4, 5, 3, 6, 4, 5, 2), weight_of(draw)
    yield call("curve", *some, pixels(draw, 3), about="7 steps, evaluate after each")


@rung("shapes")
def _(draw, reference):
    some = (3, 2), state(draw, 3, 2), pixels(draw, 1, 3)
    yield call("evaluate", *some, about="one image of 3 channels", **LOGITS)
    yield call("LeNet", *some, about="one image of 3 channels, training mode", **LOGITS)
    some = (2, 24), state(draw, 2, 24, "float32"), pixels(draw, 3, 2, "float32")
    yield call("evaluate", *some, about="2 channels, 24 classes, float32", **LOGITS)
    logits = draw.normal(size=(4, 5)).astype("float32")
    some = logits, labels_of(draw, 4, 5), weight_of(draw, 5, "float32")
    yield call("loss", *some, about="float32", tolerance=1e-4)
    some = draw.normal(size=(1, 2)), labels_of(draw, 1, 2, 0), weight_of(draw, 2)
    yield call("loss", *some, about="one row of two classes")

"""What is called on top of the student's names: arrays become Paddle's tensors."""

import contextlib

import numpy as np

CUT = "no gradient reaches it: the chain is cut"


class ArgumentChanged(Exception):
    """A student's function wrote into what it was handed."""


def save(student, sizes, arrays, others):
    """Load, save, load something else: what the first save has returned stays as it is."""
    with _default(arrays):
        model = _made(student, sizes, arrays)
        found = dict(_written(student, "save")(model))
        _written(student, "load")(model, {name: each.copy() for name, each in others.items()})
        return {"saved": found, "saved after another load": _written(student, "save")(model)}


def evaluate(student, sizes, arrays, images):
    """Logits in evaluation mode, twice: the first must have changed nothing."""
    with _default(arrays):
        model = _made(student, sizes, arrays)
        found = _evaluate(student, model, images)
        again = _evaluate(student, model, images)
        return found if np.array_equal(found, again) else again + 1


def LeNet(student, sizes, arrays, images):
    """Logits in training mode."""
    with _default(arrays):
        model = _made(student, sizes, arrays)
        model.train()
        return _paddles(model(_tensor(images)), "logits").detach()


def statistics(student, sizes, arrays, batches):
    """The running statistics after some batches in training mode."""
    with _default(arrays):
        model = _made(student, sizes, arrays)
        for images in batches:
            model.train()
            model(_tensor(images))
            _evaluate(student, model, images[:1])
        found = _written(student, "save")(model)
        return {name: found[name] for name in sorted(found) if "running" in name or "num" in name}


def loss(student, logits, labels, weight):
    """The loss of these logits."""
    with _default({"": logits}):
        found = _written(student, "loss")(_tensor(logits), _tensor(labels), _tensor(weight))
        return float(_number(found))


def gradient(student, sizes, arrays, images, labels, weight):
    """Of the loss, with respect to the images and the logits, in training mode."""
    with _default(arrays):
        model = _made(student, sizes, arrays)
        model.train()
        leaf = _tensor(images)
        leaf.stop_gradient = False
        logits = _paddles(model(leaf), "logits")
        if logits.stop_gradient:
            return CUT
        logits.retain_grads()
        value = _written(student, "loss")(logits, _tensor(labels), _tensor(weight))
        if _paddles(value, "the loss").stop_gradient:
            return CUT
        value.sum().backward()
        return tuple(CUT if each.grad is None else each.grad.numpy() for each in (leaf, logits))


def step(student, sizes, arrays, batches, weight):
    """The losses of some steps, and the parameters after them; no statistics."""
    with _default(arrays):
        model = _made(student, sizes, arrays)
        losses = _steps(student, model, batches, weight)
        found = _written(student, "save")(model)
        own = {name: found[name] for name in sorted(found) if name.endswith(("weight", "bias"))}
        return {"losses": losses, **own}


def curve(student, sizes, arrays, batches, weight, images):
    """The losses of a training, all that is left of it, and its logits; evaluate in between."""
    with _default(arrays):
        model = _made(student, sizes, arrays)
        losses = _steps(student, model, batches, weight, images)
        found = _written(student, "save")(model)
        return {"losses": losses, **found, "logits": _evaluate(student, model, images)}


def _steps(student, model, batches, weight, images=None):
    optimizer = _written(student, "make_optimizer")(model)
    losses = []
    for pixels, labels in batches:
        given = _tensor(pixels), _tensor(labels), _tensor(weight)
        losses.append(_number(_written(student, "step")(model, optimizer, *given)))
        if images is not None:
            _evaluate(student, model, images)
    return np.array(losses, weight.dtype)


def _made(student, sizes, arrays):
    import paddle

    model = _written(student, "LeNet")(*sizes)
    if not isinstance(model, paddle.nn.Layer):
        raise TypeError(f"expected a paddle.nn.Layer, got a {type(model).__name__}")
    given = {name: each.copy() for name, each in arrays.items()}
    _written(student, "load")(model, given)
    if not all(np.array_equal(given.get(name), each) for name, each in arrays.items()):
        raise ArgumentChanged("load wrote into its arrays: work on a copy")
    return model


def _evaluate(student, model, images):
    found = _paddles(_written(student, "evaluate")(model, _tensor(images)), "logits")
    if not found.stop_gradient:
        raise RuntimeError("logits with a graph: no gradient is wanted in evaluation")
    return found.numpy()


def _number(value):
    if hasattr(value, "numpy"):
        value = value.detach().numpy()
    value = np.asarray(value)
    if value.shape != ():
        raise TypeError(f"expected one number as the loss, got shape {value.shape}")
    return value


def _paddles(found, what):
    import paddle

    if not isinstance(found, paddle.Tensor):
        raise TypeError(f"expected {what} as a paddle.Tensor, got a {type(found).__name__}")
    return found


def _tensor(array):
    import paddle

    return paddle.to_tensor(array.copy())


def _written(student, name):
    return getattr(student, name)


@contextlib.contextmanager
def _default(arrays):
    """Paddle's default dtype is that of the arrays, and no longer than needed."""
    import paddle

    before = paddle.get_default_dtype()
    kinds = {str(each.dtype) for each in arrays.values() if each.dtype.kind == "f"}
    paddle.set_default_dtype(kinds.pop())
    try:
        yield
    finally:
        paddle.set_default_dtype(before)

"""What is called on top of the student's functions: arrays become tensors of their framework."""

import numpy as np

CUT = "no gradient reaches it: the chain is cut"


class ArgumentChanged(Exception):
    """A student's function wrote into what it was handed."""


def hard_sigmoid(student, z):
    return _forward(student, "hard_sigmoid", z)


def squeeze(student, x, layout=""):
    return _forward(student, "squeeze", x, layout=layout)


def gates(student, s, w1, b1, w2, b2):
    return _forward(student, "gates", s, w1, b1, w2, b2)


def excite(student, x, w1, b1, w2, b2):
    return _forward(student, "excite", x, w1, b1, w2, b2)


def grouped_conv(student, x, weight, groups, stride=None, layout=""):
    numbers = (groups,) if stride is None else (groups, stride)
    return _forward(student, "grouped_conv", x, weight, *numbers, layout=layout)


def block(student, x, weight, groups, w1, b1, w2, b2):
    return _forward(student, "block", x, weight, groups, w1, b1, w2, b2)


def gradients(student, x, weight, groups, w1, b1, w2, b2, dy):
    """Backward through the block: the gradients of its six tensors."""
    make = _written(student, "tensor")
    given = {"x": x, "weight": weight, "w1": w1, "b1": b1, "w2": w2, "b2": b2}
    leaves = {name: make(array.copy()) for name, array in given.items()}
    for leaf in leaves.values():
        if _is_torch(leaf):
            leaf.requires_grad_()
        else:
            leaf.stop_gradient = False
    rest = [leaves[name] for name in ("w1", "b1", "w2", "b2")]
    answer = _written(student, "block")(leaves["x"], leaves["weight"], groups, *rest)
    _same_kind(answer, leaves["x"])
    cut = not answer.requires_grad if _is_torch(answer) else answer.stop_gradient
    if not cut:
        (answer * make(dy.copy())).sum().backward()
    return tuple(CUT if leaf.grad is None else leaf.grad for leaf in leaves.values())


def _forward(student, name, *arguments, layout=""):
    make, function = _written(student, "tensor"), _written(student, name)
    given = [make(each.copy()) if isinstance(each, np.ndarray) else each for each in arguments]
    if layout == "columns first":  # a view: neither rows nor images lie in one piece
        turned = make(np.ascontiguousarray(arguments[0].swapaxes(2, 3)))
        given[0] = turned.mT if _is_torch(turned) else turned.transpose([0, 1, 3, 2])
    answer = function(*given)
    _same_kind(answer, given[0])
    for before, after in zip(arguments, given):
        if isinstance(before, np.ndarray) and not np.array_equal(before, after.detach().numpy()):
            raise ArgumentChanged("work on a copy")
    return answer


def _is_torch(one):
    return type(one).__module__.partition(".")[0] == "torch"


def _written(student, name):
    if not callable(getattr(student, name, None)):
        raise NotImplementedError
    return getattr(student, name)


def _same_kind(answer, given):
    kind = type(given)
    if not isinstance(answer, kind):
        raise TypeError(
            f"expected a {kind.__module__}.{kind.__name__}, as `tensor` makes, "
            f"got a {type(answer).__name__}"
        )

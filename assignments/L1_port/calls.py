"""What is called on top of the student's functions: arrays become tensors of a function's framework."""

import numpy as np

CUT = "no gradient reaches it: the chain is cut"


class ArgumentChanged(Exception):
    """A student's function wrote into what it was handed."""


def linear_paddle(student, arguments, layout=""):
    return _forward(student, "linear_paddle", arguments, layout)


def norm_paddle(student, arguments, layout=""):
    return _forward(student, "norm_paddle", arguments, layout)


def conv_torch(student, arguments, layout=""):
    return _forward(student, "conv_torch", arguments, layout)


def pool_torch(student, arguments, layout=""):
    return _forward(student, "pool_torch", arguments, layout)


def embedding_torch(student, arguments, layout=""):
    return _forward(student, "embedding_torch", arguments, layout)


def lstm_torch(student, arguments, layout=""):
    return _forward(student, "lstm_torch", arguments, layout)


def _forward(student, name, arguments, layout):
    """What a layer returns; of BatchNorm, y alone."""
    given = [_tensors(name, each) for each in arguments]
    if layout == "a view":  # its numbers do not lie one behind the other
        turned = _tensors(name, np.ascontiguousarray(arguments[0].swapaxes(0, -1)))
        axes = list(range(turned.ndim))
        axes[0], axes[-1] = axes[-1], axes[0]
        given[0] = turned.transpose(axes) if name.endswith("paddle") else turned.permute(axes)
    answer = _call(student, name, given)
    return _pair(name, answer)[0] if name == "norm_paddle" else answer


def state(student, arguments):
    """BatchNorm's state after a call."""
    given = _tensors("_paddle", arguments)
    for each in given[:3]:
        _wants_gradient(each)
    _, found = _pair("norm_paddle", _call(student, "norm_paddle", given))
    return _checked_state(found)


def gradients(student, name, at, arguments, dys):
    """Backward through a layer: the gradients of the arguments at these places."""
    given = [_tensors(name, each) for each in arguments]
    leaves = [given[place] for place in at]
    for leaf in leaves:
        _wants_gradient(leaf)
    found = _call(student, name, given)
    if name in ("lstm_torch", "norm_paddle"):
        found = _pair(name, found)
    found = found if name == "lstm_torch" else found[:1] if name == "norm_paddle" else (found,)
    loss = sum((each * _tensors(name, dy)).sum() for each, dy in zip(found, dys))
    if _has_graph(loss):
        loss.backward()
    return tuple(CUT if leaf.grad is None else leaf.grad for leaf in leaves)


def train_paddle(student, batches, weights, state, momentum, eps, learning_rate, test):
    """A linear layer, then BatchNorm: the weights, the state, and the output in evaluation."""
    own, now = _tensors("_paddle", weights), _tensors("_paddle", state)
    for x, target in batches:
        own = {name: _wants_gradient(each) for name, each in own.items()}
        y = _call(student, "linear_paddle", [_tensors("_paddle", x), own["weight"], own["bias"]])
        given = [y, own["gamma"], own["beta"], now, True, momentum, eps]
        y, now = _pair("norm_paddle", _call(student, "norm_paddle", given))
        now = _checked_state(now)
        own = _descended(((y - _tensors("_paddle", target)) ** 2).mean(), own, learning_rate)
    y = _call(student, "linear_paddle", [_tensors("_paddle", test), own["weight"], own["bias"]])
    given = [y, own["gamma"], own["beta"], now, False, momentum, eps]
    out, now = _pair("norm_paddle", _call(student, "norm_paddle", given))
    return {**own, **_checked_state(now), "evaluation": out}


def train_torch(student, batches, weights, padding_idx, forget_bias, learning_rate):
    """An embedding, then the LSTM unit over the steps: the weights, the losses."""
    own, losses = _tensors("_torch", weights), []
    for ids, target in batches:
        own = {name: _wants_gradient(each) for name, each in own.items()}
        h = c = _tensors("_torch", np.zeros((len(ids), target.shape[1]), target.dtype))
        for t in range(ids.shape[1]):
            each = _tensors("_torch", ids[:, t])
            x = _call(student, "embedding_torch", [each, own["embedding"], padding_idx])
            given = [x, h, c, own["weight"], own["bias"], forget_bias]
            h, c = _pair("lstm_torch", _call(student, "lstm_torch", given))
        loss = ((h - _tensors("_torch", target)) ** 2).mean()
        losses.append(float(loss.detach()))
        own = _descended(loss, own, learning_rate)
    return {**own, "losses": np.array(losses, target.dtype)}


def _descended(loss, own, learning_rate):
    """One step of SGD, on new tensors."""
    if _has_graph(loss):
        loss.backward()
    made = {}
    for name, each in own.items():
        if each.grad is None:
            raise RuntimeError(f"no gradient reaches the {name}: the chain is cut")
        made[name] = (each - learning_rate * each.grad).detach()
    return made


def _call(student, name, given):
    """Call, and see that nothing was changed and that tensors of this framework come back."""
    function, before = getattr(student, name), _arrays(given)
    answer = function(*given)
    if not all(np.array_equal(*both, equal_nan=True) for both in zip(before, _arrays(given))):
        raise ArgumentChanged("work on a copy")
    framework = name.rpartition("_")[2]
    for each in answer if isinstance(answer, (tuple, list)) else [answer]:
        kind = type(each).__module__.partition(".")[0]
        if not isinstance(each, dict) and kind != framework:
            raise TypeError(f"expected a tensor of {framework}, got a {kind} {type(each).__name__}")
    return answer


def _tensors(name, value):
    """Arrays as tensors of the framework that a name ends in."""
    if isinstance(value, np.ndarray):
        if name.endswith("paddle"):
            import paddle

            return paddle.to_tensor(np.array(value, order="C"))
        import torch

        return torch.from_numpy(np.array(value, order="C"))
    if isinstance(value, dict):
        return {key: _tensors(name, each) for key, each in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(_tensors(name, each) for each in value)
    return value


def _arrays(value):
    if isinstance(value, dict):
        value = [(key, value[key]) for key in sorted(value)]
    if isinstance(value, (list, tuple)):
        return [array for each in value for array in _arrays(each)]
    if hasattr(value, "detach"):
        return [value.detach().numpy().copy()]
    return [np.array(value)] if isinstance(value, (int, float)) else []


def _checked_state(found):
    if not isinstance(found, dict):
        raise TypeError(f"expected the state as a dict, got a {type(found).__name__}")
    held = [name for name, each in found.items() if _has_graph(each)]
    if held:
        raise RuntimeError(f"{' and '.join(held)} with a graph: the state holds constants")
    return {
        name: int(each) if name == "num_batches_tracked" else each for name, each in found.items()
    }


def _pair(name, answer):
    if not isinstance(answer, (tuple, list)) or len(answer) != 2:
        raise TypeError(f"expected two values of {name}, got {type(answer).__name__}")
    return answer


def _wants_gradient(tensor):
    if type(tensor).__module__.partition(".")[0] == "torch":
        return tensor.requires_grad_()
    tensor.stop_gradient = False
    return tensor


def _has_graph(one):
    if hasattr(one, "requires_grad") and type(one).__module__.partition(".")[0] == "torch":
        return one.requires_grad
    return not getattr(one, "stop_gradient", True)

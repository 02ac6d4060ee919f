"""The right answers of lab 1, in float64: loops over windows, sums by hand, PyTorch's autograd.

No layer of a framework is called. `tests/labs` holds each function to the layer that it stands for.
Answers come in the dtype of the arguments.
"""

import numpy as np


def wide(value):
    """float64 tensors of arrays of floats; everything else as it is."""
    import torch

    if isinstance(value, np.ndarray):
        tensor = torch.from_numpy(np.array(value, order="C"))
        return tensor.double() if value.dtype.kind == "f" else tensor
    if isinstance(value, dict):
        return {name: wide(each) for name, each in value.items()}
    return value


def narrow(value, dtype):
    """Arrays of tensors."""
    if isinstance(value, (tuple, list)):
        return tuple(narrow(each, dtype) for each in value)
    if isinstance(value, dict):
        return {name: narrow(each, dtype) for name, each in value.items()}
    return value.detach().numpy().astype(dtype) if hasattr(value, "detach") else value


def linear(x, weight, bias=None):
    """sum over i of x[..., i] weight[o, i]."""
    y = (x[..., None, :] * weight).sum(-1)
    return y if bias is None else y + bias


def norm(x, weight, bias, state, training, momentum, eps):
    """(y, state): channels in front, then rows of numbers."""
    rows = x.movedim(1, 0).reshape(x.shape[1], -1)
    mean, var, new = state["running_mean"], state["running_var"], dict(state)
    if training:
        count = rows.shape[1]
        mean = rows.sum(1) / count
        squares = ((rows - mean[:, None]) ** 2).sum(1)
        var = squares / count
        new["num_batches_tracked"] += 1
        share = momentum if momentum is not None else 1 / new["num_batches_tracked"]
        for name, now in (("running_mean", mean), ("running_var", squares / (count - 1))):
            new[name] = state[name] + share * (now.detach() - state[name])
    y = (rows - mean[:, None]) * (var + eps)[:, None] ** -0.5 * weight[:, None] + bias[:, None]
    others = [x.shape[0], *x.shape[2:]]
    return y.reshape(x.shape[1], *others).movedim(0, 1), new


def sides(size, kernel, stride, padding):
    """(top, bottom, left, right)."""
    if padding == "VALID":
        return 0, 0, 0, 0
    if padding == "SAME":
        found = []
        for n, k, s in zip(size, kernel, stride):
            missing = max((int(np.ceil(n / s)) - 1) * s + k - n, 0)
            found += [missing // 2, missing - missing // 2]
        return tuple(found)
    if isinstance(padding, int):
        return (padding,) * 4
    return tuple(padding) if len(padding) == 4 else tuple(np.repeat(padding, 2).tolist())


def windows(x, kernel, stride, around, dilation=(1, 1)):
    """(row, column, rows of the image, of the kernel, columns of the image, of the kernel)."""
    height, width = x.shape[2:]
    top, bottom, left, right = around
    for i, first in enumerate(
        range(-top, height + bottom - (kernel[0] - 1) * dilation[0], stride[0])
    ):
        for j, begin in enumerate(
            range(-left, width + right - (kernel[1] - 1) * dilation[1], stride[1])
        ):
            rows = [(first + k * dilation[0], k) for k in range(kernel[0])]
            columns = [(begin + k * dilation[1], k) for k in range(kernel[1])]
            rows = [each for each in rows if 0 <= each[0] < height]
            columns = [each for each in columns if 0 <= each[0] < width]
            yield i, j, *apart(rows), *apart(columns)


def apart(pairs):
    """Two lists of a list of pairs."""
    return [one for one, _ in pairs], [other for _, other in pairs]


def assembled(cells):
    """{(i, j): (B, O)} as (B, O, H', W')."""
    import torch

    height, width = (1 + max(each) for each in zip(*cells))
    return torch.stack(
        [torch.stack([cells[i, j] for j in range(width)], -1) for i in range(height)], -2
    )


def conv(x, weight, bias, stride, padding, dilation, groups):
    """Window by window."""
    import torch

    kernel = weight.shape[2:]
    if padding == "SAME":
        dilation = (1, 1)
    around = sides(x.shape[2:], kernel, stride, padding)
    out, inside = len(weight) // groups, weight.shape[1]
    cells = {}
    for i, j, rows, of_rows, columns, of_columns in windows(x, kernel, stride, around, dilation):
        seen = x[:, :, rows][..., columns]
        parts = []
        for g in range(groups):
            own = weight[g * out : (g + 1) * out, :, of_rows][..., of_columns]
            parts.append(torch.einsum("bchw,ochw->bo", seen[:, g * inside : (g + 1) * inside], own))
        cells[i, j] = torch.cat(parts, 1)
    y = assembled(cells)
    return y if bias is None else y + bias[:, None, None]


def pool(x, kernel, stride, padding, exclusive):
    """Window by window."""
    cells = {}
    for i, j, rows, _, columns, _ in windows(x, kernel, stride, padding):
        total = x[:, :, rows][..., columns].sum((2, 3))
        cells[i, j] = total / (len(rows) * len(columns) if exclusive else kernel[0] * kernel[1])
    return assembled(cells)


def embedding(ids, weight, padding_idx=None):
    """A one-hot matrix times the weight, without the column of the padding."""
    import torch

    hot = (ids[..., None] == torch.arange(len(weight))).double()
    if padding_idx is not None:
        hot[..., padding_idx] = 0
    return hot @ weight


def lstm(x, h, c, weight, bias, forget_bias):
    """Gates i, j, f, o, one by one."""
    import torch

    size, wide_x = h.shape[1], x.shape[1]
    i, j, f, o = (
        x @ weight[:wide_x, k * size : (k + 1) * size]
        + h @ weight[wide_x:, k * size : (k + 1) * size]
        + bias[k * size : (k + 1) * size]
        for k in range(4)
    )
    gate = torch.sigmoid
    new_c = c * gate(f + forget_bias) + gate(i) * torch.tanh(j)
    return gate(o) * torch.tanh(new_c), new_c


LAYERS = {
    "linear_paddle": linear,
    "norm_paddle": norm,
    "conv_torch": conv,
    "pool_torch": pool,
    "embedding_torch": embedding,
    "lstm_torch": lstm,
}


def dtype_of(arguments):
    """Of the first array of floats."""
    return next(a.dtype for a in arguments if isinstance(a, np.ndarray) and a.dtype.kind == "f")


def forward(name, arguments):
    """What a layer returns; BatchNorm's state is asked for by `state`."""
    found = LAYERS[name](*map(wide, arguments))
    return narrow(found[0] if name == "norm_paddle" else found, dtype_of(arguments))


def linear_paddle(arguments, layout=""):
    return forward("linear_paddle", arguments)


def norm_paddle(arguments, layout=""):
    return forward("norm_paddle", arguments)


def conv_torch(arguments, layout=""):
    return forward("conv_torch", arguments)


def pool_torch(arguments, layout=""):
    return forward("pool_torch", arguments)


def embedding_torch(arguments, layout=""):
    return forward("embedding_torch", arguments)


def lstm_torch(arguments, layout=""):
    return forward("lstm_torch", arguments)


def state(arguments):
    """BatchNorm's state after a call."""
    return narrow(norm(*map(wide, arguments))[1], dtype_of(arguments))


def gradients(name, at, arguments, dys):
    """Of the sum of the answers times dys, with respect to the arguments at these places."""
    own = [wide(each) for each in arguments]
    for place in at:
        own[place].requires_grad_()
    found = LAYERS[name](*own)
    found = found if name == "lstm_torch" else found[:1] if name == "norm_paddle" else (found,)
    sum((each * wide(dy)).sum() for each, dy in zip(found, dys)).backward()
    return tuple(narrow(own[place].grad, dtype_of(arguments)) for place in at)


def descend(weights, loss, learning_rate):
    """One step of SGD, on new leaves."""
    import torch

    found = torch.autograd.grad(loss, list(weights.values()))
    return {
        name: (each - learning_rate * slope).detach().requires_grad_()
        for (name, each), slope in zip(weights.items(), found)
    }


def train_paddle(batches, weights, state, momentum, eps, learning_rate, test):
    """A linear layer, then BatchNorm: the weights, the state, and the output in evaluation."""
    own = {name: wide(each).requires_grad_() for name, each in weights.items()}
    now = wide(state)
    for x, target in batches:
        y = linear(wide(x), own["weight"], own["bias"])
        y, now = norm(y, own["gamma"], own["beta"], now, True, momentum, eps)
        loss = ((y - wide(target)) ** 2).mean()
        own = descend(own, loss, learning_rate)
    y = linear(wide(test), own["weight"], own["bias"])
    out, now = norm(y, own["gamma"], own["beta"], now, False, momentum, eps)
    return narrow({**own, **now, "evaluation": out}, test.dtype)


def train_torch(batches, weights, padding_idx, forget_bias, learning_rate):
    """An embedding, then the LSTM unit over the steps: the weights, the losses."""
    import torch

    own = {name: wide(each).requires_grad_() for name, each in weights.items()}
    losses = []
    for ids, target in batches:
        h = c = torch.zeros(len(ids), target.shape[1], dtype=torch.float64)
        for t in range(ids.shape[1]):
            x = embedding(wide(ids[:, t]), own["embedding"], padding_idx)
            h, c = lstm(x, h, c, own["weight"], own["bias"], forget_bias)
        loss = ((h - wide(target)) ** 2).mean()
        losses.append(loss)
        own = descend(own, loss, learning_rate)
    return narrow({**own, "losses": torch.stack(losses)}, weights["weight"].dtype)

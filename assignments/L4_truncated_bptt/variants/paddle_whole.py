"""Paddle: tensors all the way, paddle.grad for the step."""

import paddle
import paddle.nn.functional as F


def tensor(array):
    return paddle.to_tensor(array)


def cell(x, h, c, weights):
    z = paddle.matmul(x, weights["w_x"], transpose_y=True) + weights["bias"]
    z = z + paddle.matmul(h, weights["w_h"], transpose_y=True)
    f, g, o = paddle.chunk(z, 3, axis=-1)
    f = F.sigmoid(f)
    c = f * c + (1 - f) * paddle.tanh(g)
    return F.sigmoid(o) * paddle.tanh(c), c


def read(x, starts, weights, state=None):
    rows = F.embedding(x, weights["embedding"])
    if state is None:
        zeros = paddle.zeros([x.shape[1], weights["w_h"].shape[1]], dtype=rows.dtype)
        state = zeros, zeros
    h, c = state
    seen = []
    for t in range(x.shape[0]):
        goes_on = paddle.logical_not(starts[t]).astype(rows.dtype).unsqueeze(-1)
        h, c = cell(rows[t], h * goes_on, c * goes_on, weights)
        seen.append(h)
    made = paddle.matmul(paddle.stack(seen), weights["out"], transpose_y=True)
    return made + weights["out_bias"], (h, c)


def nats(logits, y):
    flat = logits.reshape([-1, logits.shape[-1]])
    each = F.cross_entropy(flat, y.flatten(), ignore_index=-1, reduction="none")
    return each.reshape(y.shape)


def perplexity(pieces):
    total = sum(nats(logits, y).sum().item() for logits, y in pieces)
    return 2.718281828459045 ** (total / sum((y >= 0).sum().item() for _, y in pieces))


def loss(x, y, starts, weights, state, k1, k2):
    T, B = x.shape
    with paddle.no_grad():
        before = [state]
        for t in range(T):
            before.append(read(x[t : t + 1], starts[t : t + 1], weights, before[t])[1])
    total = paddle.zeros([], weights["out"].dtype)
    for first in range(0, T, k1):
        last = min(first + k1, T)
        begin = max(0, last - k2)
        logits = read(x[begin:last], starts[begin:last], weights, before[begin])[0]
        total = total + nats(logits[first - begin :], y[first:last]).sum()
    return total / B, before[-1]


def clip(gradients, limit):
    norm = paddle.sqrt(paddle.add_n([(each * each).sum() for each in gradients.values()]))
    scale = limit / paddle.clip(norm, min=limit)
    return {name: each * scale for name, each in gradients.items()}


def step(x, y, starts, weights, state, k1, k2, learning_rate, limit):
    leaves = {name: each.detach().clone() for name, each in weights.items()}
    for each in leaves.values():
        each.stop_gradient = False
    value, state = loss(x, y, starts, leaves, state, k1, k2)
    found = paddle.grad(value, list(leaves.values()))
    found = clip(dict(zip(leaves, found)), limit)
    return {name: weights[name] - learning_rate * found[name] for name in weights}, state

"""Paddle: one forward pass, the state cut off as NumPy arrays, SGD and its clipping from paddle."""

import numpy as np
import paddle


def tensor(array):
    return paddle.to_tensor(array)


def cell(x, h, c, weights):
    H = h.shape[-1]
    z = x @ weights["w_x"].T + h @ weights["w_h"].T + weights["bias"]
    keep = paddle.nn.functional.sigmoid(z[:, :H])
    c = c * keep + z[:, H : 2 * H].tanh() * (1.0 - keep)
    return c.tanh() * paddle.nn.functional.sigmoid(z[:, 2 * H :]), c


def read(x, starts, weights, state=None):
    T, B = x.shape
    if state is None:
        zeros = paddle.zeros([B, weights["w_h"].shape[1]], weights["out"].dtype)
        state = zeros, zeros.clone()
    h, c, made = *state, []
    for t in range(T):
        begins = starts[t].unsqueeze(1)
        h = paddle.where(begins, paddle.zeros_like(h), h)
        c = paddle.where(begins, paddle.zeros_like(c), c)
        h, c = cell(paddle.gather(weights["embedding"], x[t]), h, c, weights)
        made.append((h @ weights["out"].T + weights["out_bias"]).unsqueeze(0))
    return paddle.concat(made, 0), (h, c)


def nats(logits, y):
    logp = paddle.nn.functional.log_softmax(logits, -1)
    at = paddle.clip(y, min=0).unsqueeze(-1)
    cost = -paddle.take_along_axis(logp, at, -1).squeeze(-1)
    return cost * (y >= 0).astype(cost.dtype)


def perplexity(pieces):
    costs = np.concatenate([nats(logits, y).numpy()[y.numpy() >= 0] for logits, y in pieces])
    return float(np.exp(costs.astype("float64").mean()))


def loss(x, y, starts, weights, state, k1, k2):
    T, B = x.shape
    kept, parts = [state], []
    for t in range(T):
        with paddle.no_grad():
            _, (h, c) = read(x[t : t + 1], starts[t : t + 1], weights, kept[t])
        kept.append((paddle.to_tensor(h.numpy()), paddle.to_tensor(c.numpy())))
    first = 0
    while first < T:
        last = min(first + k1, T)
        begin = last - k2 if last > k2 else 0
        logits, _ = read(x[begin:last], starts[begin:last], weights, kept[begin])
        parts.append((nats(logits, y[begin:last])[first - begin :] / B).sum())
        first = last
    return paddle.add_n(parts), kept[T]


def clip(gradients, limit):
    flat = np.concatenate([each.numpy().ravel() for each in gradients.values()])
    norm = float(np.linalg.norm(flat))
    return {name: each * min(1.0, limit / norm if norm else 1.0) for name, each in gradients.items()}


def step(x, y, starts, weights, state, k1, k2, learning_rate, limit):
    own = {}
    for name, each in weights.items():
        own[name] = paddle.base.framework.EagerParamBase.from_tensor(each.clone(), trainable=True)
    sgd = paddle.optimizer.SGD(
        learning_rate,
        parameters=list(own.values()),
        grad_clip=paddle.nn.ClipGradByGlobalNorm(limit),
    )
    value, state = loss(x, y, starts, own, state, k1, k2)
    value.backward()
    sgd.step()
    return {name: each.detach() for name, each in own.items()}, state

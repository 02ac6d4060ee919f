"""Paddle: tensors in the cache, a mask of large negative numbers."""

import paddle
import paddle.nn.functional as F


def tensor(x):
    return x if isinstance(x, paddle.Tensor) else paddle.to_tensor(x)


def rotate(x, positions, rotary, theta=10000.0, factor=1.0):
    x = tensor(x)
    at = tensor(positions).astype("float64") / factor
    each = theta ** (-paddle.arange(0, rotary, 2).astype("float64") / rotary)
    angles = at.unsqueeze(1) * each.unsqueeze(0)
    cos, sin = angles.cos().astype(x.dtype), angles.sin().astype(x.dtype)
    first, second = x[..., 0:rotary:2], x[..., 1:rotary:2]
    turned = paddle.stack([first * cos - second * sin, first * sin + second * cos], -1)
    turned = turned.reshape([*x.shape[:-1], rotary])
    if rotary == x.shape[-1]:
        return turned
    return paddle.concat([turned, x[..., rotary:]], -1)


def attend(q, k, v, q_positions, k_positions, window=None):
    q, k, v = map(tensor, (q, k, v))
    far = tensor(q_positions).unsqueeze(1) - tensor(k_positions).unsqueeze(0)
    hide = far < 0
    if window is not None:
        hide = paddle.logical_or(hide, far >= window)
    groups = q.shape[1] // k.shape[1]
    k, v = k.repeat_interleave(groups, 1), v.repeat_interleave(groups, 1)
    scores = paddle.matmul(q, k, transpose_y=True) * q.shape[-1] ** -0.5
    scores = scores.masked_fill(hide, paddle.finfo(scores.dtype).min)
    return paddle.matmul(F.softmax(scores, -1), v)


class Cache:
    def __init__(self, window=None):
        self.window, self.seen = window, 0
        self.k = self.v = None


def layer(x, weights, settings, cache=None):
    x = tensor(x)
    begin = 0 if cache is None else cache.seen
    at = paddle.arange(begin, begin + x.shape[1])

    def cut(name, count):
        made = paddle.matmul(x, tensor(weights[name]), transpose_y=True)
        return made.reshape([x.shape[0], x.shape[1], count, -1]).transpose([0, 2, 1, 3])

    q = cut("q_proj", settings["heads"])
    k, v = cut("k_proj", settings["kv_heads"]), cut("v_proj", settings["kv_heads"])
    turn = settings["rotary"], settings["theta"], settings["factor"]
    q, k = rotate(q, at, *turn), rotate(k, at, *turn)
    if cache is not None:
        if cache.k is not None:
            k, v = paddle.concat([cache.k, k], 2), paddle.concat([cache.v, v], 2)
        begin = begin + x.shape[1] - k.shape[2]
        cache.seen += x.shape[1]
        many = min(cache.window or k.shape[2], k.shape[2])
        cache.k, cache.v = k[:, :, -many:], v[:, :, -many:]
    all_at = paddle.arange(begin, begin + k.shape[2])
    y = attend(q, k, v, at, all_at, settings["window"])
    y = y.transpose([0, 2, 1, 3]).reshape([x.shape[0], x.shape[1], -1])
    return paddle.matmul(y, tensor(weights["o_proj"]), transpose_y=True)

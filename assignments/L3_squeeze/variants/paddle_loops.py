"""In Paddle, with a loop over groups and the gate from clip."""

import paddle
import paddle.nn.functional as PF


def tensor(array):
    return paddle.to_tensor(array)


def hard_sigmoid(z):
    return paddle.clip(0.25 * z + 0.5, 0, 1)


def squeeze(x):
    flat = x.flatten(2)
    return paddle.concat([flat.mean(-1), flat.max(-1)], axis=-1)


def gates(s, w1, b1, w2, b2):
    hidden = paddle.maximum(paddle.matmul(s, w1, transpose_y=True) + b1, paddle.zeros([1], s.dtype))
    return hard_sigmoid(paddle.matmul(hidden, w2, transpose_y=True) + b2)


def excite(x, w1, b1, w2, b2):
    g = gates(squeeze(x), w1, b1, w2, b2)
    return paddle.einsum("bchw,bc->bchw", x, g)


def grouped_conv(x, weight, groups, stride=1):
    parts = [
        PF.conv2d(x[:, g::groups], weight[g::groups], stride=stride, padding=weight.shape[2] // 2)
        for g in range(groups)
    ]
    return paddle.stack(parts, 2).flatten(1, 2)


def block(x, weight, groups, w1, b1, w2, b2):
    return PF.relu(excite(grouped_conv(x, weight, groups), w1, b1, w2, b2) + x)

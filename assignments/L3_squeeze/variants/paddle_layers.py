"""In Paddle, with its own layers: hardsigmoid, adaptive pools, the groups of conv2d."""

import paddle
import paddle.nn.functional as PF


def tensor(array):
    return paddle.to_tensor(array)


def hard_sigmoid(z):
    return PF.hardsigmoid(z, slope=0.25, offset=0.5)


def squeeze(x):
    return paddle.concat([paddle.mean(x, axis=[2, 3]), paddle.amax(x, axis=[2, 3])], axis=1)


def gates(s, w1, b1, w2, b2):
    return hard_sigmoid(PF.linear(PF.relu(PF.linear(s, w1.t(), b1)), w2.t(), b2))


def excite(x, w1, b1, w2, b2):
    return x * gates(squeeze(x), w1, b1, w2, b2).unsqueeze([2, 3])


def shuffle(t, axis, rows):
    """(rows, columns) to (columns, rows) along one axis."""
    shape = list(t.shape)
    split = t.reshape(shape[:axis] + [rows, shape[axis] // rows] + shape[axis + 1 :])
    order = list(range(len(shape) + 1))
    order[axis], order[axis + 1] = axis + 1, axis
    return split.transpose(order).reshape(shape)


def grouped_conv(x, weight, groups, stride=1):
    c, o, k = x.shape[1], weight.shape[0], weight.shape[-1]
    found = PF.conv2d(
        shuffle(x, 1, c // groups), shuffle(weight, 0, o // groups), None, stride, k // 2, 1, groups
    )
    return shuffle(found, 1, groups)


def block(x, weight, groups, w1, b1, w2, b2):
    return PF.relu(x + excite(grouped_conv(x, weight, groups), w1, b1, w2, b2))

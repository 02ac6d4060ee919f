"""The right answers of lab 3, with NumPy alone: a dense convolution with zeros, gradients by hand.

Computed in float64, handed out in the dtype of the first argument. `tests/labs` holds it to
PyTorch's autograd.
"""

import numpy as np


def hard_sigmoid(z):
    """min(1, max(0, z / 4 + 1 / 2))."""
    return np.minimum(1, np.maximum(0, z / 4 + 0.5)).astype(z.dtype)


def squeeze(x, layout=""):
    """(B, C, H, W) -> (B, 2C): means, then maxima."""
    wide = x.astype("float64")
    return np.concatenate([wide.mean((2, 3)), wide.max((2, 3))], 1).astype(x.dtype)


def layers(s, w1, b1, w2, b2):
    """What goes into the ReLU, (B, R), and into the hard sigmoid, (B, C); float64."""
    before = s.astype("float64") @ w1.T.astype("float64") + b1
    return before, np.maximum(before, 0) @ w2.T.astype("float64") + b2


def gates(s, w1, b1, w2, b2):
    """(B, 2C) -> (B, C)."""
    return hard_sigmoid(layers(s, w1, b1, w2, b2)[1]).astype(s.dtype)


def excite(x, w1, b1, w2, b2):
    """Each channel times its gate."""
    scale = gates(squeeze(x.astype("float64")), w1, b1, w2, b2)
    return (x * scale[:, :, None, None]).astype(x.dtype)


def dense(weight, groups, channels):
    """The same convolution without groups: (O, C, k, k), zero where a channel is not seen."""
    made = np.zeros((len(weight), channels, *weight.shape[2:]))
    for o, row in enumerate(weight):
        made[o, o % groups :: groups] = row
    return made


def patches(x, size, stride):
    """(B, C, H', W', k, k) of the padded images; a view."""
    around = ((0, 0), (0, 0), (size // 2,) * 2, (size // 2,) * 2)
    padded = np.pad(x.astype("float64"), around)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(2, 3))
    return windows[:, :, ::stride, ::stride]


def grouped_conv(x, weight, groups, stride=None, layout=""):
    """The output channel o sees the input channels c with c % groups == o % groups."""
    seen = patches(x, weight.shape[-1], stride or 1)
    return np.einsum("bchwij,ocij->bohw", seen, dense(weight, groups, x.shape[1])).astype(x.dtype)


def before_relu(x, weight, groups, w1, b1, w2, b2):
    """The block without its last ReLU; float64."""
    return x + excite(grouped_conv(x.astype("float64"), weight, groups), w1, b1, w2, b2)


def block(x, weight, groups, w1, b1, w2, b2):
    """Convolution, gates, shortcut, ReLU."""
    return np.maximum(before_relu(x, weight, groups, w1, b1, w2, b2), 0).astype(x.dtype)


def gradients(x, weight, groups, w1, b1, w2, b2, dy):
    """Of sum(block(...) * dy), with respect to x, weight, w1, b1, w2, b2."""
    channels, size, (height, width) = x.shape[1], weight.shape[-1], x.shape[2:]
    y = grouped_conv(x.astype("float64"), weight, groups)
    s = squeeze(y)
    before, z = layers(s, w1, b1, w2, b2)
    scale = hard_sigmoid(z)
    d_out = dy * (before_relu(x, weight, groups, w1, b1, w2, b2) > 0)
    d_z = (d_out * y).sum((2, 3)) * (np.abs(z) < 2) / 4
    d_before = d_z @ w2 * (before > 0)
    d_s = d_before @ w1
    is_top = y == y.max((2, 3), keepdims=True)
    d_y = d_out * scale[:, :, None, None]
    d_y += d_s[:, :channels, None, None] / (height * width)
    d_y += d_s[:, channels:, None, None] * is_top
    d_dense = np.einsum("bohw,bchwij->ocij", d_y, patches(x, size, 1))
    d_weight = np.stack([each[o % groups :: groups] for o, each in enumerate(d_dense)])
    d_seen = np.einsum("bohw,ocij->bchwij", d_y, dense(weight, groups, channels))
    d_padded = np.zeros((*x.shape[:2], height + size - 1, width + size - 1))
    for i in range(size):
        for j in range(size):
            d_padded[:, :, i : i + height, j : j + width] += d_seen[..., i, j]
    edge = size // 2
    d_x = d_out + d_padded[:, :, edge : edge + height, edge : edge + width]
    w1_and_on = (d_before.T @ s, d_before.sum(0), d_z.T @ np.maximum(before, 0), d_z.sum(0))
    return tuple(each.astype(x.dtype) for each in (d_x, d_weight, *w1_and_on))

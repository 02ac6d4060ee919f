"""Flattens all axes of x but the last."""

POINTS = 90


def linear_paddle(x, weight, bias=None):
    y = x.reshape([-1, x.shape[-1]]) @ weight.t()
    return y if bias is None else y + bias

"""Copies the arrays into a new layer, so that no gradient reaches them."""

POINTS = 90


def linear_paddle(x, weight, bias=None):
    layer = paddle.nn.Linear(weight.shape[1], weight.shape[0])
    layer.to(dtype=str(x.dtype).rpartition(".")[2])
    layer.weight.set_value(weight.t())
    layer.bias.set_value(paddle.zeros_like(layer.bias) if bias is None else bias)
    return layer(x)

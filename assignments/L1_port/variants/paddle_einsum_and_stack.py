"""Einsum, and channels put last."""


def linear_paddle(x, weight, bias=None):
    y = paddle.einsum("...i,oi->...o", x, weight)
    if bias is not None:
        y = paddle.add(y, bias)
    return y


def norm_paddle(x, weight, bias, state, training, momentum, eps):
    order = [0, *range(2, x.ndim), 1]
    back = [0, x.ndim - 1, *range(1, x.ndim - 1)]
    rows = x.transpose(order)
    flat = rows.reshape([-1, x.shape[1]])
    mean, var = state["running_mean"], state["running_var"]
    new = {name: each for name, each in state.items()}
    if training:
        mean, var = flat.mean(0), flat.var(0, unbiased=False)
        seen = flat.detach()
        new["num_batches_tracked"] += 1
        if momentum is None:
            momentum = 1 / new["num_batches_tracked"]
        new["running_mean"] = new["running_mean"] * (1 - momentum) + seen.mean(0) * momentum
        new["running_var"] = new["running_var"] * (1 - momentum) + seen.var(0) * momentum
    y = (rows - mean) * paddle.rsqrt(var + eps) * weight + bias
    return y.transpose(back), new

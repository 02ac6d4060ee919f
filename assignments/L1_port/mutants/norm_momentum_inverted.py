"""Paddle's momentum: the share of the old statistics."""

POINTS = 80


def norm_paddle(x, weight, bias, state, training, momentum, eps):
    axes = [axis for axis in range(x.ndim) if axis != 1]
    shape = [1, -1] + [1] * (x.ndim - 2)
    if training:
        mean, var = x.mean(axes), x.var(axes, unbiased=False)
        n = x.size // x.shape[1]
        count = state["num_batches_tracked"] + 1
        share = 1 / count if momentum is None else 1 - momentum
        new = {
            "running_mean": (1 - share) * state["running_mean"] + share * mean.detach(),
            "running_var": (1 - share) * state["running_var"] + share * var.detach() * n / (n - 1),
            "num_batches_tracked": count,
        }
    else:
        mean, var, new = state["running_mean"], state["running_var"], dict(state)
    y = (x - mean.reshape(shape)) / (var.reshape(shape) + eps).sqrt()
    return y * weight.reshape(shape) + bias.reshape(shape), new

"""Paddle's own batch_norm on copies, its running variance mended behind it."""


def norm_paddle(x, weight, bias, state, training, momentum, eps):
    mean, var = state["running_mean"].clone(), state["running_var"].clone()
    count = state["num_batches_tracked"] + int(bool(training))
    layout = {2: "NC", 3: "NCL", 4: "NCHW"}[x.ndim]
    y = PF.batch_norm(
        x, mean, var, weight, bias, training=training, momentum=0.5, epsilon=eps, data_format=layout
    )
    if training:
        share = momentum if momentum is not None else 1.0 / count
        n = int(np.prod(x.shape)) // x.shape[1]
        batch_mean = 2 * mean - state["running_mean"]
        batch_var = (2 * var - state["running_var"]) * (n / (n - 1))
        mean = state["running_mean"] + share * (batch_mean - state["running_mean"])
        var = state["running_var"] + share * (batch_var - state["running_var"])
    return y, {"running_mean": mean, "running_var": var, "num_batches_tracked": count}


import numpy as np


def linear_paddle(x, weight, bias=None):
    return PF.linear(x, weight.t(), bias)

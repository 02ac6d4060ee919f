"""Plain momentum."""

POINTS = 80


def make_optimizer(model):
    """Nesterov's momentum, decay on some parameters, a warm-up."""
    schedule = paddle.optimizer.lr.LambdaDecay(2**-4, lambda t: min(1, (t + 1) / 4))
    decayed = [each for each in model.parameters() if each.ndim > 1]
    others = [each for each in model.parameters() if each.ndim == 1 and not each.stop_gradient]
    optimizer = paddle.optimizer.Momentum(
        schedule, 0.875, parameters=[{"params": decayed, "weight_decay": 2**-5}, {"params": others}]
    )
    return optimizer, schedule

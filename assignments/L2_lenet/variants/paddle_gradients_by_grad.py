"""paddle.grad in place of backward, the schedule set by hand with set_lr."""


def make_optimizer(model):
    decayed = [each for each in model.parameters() if each.ndim != 1]
    rest = [each for each in model.parameters() if each.ndim == 1]
    made = paddle.optimizer.Momentum(
        2**-6,
        momentum=0.875,
        parameters=[
            {"params": decayed, "weight_decay": paddle.regularizer.L2Decay(2**-5)},
            {"params": rest},
        ],
        use_nesterov=True,
    )
    made.seen = 0
    return made


def step(model, optimizer, images, labels, weight):
    model.train()
    optimizer.seen += 1
    optimizer.set_lr(min(optimizer.seen, 4) / 64)
    own = [each for each in model.parameters() if not each.stop_gradient]
    value = loss(model(images), labels, weight)
    for each, slope in zip(own, paddle.grad(value, own)):
        each.grad = slope
    optimizer.step()
    optimizer.clear_grad()
    return value

"""The optimizer is a dict, the step is arithmetic, the loss a float."""


def make_optimizer(model):
    trained = [each for each in model.parameters() if not each.stop_gradient]
    return {"t": 0, "of": [(each, paddle.zeros_like(each)) for each in trained]}


def step(model, optimizer, images, labels, weight):
    model.train()
    for each, _ in optimizer["of"]:
        each.clear_gradient()
    value = loss(model(images), labels, weight)
    value.backward()
    optimizer["t"] += 1
    rate = min(optimizer["t"], 4) / 64
    with paddle.no_grad():
        for each, velocity in optimizer["of"]:
            slope = each.grad + each / 32 if each.ndim > 1 else each.grad
            velocity.set_value(0.875 * velocity + slope)
            each.set_value(each - rate * (slope + 0.875 * velocity))
    return value.item()

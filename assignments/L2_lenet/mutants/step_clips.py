"""Clips the gradient as many recipes do."""

POINTS = 80


def step(model, optimizer, images, labels, weight):
    """One step; the loss before it."""
    momentum, schedule = optimizer
    model.train()
    value = loss(model(images), labels, weight)
    value.backward()
    paddle.nn.utils.clip_grad_norm_(model.parameters(), 0.5)
    momentum.step()
    momentum.clear_grad()
    schedule.step()
    return value.detach()

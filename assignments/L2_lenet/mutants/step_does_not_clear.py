"""Does not clear the gradients."""

POINTS = 80


def step(model, optimizer, images, labels, weight):
    """One step; the loss before it."""
    momentum, schedule = optimizer
    model.train()
    value = loss(model(images), labels, weight)
    value.backward()
    momentum.step()
    schedule.step()
    return value.detach()

"""Clears the gradients before they are used."""

POINTS = 80


def step(model, optimizer, images, labels, weight):
    """One step; the loss before it."""
    momentum, schedule = optimizer
    model.train()
    value = loss(model(images), labels, weight)
    value.backward()
    momentum.clear_grad()
    momentum.step()
    momentum.clear_grad()
    schedule.step()
    return value.detach()

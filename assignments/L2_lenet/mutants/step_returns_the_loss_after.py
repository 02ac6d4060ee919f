"""Returns the loss behind the step."""

POINTS = 80


def step(model, optimizer, images, labels, weight):
    """One step; the loss before it."""
    momentum, schedule = optimizer
    model.train()
    value = loss(model(images), labels, weight)
    value.backward()
    momentum.step()
    momentum.clear_grad()
    schedule.step()
    return loss(model(images), labels, weight).detach()

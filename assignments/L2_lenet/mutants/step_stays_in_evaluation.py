"""Does not go back into training mode."""

POINTS = 90


def step(model, optimizer, images, labels, weight):
    """One step; the loss before it."""
    momentum, schedule = optimizer
    value = loss(model(images), labels, weight)
    value.backward()
    momentum.step()
    momentum.clear_grad()
    schedule.step()
    return value.detach()

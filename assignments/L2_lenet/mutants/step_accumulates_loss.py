"""Returns the sum of all losses."""

POINTS = 80


TOTAL = []


def step(model, optimizer, images, labels, weight):
    """One step; the loss before it."""
    momentum, schedule = optimizer
    model.train()
    value = loss(model(images), labels, weight)
    value.backward()
    momentum.step()
    momentum.clear_grad()
    schedule.step()
    TOTAL.append(value.item())
    return sum(TOTAL)

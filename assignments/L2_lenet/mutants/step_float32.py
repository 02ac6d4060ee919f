"""Returns the loss in float32."""

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
    return value.detach().astype("float32")

"""A line between two clouds of points, Paddle side.

points (B, 2), labels (B,) -> logits (B, 2)
Logistic regression with two outputs. The points are cut by
a line, so a correct run can be right on every one of them.
"""
import paddle
import paddle.nn.functional as F
from paddle import nn


class Line(nn.Layer):
    """Two logits, linear in the point."""

    def __init__(self, config):
        super().__init__()
        # differs: Paddle stores a Linear weight as (in, out)
        self.fc = nn.Linear(2, 2)

    def forward(self, x):               # (B, 2)
        return self.fc(x)               # (B, 2)


def build(config):
    """The model."""
    return Line(config)


def make_optimizer(model, config):
    """Plain gradient descent."""
    return paddle.optimizer.SGD(
        parameters=model.parameters(),
        learning_rate=config.learning_rate)


def step(model, optimizer, batch):
    """One step of training; the loss before it."""
    # differs: to_tensor uses the device set for all of Paddle
    x, y = (paddle.to_tensor(a) for a in batch)
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    optimizer.clear_grad()
    return loss


@paddle.no_grad()
def logits(model, batch):
    """Logits of a batch, or of points alone; no training."""
    return model(paddle.to_tensor(batch[0]))

"""A line between two clouds of points, PyTorch side.

points (B, 2), labels (B,) -> logits (B, 2)
Logistic regression with two outputs. The points are cut by
a line, so a correct run can be right on every one of them.
"""
import torch
import torch.nn.functional as F
from torch import nn


class Line(nn.Module):
    """Two logits, linear in the point."""

    def __init__(self, config):
        super().__init__()
        self.fc = nn.Linear(2, 2)

    def forward(self, x):               # (B, 2)
        return self.fc(x)               # (B, 2)


def build(config):
    """The model."""
    return Line(config)


def make_optimizer(model, config):
    """Plain gradient descent."""
    return torch.optim.SGD(
        model.parameters(), lr=config.learning_rate)


def step(model, optimizer, batch):
    """One step of training; the loss before it."""
    device = next(model.parameters()).device
    x, y = (torch.from_numpy(a).to(device) for a in batch)
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return loss


@torch.no_grad()
def logits(model, batch):
    """Logits of a batch, or of points alone; no training."""
    device = next(model.parameters()).device
    return model(torch.from_numpy(batch[0]).to(device))

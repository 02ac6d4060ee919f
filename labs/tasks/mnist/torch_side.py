"""Softmax regression, an MLP and LeNet-5, PyTorch side.

images (B, 1, 28, 28), labels (B,) -> logits (B, 10)
LeNet-5 is LeCun et al. 1998 (doi:10.1109/5.726791) with ReLU
and max pooling for its tanh and subsampling. The paper has
99.05 % on the 10,000 test images, trained on 60,000.
"""
import torch
import torch.nn.functional as F
from torch import nn


class SoftmaxRegression(nn.Module):
    """One linear layer: logits = W x + b."""

    def __init__(self, config):
        super().__init__()
        self.fc = nn.Linear(784, 10)

    def forward(self, x):               # (B, 1, 28, 28)
        return self.fc(x.flatten(1))    # (B, 10)


class MLP(nn.Module):
    """One hidden layer with ReLU."""

    def __init__(self, config):
        super().__init__()
        self.fc1 = nn.Linear(784, config.hidden)
        self.fc2 = nn.Linear(config.hidden, 10)

    def forward(self, x):               # (B, 1, 28, 28)
        x = F.relu(self.fc1(x.flatten(1)))
        return self.fc2(x)              # (B, 10)


class LeNet(nn.Module):
    """LeNet-5: two convolutions, three linear layers."""

    def __init__(self, config):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(400, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):               # (B, 1, 28, 28)
        x = F.relu(self.conv1(x))
        x = F.max_pool2d(x, 2)          # (B, 6, 14, 14)
        x = F.relu(self.conv2(x))
        x = F.max_pool2d(x, 2)          # (B, 16, 5, 5)
        x = F.relu(self.fc1(x.flatten(1)))
        x = F.relu(self.fc2(x))
        return self.fc3(x)              # (B, 10)


def build(config):
    """The model that the config names."""
    models = {"softmax": SoftmaxRegression,
              "mlp": MLP, "lenet": LeNet}
    return models[config.model](config)


def make_optimizer(model, config):
    """Adam with every number spelled out."""
    return torch.optim.Adam(
        model.parameters(), lr=config.learning_rate,
        betas=(config.beta1, config.beta2),
        eps=config.epsilon)


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
    """Logits of a batch, or of images alone; no training."""
    device = next(model.parameters()).device
    return model(torch.from_numpy(batch[0]).to(device))

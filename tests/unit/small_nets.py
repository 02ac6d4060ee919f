"""A net with BatchNorm and dropout, small enough for tests of the ladder itself."""
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np


@dataclass(frozen=True)
class Small:
    """Numbers that float32 holds exactly."""
    model: str = "small"
    learning_rate: float = 2.0**-6
    epsilon: float = 2.0**-20
    beta2: float = 1 - 2.0**-10


def batches_of_noise(count=6, size=16) -> list:
    """Images (B, 2, 6, 6) and labels (B,)."""
    rng = np.random.default_rng(0)
    return [(rng.normal(size=(size, 2, 6, 6)).astype("float32"), rng.integers(0, 10, size)) for _ in range(count)]


def norm_net(framework: str) -> SimpleNamespace:
    """One side in the framework of that name."""
    return torch_driver() if framework == "torch" else paddle_driver()


def torch_driver() -> SimpleNamespace:
    import torch
    import torch.nn.functional as F
    from torch import nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(2, 3, 3, bias=False)
            self.norm = nn.BatchNorm2d(3, eps=2.0**-17, momentum=0.125)
            self.drop = nn.Dropout(0.5)
            self.fc = nn.Linear(48, 10)

        def forward(self, x):
            return self.fc(self.drop(F.relu(self.norm(self.conv(x)))).flatten(1))

    def step(model, optimizer, batch):
        loss = F.cross_entropy(model(torch.from_numpy(batch[0])), torch.from_numpy(batch[1]))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    def logits(model, batch):
        with torch.no_grad():
            return model(torch.from_numpy(batch[0]))
    return SimpleNamespace(
        NAME="PyTorch", build=lambda config: Net(), step=step, logits=logits,
        make_optimizer=lambda model, config: torch.optim.SGD(model.parameters(), lr=config.learning_rate, momentum=0.875))


def paddle_driver() -> SimpleNamespace:
    import paddle
    import paddle.nn.functional as F
    from paddle import nn

    class Net(nn.Layer):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2D(2, 3, 3, bias_attr=False)
            self.norm = nn.BatchNorm2D(3, epsilon=2.0**-17, momentum=0.875)
            self.drop = nn.Dropout(0.5)
            self.fc = nn.Linear(48, 10)

        def forward(self, x):
            return self.fc(self.drop(F.relu(self.norm(self.conv(x)))).flatten(1))

    def step(model, optimizer, batch):
        loss = F.cross_entropy(model(paddle.to_tensor(batch[0])), paddle.to_tensor(batch[1]))
        loss.backward()
        optimizer.step()
        optimizer.clear_grad()
        return loss

    def logits(model, batch):
        with paddle.no_grad():
            return model(paddle.to_tensor(batch[0]))
    return SimpleNamespace(
        NAME="Paddle", build=lambda config: Net(), step=step, logits=logits,
        make_optimizer=lambda model, config: paddle.optimizer.Momentum(
            config.learning_rate, 0.875, parameters=model.parameters()))

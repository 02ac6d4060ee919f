"""Softmax regression, an MLP and LeNet-5, Paddle side.

images (B, 1, 28, 28), labels (B,) -> logits (B, 10)
LeNet-5 is LeCun et al. 1998 (doi:10.1109/5.726791) with ReLU
and max pooling for its tanh and subsampling. The paper has
99.05 % on the 10,000 test images, trained on 60,000.
"""
import paddle
import paddle.nn.functional as F
from paddle import nn


class SoftmaxRegression(nn.Layer):
    """One linear layer: logits = W x + b."""

    def __init__(self, config):
        super().__init__()
        self.fc = nn.Linear(784, 10)

    def forward(self, x):               # (B, 1, 28, 28)
        return self.fc(x.flatten(1))    # (B, 10)


class MLP(nn.Layer):
    """One hidden layer with ReLU."""

    def __init__(self, config):
        super().__init__()
        self.fc1 = nn.Linear(784, config.hidden)
        self.fc2 = nn.Linear(config.hidden, 10)

    def forward(self, x):               # (B, 1, 28, 28)
        x = F.relu(self.fc1(x.flatten(1)))
        return self.fc2(x)              # (B, 10)


class LeNet(nn.Layer):
    """LeNet-5: two convolutions, three linear layers."""

    def __init__(self, config):
        super().__init__()
        self.conv1 = nn.Conv2D(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2D(6, 16, 5)
        # differs: Paddle stores a Linear weight as (in, out)
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
    return paddle.optimizer.Adam(
        parameters=model.parameters(),
        learning_rate=config.learning_rate,
        beta1=config.beta1, beta2=config.beta2,
        epsilon=config.epsilon)


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
    """Logits of a batch, or of images alone; no training."""
    return model(paddle.to_tensor(batch[0]))

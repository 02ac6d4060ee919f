"""Stock layers and optimizers of Paddle, with the settings that PyTorch's have by default."""
import paddle
import paddle.nn.functional as F
from paddle import nn
from paddle.optimizer import SGD, Adadelta, Adagrad, Adam, AdamW, Momentum


def BatchNorm(channels):
    return nn.BatchNorm2D(channels)


class Beside(nn.Layer):
    """Has a layer that it never calls."""

    def __init__(self):
        super().__init__()
        self.spare = nn.Linear(3, 3)

    def forward(self, x):
        return x


def frozen_bias():
    layer = nn.Conv2D(2, 2, 1)
    layer.bias.stop_gradient = True
    return layer


LAYERS = {
    "ReLU": nn.ReLU,
    "LayerNorm": lambda: nn.LayerNorm([9]),
    "InstanceNorm": lambda: nn.InstanceNorm2D(2),
    "GroupNorm": lambda: nn.GroupNorm(1, 2),
    "BatchNorm": lambda: BatchNorm(2),
    "average pooling": lambda: nn.AvgPool2D(3),
    "average pooling, padding left out": lambda: nn.AvgPool2D(3, 2, 1),
    "average pooling, padding counted":
        lambda: nn.AvgPool2D(3, 2, 1, exclusive=False),
    "adaptive average pooling": lambda: nn.AdaptiveAvgPool2D(2),
    "global average pooling": lambda: nn.AdaptiveAvgPool2D(1),
    "max pooling": lambda: nn.MaxPool2D(2),
    "bilinear upsampling, corners aligned":
        lambda: nn.Upsample((13, 17), mode="bilinear", align_corners=True),
    "nearest upsampling": lambda: nn.Upsample(scale_factor=2),
    "transposed convolution": lambda: nn.Conv2DTranspose(2, 2, 3, 2),
    "ELU": lambda: nn.ELU(0.3),
    "CELU": lambda: nn.CELU(0.3),
    "SELU": nn.SELU,
    "GELU": nn.GELU,
    "Mish": nn.Mish,
    "LeakyReLU": nn.LeakyReLU,
    "PReLU": nn.PReLU,
    "Hardsigmoid": nn.Hardsigmoid,
    "Hardswish": nn.Hardswish,
    "Hardtanh": lambda: nn.Hardtanh(-0.3, 0.3),
    "Softshrink": lambda: nn.Softshrink(0.3),
    "Softplus": nn.Softplus,
    "Dropout": nn.Dropout,
    "frozen bias": frozen_bias,
    "unused layer": Beside,
}
OPTIMIZERS = {
    "SGD": lambda **p: SGD(0.1, **p),
    "SGD and decay": lambda **p: SGD(0.1, weight_decay=1e-4, **p),
    "momentum": lambda **p: Momentum(0.1, 0.9, **p),
    "momentum and decay":
        lambda **p: Momentum(0.1, 0.9, weight_decay=1e-4, **p),
    "Nesterov": lambda **p: Momentum(0.1, 0.9, use_nesterov=True, **p),
    "Adam": lambda **p: Adam(1e-3, **p),
    "AdamW": lambda **p: AdamW(1e-3, **p),
    "Adagrad": lambda **p: Adagrad(1e-2, **p),
    "Adadelta": lambda **p: Adadelta(0.1, 1e-6, 0.95, **p),
    "clipping": lambda **p: SGD(
        0.1, grad_clip=nn.ClipGradByGlobalNorm(0.5), **p),
}


def build(config):
    return nn.Sequential(
        nn.Conv2D(2, 2, 3, padding=1), LAYERS[config.layer](),
        nn.Flatten(), nn.Linear(config.features, 5))


def make_optimizer(model, config):
    wanted = [p for p in model.parameters() if not p.stop_gradient]
    optimizer = OPTIMIZERS[config.optimizer](parameters=wanted)
    optimizer.smoothing = config.smoothing
    return optimizer


def step(model, optimizer, batch):
    x, y = map(paddle.to_tensor, batch)
    loss = F.cross_entropy(
        model(x), y, label_smoothing=optimizer.smoothing)
    loss.backward()
    optimizer.step()
    optimizer.clear_grad()
    return loss


@paddle.no_grad()
def logits(model, batch):
    return model(paddle.to_tensor(batch[0]))

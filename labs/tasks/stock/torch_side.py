"""Stock layers, optimizers and models of PyTorch; the models of its zoo come from transformers."""
import torch
import torch.nn.functional as F
from torch import nn
from torch.optim import SGD, Adadelta, Adagrad, Adam, AdamW


class BatchNorm(nn.BatchNorm2d):
    """Keeps the biased variance, as Paddle does."""

    def forward(self, x):
        if not self.training:
            return super().forward(x)
        var = torch.zeros_like(self.running_var)
        y = F.batch_norm(x, self.running_mean, var, self.weight, self.bias,
                         True, self.momentum, self.eps)
        share = 1 - x.shape[1] / x.numel()
        self.running_var = (self.running_var * (1 - self.momentum)
                            + var * share)
        return y


class Beside(nn.Module):
    """Has a layer that it never calls."""

    def __init__(self):
        super().__init__()
        self.spare = nn.Linear(3, 3)

    def forward(self, x):
        return x


def frozen_bias():
    layer = nn.Conv2d(2, 2, 1)
    layer.bias.requires_grad_(False)
    return layer


LAYERS = {
    "ReLU": nn.ReLU,
    "LayerNorm": lambda: nn.LayerNorm([9]),
    "InstanceNorm": lambda: nn.InstanceNorm2d(2, affine=True),
    "GroupNorm": lambda: nn.GroupNorm(1, 2),
    "BatchNorm": lambda: BatchNorm(2),
    "average pooling": lambda: nn.AvgPool2d(3),
    "average pooling, padding left out":
        lambda: nn.AvgPool2d(3, 2, 1, count_include_pad=False),
    "average pooling, padding counted": lambda: nn.AvgPool2d(3, 2, 1),
    "adaptive average pooling": lambda: nn.AdaptiveAvgPool2d(2),
    "global average pooling": lambda: nn.AdaptiveAvgPool2d(1),
    "max pooling": lambda: nn.MaxPool2d(2),
    "bilinear upsampling, corners aligned":
        lambda: nn.Upsample((13, 17), mode="bilinear", align_corners=True),
    "nearest upsampling": lambda: nn.Upsample(scale_factor=2),
    "transposed convolution": lambda: nn.ConvTranspose2d(2, 2, 3, 2),
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
    "SGD": lambda p: SGD(p, 0.1),
    "SGD and decay": lambda p: SGD(p, 0.1, weight_decay=1e-4),
    "momentum": lambda p: SGD(p, 0.1, 0.9),
    "momentum and decay": lambda p: SGD(p, 0.1, 0.9, weight_decay=1e-4),
    "Nesterov": lambda p: SGD(p, 0.1, 0.9, nesterov=True),
    "Adam": lambda p: Adam(p, 1e-3),
    "AdamW": lambda p: AdamW(p, 1e-3),
    "Adagrad": lambda p: Adagrad(p, 1e-2, eps=1e-6),
    "Adadelta": lambda p: Adadelta(p, 0.1, 0.95, 1e-6),
    "clipping": lambda p: SGD(p, 0.1),
}


def build(config):
    return nn.Sequential(
        nn.Conv2d(2, 2, 3, padding=1), LAYERS[config.layer](),
        nn.Flatten(), nn.Linear(config.features, 5))


def make_optimizer(model, config):
    wanted = [p for p in model.parameters() if p.requires_grad]
    optimizer = OPTIMIZERS[config.optimizer](wanted)
    optimizer.clip = 0.5 if config.optimizer == "clipping" else None
    optimizer.smoothing = config.smoothing
    return optimizer


def step(model, optimizer, batch):
    x, y = map(torch.from_numpy, batch)
    loss = F.cross_entropy(
        model(x), y, label_smoothing=optimizer.smoothing)
    loss.backward()
    if optimizer.clip:      # as Paddle's ClipGradByGlobalNorm has it
        grads = [p.grad for p in model.parameters()]
        norm = torch.sqrt(sum((g * g).sum() for g in grads))
        for g in grads:
            g.mul_(optimizer.clip / norm.clamp(min=optimizer.clip))
    optimizer.step()
    optimizer.zero_grad()
    return loss


@torch.no_grad()
def logits(model, batch):
    return model(torch.from_numpy(batch[0]))

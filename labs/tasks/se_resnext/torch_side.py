"""SE-ResNeXt, PyTorch side.

images (B, C, H, W), soft labels (B, K) -> logits (B, K)
ResNeXt is Xie et al. 2017 (arXiv:1611.05431), squeeze and
excitation Hu et al. 2018 (arXiv:1709.01507). With 50 layers,
32 groups and 1,000 classes it has 27,559,896 parameters;
timm lists 27.56 M.
"""
import torch
import torch.nn.functional as F
from torch import nn


class BatchNorm(nn.BatchNorm2d):
    """Keeps the biased variance, as Paddle and Fluid do."""

    def __init__(self, channels, config):
        # differs: this momentum is the share of the new
        super().__init__(
            channels, momentum=1 - config.norm_momentum,
            eps=config.norm_epsilon)

    def forward(self, x):               # (B, C, H, W)
        if not self.training:
            return super().forward(x)
        # differs: PyTorch would keep n / (n - 1) of it
        var = torch.zeros_like(self.running_var)
        y = F.batch_norm(
            x, self.running_mean, var, self.weight, self.bias,
            True, self.momentum, self.eps)
        share = 1 - x.shape[1] / x.numel()      # (n - 1) / n
        self.running_var.mul_(1 - self.momentum)
        self.running_var.add_(var, alpha=share)
        return y


class SqueezeExcite(nn.Module):
    """A gate in (0, 1) for each channel of each image."""

    def __init__(self, channels, config):
        super().__init__()
        hidden = channels // config.reduction
        self.fc1 = nn.Linear(channels, hidden)
        self.fc2 = nn.Linear(hidden, channels)

    def gates(self, x):                 # (B, C, H, W)
        x = x.flatten(2).mean(2)
        x = F.relu(self.fc1(x))         # (B, C / r)
        return torch.sigmoid(self.fc2(x))       # (B, C)

    def forward(self, x):
        return x * self.gates(x)[:, :, None, None]


def conv(in_channels, out_channels, kernel, stride=1,
         groups=1):
    """A convolution without bias: BatchNorm brings one."""
    return nn.Conv2d(
        in_channels, out_channels, kernel, stride,
        padding=kernel // 2, groups=groups, bias=False)


class Block(nn.Module):
    """1x1, grouped 3x3, 1x1, gates, and the shortcut."""

    def __init__(self, in_channels, width, stride, config):
        super().__init__()
        out_channels = width * config.expansion
        groups = config.cardinality
        self.conv1 = conv(in_channels, width, 1)
        self.bn1 = BatchNorm(width, config)
        self.conv2 = conv(width, width, 3, stride, groups)
        self.bn2 = BatchNorm(width, config)
        self.conv3 = conv(width, out_channels, 1)
        self.bn3 = BatchNorm(out_channels, config)
        self.se = nn.Identity()
        if config.reduction:
            self.se = SqueezeExcite(out_channels, config)
        self.downsample = nn.Identity()
        if stride > 1 or in_channels != out_channels:
            self.downsample = nn.Sequential(
                conv(in_channels, out_channels, 1, stride),
                BatchNorm(out_channels, config))

    def forward(self, x):               # (B, C, H, W)
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        y = self.se(self.bn3(self.conv3(y)))
        return F.relu(y + self.downsample(x))


class SEResNeXt(nn.Module):
    """Stem, stages of blocks, mean over the image, linear."""

    def __init__(self, config):
        super().__init__()
        self.config = config
        channels = config.stem
        self.conv1 = conv(config.image[0], channels,
                          config.kernel, config.stride)
        self.bn1 = BatchNorm(channels, config)
        stages = []
        for i, width in enumerate(config.widths):
            blocks = []
            for j in range(config.blocks[i]):
                stride = 2 if i > 0 and j == 0 else 1
                blocks.append(
                    Block(channels, width, stride, config))
                channels = width * config.expansion
            stages.append(nn.Sequential(*blocks))
        self.stages = nn.Sequential(*stages)
        self.fc = nn.Linear(channels, config.classes)

    def forward(self, x):               # (B, C, H, W)
        x = F.relu(self.bn1(self.conv1(x)))
        if self.config.pool:            # ImageNet's stem
            x = F.max_pool2d(x, 3, 2, padding=1)
        x = self.stages(x)
        x = x.flatten(2).mean(2)
        return self.fc(x)               # (B, K)


def build(config):
    """The network that the config describes."""
    return SEResNeXt(config)


def make_optimizer(model, config):
    """SGD with momentum; decay on weights; the schedule."""
    weights = [p for p in model.parameters() if p.ndim > 1]
    others = [p for p in model.parameters() if p.ndim == 1]
    decay = config.weight_decay
    optimizer = torch.optim.SGD(
        [{"params": weights, "weight_decay": decay},
         {"params": others, "weight_decay": 0.0}],
        lr=1.0, momentum=config.momentum,
        nesterov=config.nesterov)
    optimizer.schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, config.rate)
    return optimizer


def tensors(model, batch):
    """The batch as tensors, where the model is."""
    model.config.check(batch[0])
    device = next(model.parameters()).device
    return [torch.from_numpy(a).to(device) for a in batch]


def step(model, optimizer, batch):
    """One step of training; the loss before it."""
    x, y = tensors(model, batch)
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    optimizer.schedule.step()
    optimizer.zero_grad()
    return loss


@torch.no_grad()
def logits(model, batch):
    """Logits of a batch, or of images alone; no training."""
    return model(tensors(model, batch[:1])[0])

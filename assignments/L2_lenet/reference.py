"""The right answers of lab 2: the original, in PyTorch and float64.

The solution is Paddle's. Answers come in the dtype of the images.
"""

import numpy as np


def original():
    """The cell of lab.md that holds the original, executed."""
    import torch
    from torch import nn
    from torch.nn import functional as F

    class Network(nn.Module):
        def __init__(self, channels, classes):
            super().__init__()
            self.conv1 = nn.Conv2d(channels, 6, 5, padding=2, bias=False)
            self.bn1 = nn.BatchNorm2d(6, eps=2**-8, momentum=0.25)
            self.conv2 = nn.Conv2d(6, 8, 3, bias=False)
            self.bn2 = nn.BatchNorm2d(8, eps=2**-8, momentum=0.125)
            self.fc1, self.fc2 = nn.Linear(72, 24), nn.Linear(24, 24)
            self.fc3 = nn.Linear(24, classes)

        def forward(self, x):
            for conv, norm in ((self.conv1, self.bn1), (self.conv2, self.bn2)):
                x = F.avg_pool2d(F.relu(norm(conv(x))), 2, padding=1)
            return self.fc3(torch.tanh(self.fc2(torch.tanh(self.fc1(x.flatten(1))))))

    return Network


def made(sizes, arrays):
    """The original with this state, in float64."""
    import torch

    model = original()(*sizes).double()
    model.load_state_dict({name: torch.from_numpy(each.copy()) for name, each in arrays.items()})
    return model


def wide(array):
    """A tensor, float64 where it holds floats."""
    import torch

    tensor = torch.from_numpy(array.copy())
    return tensor.double() if array.dtype.kind == "f" else tensor


def smoothed(logits, labels, weight):
    """The original's loss."""
    import torch

    return torch.nn.functional.cross_entropy(
        logits, labels, weight=weight, ignore_index=-100, label_smoothing=0.125
    )


def saved(model, dtype):
    """The state as arrays."""
    found = {name: each.detach().numpy().copy() for name, each in model.state_dict().items()}
    return {name: each.astype(dtype) if each.ndim else each for name, each in found.items()}


def save(sizes, arrays, others):
    return {"saved": arrays, "saved after another load": others}


def evaluate(sizes, arrays, images):
    return made(sizes, arrays).eval()(wide(images)).detach().numpy().astype(images.dtype)


def LeNet(sizes, arrays, images):
    return made(sizes, arrays).train()(wide(images)).detach().numpy().astype(images.dtype)


def statistics(sizes, arrays, batches):
    model = made(sizes, arrays).train()
    for images in batches:
        model(wide(images))
    found = saved(model, batches[0].dtype)
    return {name: found[name] for name in sorted(found) if "running" in name or "num" in name}


def loss(logits, labels, weight):
    return smoothed(wide(logits), wide(labels), wide(weight)).item()


def gradient(sizes, arrays, images, labels, weight):
    model, leaf = made(sizes, arrays).train(), wide(images).requires_grad_()
    logits = model(leaf)
    logits.retain_grad()
    smoothed(logits, wide(labels), wide(weight)).backward()
    return tuple(each.grad.numpy().astype(images.dtype) for each in (leaf, logits))


def trained(sizes, arrays, batches, weight):
    """(model, losses): Nesterov's momentum by hand, the rate from a warm-up of four steps."""
    import torch

    model, losses, velocity = made(sizes, arrays), [], {}
    for t, (images, labels) in enumerate(batches):
        model.train()
        value = smoothed(model(wide(images)), wide(labels), wide(weight))
        slopes = torch.autograd.grad(value, list(model.parameters()))
        rate = min(t + 1, 4) / 64
        with torch.no_grad():
            for (name, each), slope in zip(model.named_parameters(), slopes):
                slope = slope + each / 32 if each.ndim > 1 else slope
                velocity[name] = 0.875 * velocity.get(name, 0) + slope
                each -= rate * (slope + 0.875 * velocity[name])
        losses.append(value.item())
    return model, np.array(losses, weight.dtype)


def step(sizes, arrays, batches, weight):
    model, losses = trained(sizes, arrays, batches, weight)
    found = saved(model, weight.dtype)
    own = {name: found[name] for name in sorted(found) if name.endswith(("weight", "bias"))}
    return {"losses": losses, **own}


def curve(sizes, arrays, batches, weight, images):
    model, losses = trained(sizes, arrays, batches, weight)
    logits = model.eval()(wide(images)).detach().numpy().astype(weight.dtype)
    return {"losses": losses, **saved(model, weight.dtype), "logits": logits}

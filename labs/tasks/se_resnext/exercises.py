"""The checks of chapter 7."""

import math

import numpy as np

from labs import parity
from labs.exercises import NotRight, arrays, as_array, call, exercise, number, port

MOMENTUM, EPSILON = 0.875, 2.0**-4


@exercise("7.1", "Put a number in place of None.")
def gate_parameters(answer):
    """How many parameters has a squeeze-and-excitation block on 512 channels, reduced by 8?"""

    def parameters(hidden):
        return 2 * 512 * hidden + hidden + 512

    right = parameters(512 // 8)
    number(
        answer,
        right,
        {
            2 * 512 * 64: "the biases are missing",
            2 * 512 * 64 + 64: "the bias of the second layer is missing",
            2 * 512 * 64 + 512: "the bias of the first layer is missing",
            512 * 64 + 64: "that is the first layer alone; another leads back to 512 channels",
            parameters(512 // 16): "that is a reduction of 16; here it is 8",
            parameters(8): "8 is the reduction, not the width: the hidden layer has 512 / 8 units",
            parameters(512): "the hidden layer has 512 / 8 units, not 512",
        },
        "count two linear layers, 512 to 512 / 8 and back, with their biases",
    )
    return "Two weights and two biases."


@exercise("7.2", "Put a number in place of None.")
def grouped_weights(answer):
    """How many weights has a 3x3 convolution from 128 to 128 channels in 32 groups?"""
    right = 128 * (128 // 32) * 9
    number(
        answer,
        right,
        {
            128 * 128 * 9: "that is the convolution without groups",
            right + 128: "without a bias was asked",
            right // 32: "that divides by the groups twice; once is enough",
            right // 9: "the kernel has 3 x 3 places",
            right // 3: "the kernel has 3 x 3 places, not 3",
        },
        "each of the 128 output channels sees 128 / 32 input channels, at 3 x 3 places",
    )
    return "One 32nd of what it has without groups."


@exercise("7.3", "Write gate(x, w1, b1, w2, b2); it returns x times its gates.")
def excite(gate):
    """A squeeze-and-excitation block in NumPy, with PyTorch's layout of the weights."""
    rng, cases = np.random.default_rng(), []
    for channels, hidden, height, width in ((6, 4, 3, 5), (5, 3, 2, 7)):
        x = rng.normal(size=(8, channels, height, width)) + rng.normal(size=(8, channels, 1, 1))
        w1, w2 = 2 * rng.normal(size=(hidden, channels)), rng.normal(size=(channels, hidden))
        # each hidden unit is open for half of the images and shut for the others
        b1 = -np.median(x.mean((2, 3)) @ w1.T, axis=0)
        cases.append((x, w1, b1, w2, rng.choice([-1, 1], channels) * rng.uniform(0.5, 1, channels)))
    names = [f"block {n}" for n in range(1, len(cases) + 1)]
    found = {
        name: call(gate, **dict(zip(("x", "w1", "b1", "w2", "b2"), case)))
        for name, case in zip(names, cases)
    }

    def made(**mistake):
        return lambda: {name: _gated(*case, **mistake) for name, case in zip(names, cases)}

    arrays(
        found,
        made()(),
        {
            "The ReLU after the first layer is missing": made(first=lambda z: z),
            "The first activation is a sigmoid; it is a ReLU": made(first=_sigmoid),
            "The first activation is a tanh; it is a ReLU": made(first=np.tanh),
            "The first activation lets a share of the negative pass": made(
                first=lambda z: np.where(z > 0, z, 0.01 * z)
            ),
            "The second activation is a softmax; each channel has a sigmoid of its own": made(
                second=lambda z: np.exp(z) / np.exp(z).sum(1, keepdims=True)
            ),
            "The second activation is a tanh; it is a sigmoid": made(second=np.tanh),
            "The sigmoid is missing": made(second=lambda z: z),
            "The squeeze is the largest entry; it is the mean": made(
                squeeze=lambda x: x.max((2, 3))
            ),
            "The squeeze is a sum; it is the mean": made(squeeze=lambda x: x.sum((2, 3))),
            "The first bias is missing": made(use1=0),
            "The second bias is missing": made(use2=0),
            "x is added to its gates; multiply": made(join=np.add),
        },
        "Squeeze to the mean over height and width; linear, ReLU, linear, sigmoid; multiply",
    )
    return "two blocks are equal."


def _sigmoid(z):
    return 1 / (1 + np.exp(-z))


def _gated(
    x,
    w1,
    b1,
    w2,
    b2,
    squeeze=lambda x: x.mean((2, 3)),
    first=lambda z: np.maximum(z, 0),
    second=_sigmoid,
    use1=1,
    use2=1,
    join=np.multiply,
):
    hidden = first(squeeze(x) @ w1.T + use1 * b1)
    return join(x, second(hidden @ w2.T + use2 * b2)[:, :, None, None])


@exercise("7.4", "Make an array with one learning rate for each step.")
def own_schedule(rates, config):
    """The learning rate of every step of a warm-up and half a cosine, without `config.rate`."""
    rates = as_array(rates, "the rates")
    right = np.array([config.rate(step) for step in range(config.steps)])
    if rates.shape != right.shape:
        raise NotRight(f"expected {len(right)} rates, one for each step, got shape {rates.shape}.")
    peak, warmup, steps = config.learning_rate, config.warmup, config.steps
    rest = max(1, steps - warmup)

    def schedule(
        rise=lambda s: (s + 1) / max(1, warmup),
        fall=lambda s: (s - warmup) / rest,
        shape=lambda t: (1 + math.cos(math.pi * t)) / 2,
    ):
        return lambda: {
            "the rates": np.array(
                [peak * (rise(s) if s < warmup else shape(fall(s))) for s in range(steps)]
            )
        }

    first = int(np.argmax(~(np.abs(rates - right) <= 1e-6 * peak)))
    arrays(
        {"the rates": rates},
        {"the rates": right},
        {
            "The warm-up begins at zero; the first step has peak / warmup": schedule(
                rise=lambda s: s / max(1, warmup)
            ),
            "The cosine counts from step 0; count from the end of the warm-up": schedule(
                fall=lambda s: s / steps
            ),
            "The cosine ends before the last step; divide by steps - warmup": schedule(
                fall=lambda s: (s - warmup) / max(1, rest - 1)
            ),
            "The cosine is one step ahead": schedule(fall=lambda s: (s + 1 - warmup) / rest),
            "A quarter of a cosine comes down; it is half a cosine": schedule(
                shape=lambda t: math.cos(math.pi * t / 2)
            ),
            "A line comes down; it is half a cosine": schedule(shape=lambda t: 1 - t),
            "The warm-up is missing": schedule(rise=lambda s: 1.0),
            "The rates are turned round": lambda: {"the rates": right[::-1]},
        },
        f"The first that is wrong is that of step {first}: {rates[first]:.6g} for {right[first]:.6g}",
        tolerance=1e-6,
    )
    return "the same but for the rounding to float32 that Paddle makes."


@exercise("7.5", "Write the class Stem, a torch.nn.Module, from Paddle's beside it.")
def stem(theirs):
    """Port a convolution with BatchNorm from Paddle to PyTorch; the ladder decides."""
    batches = [
        np.random.default_rng(n).normal(size=(3, 2, 7, 9)).astype("float32") for n in range(3)
    ]
    ladder = port(
        theirs,
        _stem(),
        batches,
        {
            "Paddle's momentum is the share of the old, PyTorch's that of the new; and PyTorch keeps the unbiased variance": _torch_stem(
                MOMENTUM
            ),
            "PyTorch's BatchNorm keeps the unbiased variance, n / (n - 1) of Paddle's": _torch_stem(
                1 - MOMENTUM
            ),
            "Paddle's momentum is the share of the old, PyTorch's that of the new": _stem(
                momentum=1 - MOMENTUM
            ),
            "the momentum is PyTorch's default, 0.1, and the variance the unbiased one": _torch_stem(
                0.1
            ),
            "the epsilon is the default": _stem(epsilon=1e-5),
            "the ReLU is missing": _stem(relu=False),
        },
    )
    return f"green on all {len(parity.RUNGS)} rungs, running statistics included; {ladder.parameters} parameters."


def _stem(momentum=MOMENTUM, epsilon=EPSILON, relu=True):
    """The given model, in Paddle, and what becomes of it with a mistake."""
    import paddle.nn.functional as F
    from paddle import nn

    class Stem(nn.Layer):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2D(2, 4, 3, stride=2, padding=1, bias_attr=False)
            self.bn = nn.BatchNorm2D(4, momentum=momentum, epsilon=epsilon)

        def forward(self, x):
            x = self.bn(self.conv(x))
            return F.relu(x) if relu else x

    return Stem


def _torch_stem(momentum):
    """The model as one writes it in PyTorch without looking at BatchNorm's running variance."""
    from torch import nn

    class Stem(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(2, 4, 3, stride=2, padding=1, bias=False)
            self.bn = nn.BatchNorm2d(4, momentum=momentum, eps=EPSILON)

        def forward(self, x):
            return self.bn(self.conv(x)).relu()

    return Stem

"""The checks of chapter 6."""

import math

import numpy as np

from labs import parity
from labs.exercises import (
    NotRight,
    arrays,
    as_array,
    call,
    exercise,
    number,
    port,
    readers_code,
    show,
)
from labs.parity.climbing import changed

SHAPE, STEPS = (3, 4), 5


@exercise("6.1", "Put a number in place of None.")
def parameter_count(answer):
    """How many parameters has LeNet-5 with a second convolution of 32 channels?"""
    layers = {
        "conv1": (25, 6),
        "conv2": (6 * 25, 32),
        "fc1": (32 * 25, 120),
        "fc2": (120, 84),
        "fc3": (84, 10),
    }
    right = sum((inputs + 1) * outputs for inputs, outputs in layers.values())
    biases = sum(outputs for _, outputs in layers.values())
    number(
        answer,
        right,
        {
            right - biases: "the biases are missing",
            right - 10: "the bias of the last layer is missing",
            right - 16 * 25 * 120: "fc1 takes 32 x 5 x 5 inputs now",
            right
            - 16 * 25 * 120
            - 16 * (6 * 25 + 1): "that is LeNet-5 as it stands, with 16 channels",
            right - 5 * 25 * 32: "each channel of conv2 sees all 6 channels of conv1",
            right
            - 32 * 25 * 120
            + 32 * 49 * 120: "conv2 has no padding: 14 x 14 becomes 10 x 10, then 5 x 5",
        },
        "count each layer's weight and bias, and look at what flatten(1) returns",
    )
    return "All five layers add up, biases included."


@exercise("6.2", "Put a number in place of None.")
def images_needed(answer):
    """How many test images until half a point at 98 % is two standard deviations of one accuracy?"""

    def images(deviations, share=0.98 * 0.02):
        return share * (deviations / 0.005) ** 2

    right = images(2)
    number(
        answer,
        right,
        {
            images(1): "then half a point is one standard deviation",
            images(4): "then half a point is four standard deviations",
            images(1.96): "two standard deviations were asked for, not 1.96",
            2 * right: "that is for the difference of two accuracies; one was asked for",
            images(2, 0.25): "that takes p = 0.5; at 98 % it is p (1 - p) = 0.0196",
            images(2, 0.98): "the variance is p (1 - p), not p",
            right / 1e4: "half a point is 0.005, not 0.5",
        },
        "solve 2 sqrt(p (1 - p) / n) = 0.005 for n, with p = 0.98",
        tolerance=0.004,
    )
    return f"{math.ceil(right):,} images, for one accuracy whose rival is known exactly."


@exercise(
    "6.3", "Write wrong_step(model, optimizer, batch) in PyTorch, and name the rung.", answers=2
)
def own_mistake(wrong_step, predicted):
    """A mistake of the reader's own in PyTorch's step; was the lowest red rung predicted?"""
    from labs.tasks.mnist import torch_side
    from labs.tasks.mnist.config import Config

    if not isinstance(predicted, str) or predicted not in parity.RUNGS:
        raise NotRight(f"{show(predicted)} is no rung; there are {', '.join(parity.RUNGS)}.")
    if not callable(wrong_step):
        raise NotRight(f"expected a function, got {type(wrong_step).__name__}: {show(wrong_step)}.")
    rng, config = np.random.default_rng(0), Config(hidden=16, model="mlp", learning_rate=2.0**-9)
    batches = [
        (rng.random((16, 1, 28, 28)).astype("float32"), rng.integers(0, 10, 16)) for _ in range(4)
    ]
    yours = changed(torch_side, step=wrong_step, NAME="PyTorch (yours)")
    with readers_code("your step"):
        try:
            ladder = parity.climb(torch_side, yours, batches, config)
        except parity.ParityError as error:     # the ladder's own words: the reader's step raised nothing
            raise NotRight(f"no ladder can be climbed with that step: {error}.") from None
    if ladder.green:
        raise NotRight("the ladder is green: nothing is wrong with that step yet.")
    theirs = next(r for r in ladder.records if r.side == yours.NAME and r.precision == "float64")
    pages = parity.record(
        changed(torch_side, step=_without_zero_grad),
        config,
        parity.initial_weights(torch_side.build(config), 0),
        batches,
    )
    if all(
        parity.equal(pages.rungs[rung], theirs.rungs[rung]).green
        for rung in ("one step", "k steps")
    ):
        raise NotRight("that is the page's own mistake, a forgotten zero_grad: make one of yours.")
    if ladder.red != predicted:
        raise NotRight(f"the lowest red rung is '{ladder.red}', you predicted '{predicted}'. Why?")
    return f"the ladder breaks at '{predicted}', as you said."


def _without_zero_grad(model, optimizer, batch):
    import torch
    import torch.nn.functional as F

    x, y = (torch.from_numpy(a).to(next(model.parameters()).device) for a in batch)
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    return loss


@exercise("6.4", "Write step(weight, gradient, velocity, learning_rate, momentum).")
def momentum_step(step):
    """SGD with momentum in NumPy, v = m v + g and w = w - r v, under a rate that changes."""
    rng = np.random.default_rng()
    for momentum in rng.permutation([0.5, 0.75, 0.875])[:2]:  # a number typed in is wrong once
        _momentum_steps(step, rng, float(momentum))
    return f"{STEPS} steps equal torch.optim.SGD's and paddle.optimizer.Momentum's, at a changing learning rate."


def _momentum_steps(step, rng, momentum):
    start = rng.normal(size=SHAPE)
    rates = rng.permutation(
        [0.0625, 0.125, 0.1875, 0.25, 0.5]
    )  # exact in float32, which Paddle keeps
    gradients = [rng.normal(size=SHAPE) for _ in range(STEPS)]
    found = {}
    weight, velocity = start.copy(), np.zeros(SHAPE)
    for n, (gradient, rate) in enumerate(zip(gradients, rates), 1):
        answer = call(
            step,
            may_change=("weight", "velocity"),
            weight=weight,
            gradient=gradient,
            velocity=velocity,
            learning_rate=float(rate),
            momentum=momentum,
        )
        if not isinstance(answer, (tuple, list)) or len(answer) != 2:
            raise NotRight(f"expected the new weight and the new velocity, got {show(answer)}.")
        for name, array in zip(("weight", "velocity"), answer):
            found[f"{name} after step {n}"] = array = as_array(array, f"the {name} after step {n}")
            if array.shape != SHAPE:
                raise NotRight(f"the {name}: expected shape {SHAPE}, got {array.shape}.")
        weight, velocity = answer

    def trace(rule):
        def run():
            weight, velocity, kept = start, np.zeros(SHAPE), {}
            for n, (gradient, rate) in enumerate(zip(gradients, rates), 1):
                weight, velocity = rule(weight, gradient, velocity, rate, momentum)
                kept |= {f"weight after step {n}": weight, f"velocity after step {n}": velocity}
            return kept

        return run

    misses = {hint: trace(rule) for hint, rule in MOMENTUM_MISTAKES.items()}
    arrays(
        found,
        trace(_momentum)(),
        misses,
        "The velocity is m v + g, the weight w - r v with the new v",
    )
    both = {
        "torch.optim.SGD": _with_torch(start, gradients, rates, momentum),
        "paddle.optimizer.Momentum": _with_paddle(start, gradients, rates, momentum),
    }
    for name, weights in both.items():
        arrays(
            {name: found[f"weight after step {STEPS}"]},
            {name: weights},
            {},
            "It is not what the framework does",
        )


def _momentum(w, g, v, r, m):
    v = m * v + g
    return w - r * v, v


def _rate_inside(w, g, v, r, m):
    v = m * v + r * g
    return w - v, v


def _damped(w, g, v, r, m):
    v = m * v + (1 - m) * g
    return w - r * v, v


def _nesterov(w, g, v, r, m):
    v = m * v + g
    return w - r * (g + m * v), v


MOMENTUM_MISTAKES = {
    "The learning rate is inside the velocity: a change of the rate would reach old gradients too": _rate_inside,
    "The new gradient carries a factor 1 - m, as an average does": _damped,
    "That is Nesterov's step, which looks ahead": _nesterov,
    "That is SGD without momentum": lambda w, g, v, r, m: (w - r * g, g),
    "The velocity that you return is the old one": lambda w, g, v, r, m: (w - r * (m * v + g), v),
    "The weight moves by the old velocity": lambda w, g, v, r, m: (w - r * v, m * v + g),
    "The velocity has the other sign: return m v + g, and subtract it": lambda w, g, v, r, m: (
        w - r * (g - m * v),
        m * v - g,
    ),
    "The weight climbs: subtract": lambda w, g, v, r, m: (w + r * (m * v + g), m * v + g),
    "The two come in the wrong order: return the weight, then the velocity": lambda w, g, v, r, m: (
        _momentum(w, g, v, r, m)[::-1]
    ),
}


def _with_torch(start, gradients, rates, momentum):
    import torch

    weight = torch.nn.Parameter(torch.from_numpy(start.copy()))
    optimizer = torch.optim.SGD([weight], lr=0.125, momentum=momentum)
    for gradient, rate in zip(gradients, rates):
        optimizer.param_groups[0]["lr"] = float(rate)
        weight.grad = torch.from_numpy(gradient.copy())
        optimizer.step()
    return weight.detach().numpy()


def _with_paddle(start, gradients, rates, momentum):
    import paddle

    weight = paddle.create_parameter(list(start.shape), "float64")
    weight.set_value(start)
    optimizer = paddle.optimizer.Momentum(0.125, momentum, [weight])
    for gradient, rate in zip(gradients, rates):
        optimizer.set_lr(float(rate))
        weight.grad = paddle.to_tensor(gradient)
        optimizer.step()
    return weight.numpy()


@exercise("6.5", "Write the class Subsampling, a paddle.nn.Layer, from PyTorch's beside it.")
def subsampling(theirs):
    """Port LeCun's first convolution and trainable subsampling to Paddle; the ladder decides."""
    sizes = (4, 1, 12, 12), (3, 1, 14, 10), (5, 1, 11, 13)  # the last is odd after the convolution
    batches = [np.random.default_rng(0).normal(size=size).astype("float32") for size in sizes]
    ladder = port(
        theirs,
        _subsampling(),
        batches,
        {
            "it takes the largest of the four; 1998 took their mean": _subsampling("max"),
            "the coefficient is not applied": _subsampling("no coefficient"),
            "the bias is not added": _subsampling("no bias"),
            "tanh is missing": _subsampling("no tanh"),
            "tanh comes before the coefficient and the bias": _subsampling("tanh first"),
            "1998 had tanh, not a ReLU": _subsampling("relu"),
        },
    )
    begun = parity.weights_of(theirs())
    for name, value in {"coefficient": 1, "offset": 0}.items():
        if not (begun[name] == value).all():
            raise NotRight(
                f"the ladder is green, but a fresh `{name}` is not {value} everywhere: "
                "the ladder brings weights of its own, a training of yours would not."
            )
    return f"green on all {len(parity.RUNGS)} rungs, {ladder.parameters} parameters."


def _subsampling(mistake=None):
    """The given model, in PyTorch, and what becomes of it with a mistake."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    class Subsampling(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(1, 6, 5)
            self.coefficient = nn.Parameter(torch.ones(6, 1, 1))
            self.offset = nn.Parameter(torch.zeros(6, 1, 1))

        def forward(self, x):
            x = self.conv(x)
            x = F.max_pool2d(x, 2) if mistake == "max" else F.avg_pool2d(x, 2)
            x = torch.tanh(x) if mistake == "tanh first" else x
            x = x * (1 if mistake == "no coefficient" else self.coefficient)
            x = x + (0 if mistake == "no bias" else self.offset)
            if mistake in ("no tanh", "tanh first"):
                return x
            return F.relu(x) if mistake == "relu" else torch.tanh(x)

    return Subsampling

"""The checks of chapter 7: right answers pass, each near-miss gets its own hint, nothing else passes."""

from dataclasses import replace

import exercise_attacks as attacks
import numpy as np
import pytest

from labs import parity
from labs.tasks.se_resnext import exercises
from labs.tasks.se_resnext.config import SLIM

CHAPTER = "07_se_resnext.md"
RECIPE = replace(SLIM, steps=40, warmup=4, learning_rate=0.25)
RATES = np.array([RECIPE.rate(step) for step in range(RECIPE.steps)])


def test_gate_parameters():
    attacks.number(
        exercises.gate_parameters,
        66_112,
        {
            65_536: "the biases are missing",
            65_600: "bias of the second",
            66_048: "bias of the first",
            32_832: "first layer alone",
            2 * 512 * 32 + 32 + 512: "a reduction of 16",
            2 * 512 * 8 + 8 + 512: "8 is the reduction",
            2 * 512 * 512 + 1024: "not 512",
            66_113: "count two linear layers",
        },
    )


def test_grouped_weights():
    attacks.number(
        exercises.grouped_weights,
        4608,
        {
            147_456: "without groups",
            4736: "without a bias was asked",
            144: "by the groups twice",
            512: "3 x 3 places",
            1536: "3 x 3 places, not 3",
            4609: "each of the 128",
        },
    )


def by_loop(x, w1, b1, w2, b2):
    made = []
    for image in x:
        hidden = [max(0.0, float(row @ image.mean((1, 2)) + b)) for row, b in zip(w1, b1)]
        made.append([image[c] / (1 + np.exp(-(w2[c] @ hidden + b2[c]))) for c in range(len(image))])
    return np.array(made)


def as_float32(*arguments):
    return exercises._gated(*(np.float32(each) for each in arguments))


def with_torch(*arguments):
    import torch

    x, w1, b1, w2, b2 = (torch.from_numpy(a) for a in arguments)
    hidden = torch.relu(torch.nn.functional.linear(x.mean((2, 3)), w1, b1))
    return x * torch.sigmoid(torch.nn.functional.linear(hidden, w2, b2))[:, :, None, None]


def gated(**mistake):
    return lambda *arguments: exercises._gated(*arguments, **mistake)


def test_a_gate():
    attacks.function(
        exercises.excite,
        [exercises._gated, by_loop, as_float32, with_torch],
        {
            "The ReLU after the first layer is missing": gated(first=lambda z: z),
            "share of the negative": gated(first=lambda z: np.where(z > 0, z, z / 100)),
            "a sigmoid; it is a ReLU": gated(first=exercises._sigmoid),
            "a tanh; it is a ReLU": gated(first=np.tanh),
            "The sigmoid is missing": gated(second=lambda z: z),
            "a tanh; it is a sigmoid": gated(second=np.tanh),
            "a softmax": gated(second=lambda z: np.exp(z) / np.exp(z).sum(1, keepdims=True)),
            "largest entry; it is the mean": gated(squeeze=lambda x: x.max((2, 3))),
            "a sum; it is the mean": gated(squeeze=lambda x: x.sum((2, 3))),
            "The first bias": gated(use1=0),
            "The second bias": gated(use2=0),
            "multiply": gated(join=np.add),
            "raised ValueError": lambda x, w1, b1, w2, b2: exercises._gated(x, w1.T, b1, w2.T, b2),
            "expected shape": lambda *a: exercises._gated(*a).mean((2, 3)),
            "Squeeze to the mean": lambda x, *_: x,
        },
    )


def formula(step):
    if step < 4:
        return 0.25 * (step + 1) / 4
    return 0.25 * (1 + np.cos(np.pi * (step - 4) / 36)) / 2


def test_a_schedule():
    import paddle
    import torch

    steps = np.arange(40)
    right = [formula(s) for s in steps]
    kinds = [
        right,
        tuple(right),
        np.array(right),
        np.float32(right),
        RATES,
        torch.tensor(right),
        paddle.to_tensor(right),
        torch.tensor(right).double(),
    ]
    for kind in kinds:
        assert exercises.own_schedule(kind, RECIPE).right is True, type(kind)
    down = 0.25 * np.cos(np.pi / 2 * (steps - 4) / 36)
    for says, wrong in {
        "begins at zero": np.where(steps < 4, 0.25 * steps / 4, right),
        "counts from step 0": np.where(steps < 4, right, 0.125 * (1 + np.cos(np.pi * steps / 40))),
        "ends before the last": np.where(
            steps < 4, right, 0.125 * (1 + np.cos(np.pi * (steps - 4) / 35))
        ),
        "one step ahead": np.where(
            steps < 4, right, 0.125 * (1 + np.cos(np.pi * (steps - 3) / 36))
        ),
        "A quarter of a cosine": np.where(steps < 4, right, down),
        "A line comes down": np.where(steps < 4, right, 0.25 * (1 - (steps - 4) / 36)),
        "warm-up is missing": np.where(steps < 4, 0.25, right),
        "turned round": right[::-1],
        "expected 40 rates": right[:-1],
        "that of step 0": np.array(right) / 2,
        "that of step 7": np.where(steps == 7, 0.1, right),
        "entries are NaN": np.where(steps == 7, np.nan, right),
        "got shape (40, 1)": np.array(right)[:, None],
    }.items():
        attacks.refused(exercises.own_schedule(wrong, RECIPE), says)
    for factor in (0, 0.5, 2, -1, 1.001):
        attacks.refused(exercises.own_schedule(factor * np.array(right), RECIPE))
    attacks.refused(exercises.own_schedule([0.1] * 40, RECIPE))
    attacks.refused(exercises.own_schedule((formula(s) for s in steps), RECIPE), "got generator")
    attacks.withstands_junk(exercises.own_schedule, RECIPE)
    short = replace(RECIPE, steps=4, warmup=4)  # no step is left for the cosine
    assert exercises.own_schedule([short.rate(s) for s in range(4)], short).right


def port(
    momentum=1 - exercises.MOMENTUM,
    epsilon=exercises.EPSILON,
    stride=2,
    relu=True,
    biased=True,
    bias=False,
):
    """The model in PyTorch; each mistake changes one line."""
    from torch import nn

    from labs.tasks.se_resnext import torch_side

    class Stem(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(2, 4, 3, stride=stride, padding=1, bias=bias)
            if biased:
                self.bn = torch_side.BatchNorm(
                    4, replace(SLIM, norm_momentum=1 - momentum, norm_epsilon=epsilon)
                )
            else:
                self.bn = nn.BatchNorm2d(4, momentum=momentum, eps=epsilon)

        def forward(self, x):
            x = self.bn(self.conv(x))
            return x.relu() if relu else x

    return Stem


def test_the_port_of_a_stem():
    check = exercises.stem
    right = check(port())
    assert right.right is True and f"all {len(parity.RUNGS)} rungs" in right.says, right.text
    old, unbiased = (
        "Paddle's momentum is the share of the old, PyTorch's that of the new",
        "keeps the unbiased variance",
    )
    for says, made in {
        old + ".": port(momentum=exercises.MOMENTUM),
        unbiased + ", n": port(biased=False),
        old + "; and PyTorch " + unbiased: port(exercises.MOMENTUM, biased=False),
        "PyTorch's default": port(0.1, biased=False),
        "the epsilon": port(epsilon=1e-5),
        "shape": port(stride=1),
        "ReLU is missing": port(relu=False),
        "conv.bias": port(bias=True),
        "derived from torch.nn.Module": exercises._stem(),
    }.items():
        attacks.refused(check(made), says)
    attacks.withstands_junk(check)


@pytest.mark.parametrize(
    "which, answers",
    [
        ("7.1", {"answer_1": 66_112}),
        ("7.2", {"answer_2": 4608}),
        ("7.3", {"gate": by_loop}),
        ("7.4", {"rates": [formula(s) for s in range(40)]}),
        ("7.5", {"Stem": lambda: port()()}),
    ],
)
def test_the_cell_works_as_it_stands_and_with_a_right_answer(which, answers):
    assert attacks.run_cell(CHAPTER, which, {"schedule": RECIPE}).right is None
    assert attacks.run_cell(CHAPTER, which, {"schedule": RECIPE}, **answers).right is True

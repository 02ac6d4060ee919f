"""The check of the page on ports: a right port passes, each near-miss hears its own hint, nothing else passes."""

import exercise_attacks as attacks
import numpy as np
import pytest

from labs import exercises as frame
from labs import parity
from labs.tasks.stock import exercises

CHAPTER = "06b_port.md"


def ported(**mistake):
    """The model in Paddle; each mistake changes one line."""
    import paddle.nn.functional as F
    from paddle import nn

    class Stem(nn.Layer):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2D(4, 8, 3, groups=mistake.get("groups", 4), bias_attr=mistake.get("bias", False))
            self.norm = nn.BatchNorm2D(8, epsilon=mistake.get("eps", 2**-10), momentum=mistake.get("momentum", 0.75))
            self.fc = nn.Linear(8, 5)

        def forward(self, x):
            gelu = mistake.get("gelu", lambda x: F.gelu(x, approximate=True))
            x = self.conv(x)
            x = self.norm(gelu(x)) if mistake.get("norm_last") else gelu(self.norm(x))
            x = mistake.get("pool", lambda x: F.avg_pool2d(x, 2, padding=1, exclusive=False))(x)
            return self.fc(mistake.get("mean", lambda x: x.mean([2, 3]))(x))

    return Stem


def test_the_port_of_a_stem():
    import paddle.nn.functional as F

    check = exercises.stem
    right = check(ported())
    assert right.right is True and f"all {len(parity.RUNGS)} rungs" in right.says, right.text
    assert check(ported(mean=lambda x: F.adaptive_avg_pool2d(x, 1).flatten(1))).right, "another style"
    for says, made in {
        "share of the old": ported(momentum=0.25),
        "epsilon is not the default": ported(eps=1e-5),
        "this is the other one": ported(gelu=F.gelu),
        "leaves it out unless told": ported(pool=lambda x: F.avg_pool2d(x, 2, padding=1)),
        "stands after the norm": ported(norm_last=True),
        "GELU is missing": ported(gelu=lambda x: x),
        "conv.weight": ported(groups=1),
        "conv.bias": ported(bias=None),
        "forward": ported(pool=lambda x: F.max_pool2d(x, 2, padding=1)),
        "rung 'forward'": ported(pool=lambda x: F.avg_pool2d(x, 2)),
        "(3, 4, 16, 8)": ported(mean=lambda x: x.reshape([-1, 8, 16]).mean(-1)),
        "derived from paddle.nn.Layer": exercises._stem(),
        "raised ZeroDivisionError: division by zero (line ": ported(gelu=attacks.raises),
        "raised TypeError": lambda x: x,
    }.items():
        attacks.refused(check(made), says)
    attacks.withstands_junk(check)


def test_a_number_that_paddle_keeps_in_float32_is_no_mistake_of_the_reader():
    import paddle
    import torch

    batches = [np.random.default_rng(n).normal(size=(4, 6)).astype("float32") for n in range(3)]

    def given():
        return torch.nn.Sequential(torch.nn.Linear(6, 6), torch.nn.LayerNorm(6, 1e-3))

    def theirs():
        return paddle.nn.Sequential(paddle.nn.Linear(6, 6), paddle.nn.LayerNorm(6, 1e-3))

    ladder = frame.port(theirs, given, batches)
    assert ladder.verdict == "float32 numbers", ladder.verdict


@pytest.mark.parametrize("answers", [{"Stem": lambda: ported()()}])
def test_the_cell_works_as_it_stands_and_with_a_right_answer(answers):
    assert attacks.run_cell(CHAPTER, "6b.1").right is None
    assert attacks.run_cell(CHAPTER, "6b.1", **answers).right is True

"""The checks of chapter 1: right answers pass, each near-miss gets its own hint, nothing else passes."""

import exercise_attacks as attacks
import numpy as np
import pytest

from labs.limits import Limits
from labs.tasks.install import exercises as install

MACHINE = Limits(
    {"Paddle": 80e9, "PyTorch": 100e9},
    {"Paddle": 25e9, "PyTorch": 20e9},
    {"Paddle": "cpu", "PyTorch": "cpu"},
    "1",
    {"Paddle": 4e-6, "PyTorch": 1e-6},
)
ROUND = Limits(
    {"Paddle": 80e9, "PyTorch": 187e9},
    {"Paddle": 15e9, "PyTorch": 13.9e9},
    {"Paddle": "cpu", "PyTorch": "cpu"},
    "1",
    {"Paddle": 4e-6, "PyTorch": 1e-6},
)
TOKENS = 25e9 / (4 * install.WEIGHTS)
WIDTH = (1e-6 * 100e9 / 2) ** (1 / 3)
CHAPTER = "01_install.md"


def test_tokens_per_second():
    attacks.number(
        install.tokens_per_second,
        TOKENS,
        {
            4 * TOKENS: "has four bytes",
            2 * TOKENS: "four bytes, not two",
            TOKENS / 8: "counts bits",
            1 / TOKENS: "seconds that one token",
            0.8 * TOKENS: "the slower of the two",
            0.6 * TOKENS: "divide the fastest",
        },
        MACHINE,
    )
    assert install.tokens_per_second(27, ROUND).right, "a whole number is at most that many"
    attacks.refused(install.tokens_per_second(29, ROUND))


def test_break_even():
    attacks.number(
        install.break_even,
        WIDTH,
        {
            (4e-6 * 80e9 / 2) ** (1 / 3): "Paddle's width",
            (4e-6 * 100e9 / 2) ** (1 / 3): "Paddle's time to start",
            (1e-6 * 80e9 / 2) ** (1 / 3): "Paddle's operations a second",
            WIDTH * 2 ** (1 / 3): "a multiplication and an addition",
            WIDTH**1.5: "n^3, not n^2",
            3 * WIDTH: "solve 2 n^3",
        },
        MACHINE,
        ratios=(0, 0.5, 2, -1, 1.05, 1.15),
    )
    assert install.break_even(round(WIDTH), MACHINE).right


def test_ridge():
    attacks.number(
        install.ridge,
        4.0,
        {
            0.25: "turn it round",
            16.0: "has four bytes",
            3.2: "the fastest of machine.flops",
            7.0: "divide the two limits",
        },
        MACHINE,
        ratios=(0, 0.5, 2, -1, 1.1),
    )
    for whole in (12, 13):
        assert install.ridge(whole, ROUND).right, "12.47 in whole numbers"
    attacks.refused(install.ridge(14, ROUND))


def ways():
    import paddle
    import torch

    return [
        paddle.from_dlpack,
        lambda t: paddle.utils.dlpack.from_dlpack(torch.utils.dlpack.to_dlpack(t)),
        lambda t: paddle.from_dlpack(t.detach()),
    ]


def zeroing(tensor):
    import paddle

    tensor.zero_()
    return paddle.from_dlpack(tensor)


def corner(tensor):
    import paddle

    other = paddle.from_dlpack(tensor)
    other[tuple(n - 1 for n in tensor.shape)] = 99
    return other


def test_one_memory_is_told_from_a_copy():
    import paddle
    import torch

    attacks.function(
        install.shared,
        ways(),
        {
            "it is a copy": lambda t: paddle.to_tensor(t.numpy().copy()),
            "changes the numbers in PyTorch's": zeroing,
            "changes the numbers": corner,
            "expected the shape (2, 3)": lambda t: paddle.from_dlpack(torch.flatten(t)),
            "expected a Paddle tensor, got torch.Tensor": lambda t: t,
            "expected a Paddle tensor, got numpy": lambda t: t.numpy(),
            "other numbers": lambda t: paddle.zeros(t.shape, str(t.dtype).removeprefix("torch.")),
            "that is a copy": lambda t: (
                paddle.from_dlpack(t)
                if t.dtype == torch.float32
                else paddle.from_dlpack(t).astype("float32")
            ),
        },
        draws=5,
        distort=False,
    )  # nothing is drawn here
    attacks.refused(install.shared(lambda t: paddle.from_dlpack(t.clone())), "it is a copy")
    attacks.refused(install.shared(lambda t: paddle.from_dlpack(t.contiguous())), "it is a copy")
    attacks.refused(install.shared(lambda t: paddle.from_dlpack(t if t.dtype in (torch.float32, torch.float64, torch.int64) else t.clone())), "it is a copy")
    attacks.refused(install.shared(lambda t: paddle.from_dlpack(t.T.contiguous())))


@pytest.mark.parametrize(
    "which, answers",
    [
        ("1.1", {"answer_1": TOKENS}),
        ("1.2", {"answer_2": WIDTH}),
        ("1.3", {"answer_3": np.float32(4)}),
        ("1.4", {"as_paddle": lambda t: ways()[0](t)}),
    ],
)
def test_the_cell_works_as_it_stands_and_with_a_right_answer(which, answers):
    assert attacks.run_cell(CHAPTER, which, {"machine": MACHINE}).right is None
    assert attacks.run_cell(CHAPTER, which, {"machine": MACHINE}, **answers).right is True

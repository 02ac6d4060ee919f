"""The checks of chapter 1: the right answer passes, the usual wrong ones get their hint."""
import pytest

from labs.limits import Limits
from labs.tasks.install import exercises as install

MACHINE = Limits({"Paddle": 90e9, "PyTorch": 100e9}, {"Paddle": 25e9, "PyTorch": 20e9}, {"Paddle": "cpu", "PyTorch": "cpu"}, "1",
                 {"Paddle": 2e-6, "PyTorch": 1e-6})
TOKENS = 25e9 / (4 * install.WEIGHTS)
WIDTH = (1e-6 * 100e9 / 2) ** (1 / 3)


@pytest.mark.parametrize("check", [install.tokens_per_second, install.break_even, install.ridge])
def test_no_answer_is_neither_right_nor_wrong(check):
    assert check(None, MACHINE).right is None


@pytest.mark.parametrize("check, right", [(install.tokens_per_second, TOKENS), (install.break_even, WIDTH), (install.break_even, round(WIDTH)),
                                          (install.ridge, 4.0)])
def test_the_right_answer_passes(check, right):
    assert check(right, MACHINE).right is True


@pytest.mark.parametrize("check, wrong, says", [
    (install.tokens_per_second, 4 * TOKENS, "four bytes"), (install.tokens_per_second, 1 / TOKENS, "seconds a token takes"),
    (install.tokens_per_second, 3.0, "all bytes of the weights"), (install.break_even, WIDTH * 2 ** (1 / 3), "a multiplication and an addition"),
    (install.break_even, 2 * WIDTH, "solve"), (install.ridge, 0.25, "turn it round"), (install.ridge, 7.0, "divide")])
def test_a_wrong_answer_gets_a_hint(check, wrong, says):
    answer = check(wrong, MACHINE)
    assert answer.right is False and says in answer.says


def test_one_memory_is_told_from_a_copy():
    paddle, torch = pytest.importorskip("paddle"), pytest.importorskip("torch")
    assert install.shared(None).right is None
    assert install.shared(paddle.from_dlpack).right is True
    assert "copy" in install.shared(lambda tensor: paddle.to_tensor(tensor.numpy())).says
    assert "expected a Paddle tensor, got Tensor" in install.shared(lambda tensor: tensor).says
    assert "shape" in install.shared(lambda tensor: paddle.from_dlpack(torch.flatten(tensor))).says
    assert "raised ZeroDivisionError" in install.shared(lambda tensor: 1 / 0).says

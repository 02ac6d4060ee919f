"""The checks of chapter 6: right answers pass, each near-miss gets its own hint, nothing else passes."""

import exercise_attacks as attacks
import numpy as np
import pytest

from labs import parity
from labs.tasks.mnist import exercises

CHAPTER = "06_mnist.md"


@pytest.fixture(scope="module", autouse=True)
def twins():
    """The sides, imported when the first test runs: collecting tests loads no framework."""
    global torch_side
    from labs.tasks.mnist import torch_side


def test_parameter_count():
    attacks.number(
        exercises.parameter_count,
        112_122,
        {
            112_122 - 252: "the biases are missing",
            112_112: "of the last layer",
            112_122 - 48_000: "fc1 takes 32",
            61_706: "as it stands",
            112_122 - 4_000: "all 6 channels",
            112_122 + 32 * 24 * 120: "no padding",
            112_121: "count each layer's",
        },
    )


def test_images_needed():
    attacks.number(
        exercises.images_needed,
        3136,
        {
            784: "one standard deviation",
            12_544: "four standard deviations",
            6272: "the difference of two",
            40_000: "p = 0.5",
            156_800: "p (1 - p), not p",
            3012: "not 1.96",
            0.3136: "half a point is 0.005",
            3100: "solve 2 sqrt",
        },
    )
    assert exercises.images_needed(3137).right


def scaled(by):
    """A step whose loss is so many times the right one."""

    def step(model, optimizer, batch):
        import torch
        import torch.nn.functional as F

        x, y = (torch.from_numpy(a) for a in batch)
        loss = by * F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    return step


def halved_gradients(model, optimizer, batch):
    import torch
    import torch.nn.functional as F

    x, y = (torch.from_numpy(a) for a in batch)
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    for parameter in model.parameters():
        parameter.grad *= 0.5
    optimizer.step()
    optimizer.zero_grad()
    return loss


def zero_grad_too_early(model, optimizer, batch):
    loss = halved_gradients(model, optimizer, batch)
    optimizer.zero_grad()
    return loss


def without_a_step(model, optimizer, batch):
    import torch
    import torch.nn.functional as F

    x, y = (torch.from_numpy(a) for a in batch)
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.zero_grad()
    return loss


def test_a_step_that_the_ladder_cannot_climb_is_not_said_to_have_raised():
    attacks.refused(
        exercises.own_mistake(without_a_step, "one step"),
        "no ladder can be climbed with that step: the PyTorch (yours) side's step never called",
    )


def test_a_mistake_of_ones_own():
    check = exercises.own_mistake
    assert check(scaled(2), "loss").right and check(halved_gradients, "gradients").right
    assert check(None, "loss").right is None and check(scaled(2), None).right is None
    attacks.refused(
        check(scaled(2), "gradients"), "the lowest red rung is 'loss', you predicted 'gradients'"
    )
    attacks.refused(check(halved_gradients, "one step"), "the lowest red rung is 'gradients'")
    attacks.refused(check(torch_side.step, "k steps"), "the ladder is green")
    attacks.refused(check(exercises._without_zero_grad, "gradients"), "the page's own mistake")
    attacks.refused(check(exercises._without_zero_grad, "k steps"), "the page's own mistake")
    attacks.refused(
        check(attacks.raises, "loss"), "your step raised ZeroDivisionError: division by zero (line "
    )
    attacks.refused(check(lambda *_: 1.0, "loss"))
    for rung in attacks.junk():
        attacks.refused(check(halved_gradients, rung))
    for step in attacks.junk():
        if not callable(step):
            attacks.refused(check(step, "loss"), "expected a function")


def in_place(weight, gradient, velocity, learning_rate, momentum):
    velocity *= momentum
    velocity += gradient
    weight -= learning_rate * velocity
    return weight, velocity


def as_float32(*arguments):
    return tuple(np.float32(each) for each in exercises._momentum(*arguments))


def as_a_list(*arguments):
    return list(exercises._momentum(*arguments))


def with_tensors(w, g, v, r, m):
    import torch

    w, g, v = (torch.as_tensor(a) for a in (w, g, v))
    return exercises._momentum(w, g, v, r, m)


def spoiling(w, g, v, r, m):
    g *= 2
    return exercises._momentum(w, g / 2, v, r, m)


def test_momentum_step():
    misses = {hint: rule for hint, rule in exercises.MOMENTUM_MISTAKES.items()}
    attacks.function(
        exercises.momentum_step,
        [exercises._momentum, in_place, as_float32, with_tensors, as_a_list],
        misses
        | {
            "changes its argument `gradient`": spoiling,
            "The velocity is m v + g": lambda w, g, v, r, m: exercises._momentum(
                w, g, v, 0.125, 0.875
            ),  # numbers typed in
            "expected the new weight and the new velocity": lambda *given: exercises._momentum(
                *given
            )[0],
            "expected shape (3, 4)": lambda *given: tuple(a.T for a in exercises._momentum(*given)),
        },
    )
    for _ in range(attacks.DRAWS // 4):  # one of the two numbers typed in
        for typed in (
            lambda w, g, v, r, m: exercises._momentum(w, g, v, 0.125, m),
            lambda w, g, v, r, m: exercises._momentum(w, g, v, r, 0.5),
            lambda w, g, v, r, m: exercises._momentum(w, g, v, r, 0.75),
            lambda w, g, v, r, m: exercises._momentum(w, g, v, r, 0.875),
        ):
            attacks.refused(exercises.momentum_step(typed))


def port(**mistake):
    """The model in Paddle; each mistake changes one line."""
    import paddle
    import paddle.nn.functional as F
    from paddle import nn

    class Subsampling(nn.Layer):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2D(1, 6, mistake.get("kernel", 5))
            shape = mistake.get("shape", [6, 1, 1])
            self.coefficient = self.create_parameter(
                shape, default_initializer=nn.initializer.Constant(mistake.get("begins", 1.0))
            )
            self.offset = self.create_parameter(
                shape, default_initializer=nn.initializer.Constant(mistake.get("offset", 0.0))
            )

        def forward(self, x):
            x = mistake.get("pool", F.avg_pool2d)(self.conv(x), 2)
            if mistake.get("detached"):
                x = x.detach()
            return mistake.get("squash", paddle.tanh)(
                mistake.get("join", lambda x, a, b: x * a + b)(x, self.coefficient, self.offset)
            )

    return Subsampling


def test_the_port_of_subsampling():
    import paddle.nn.functional as F

    check = exercises.subsampling
    right = check(port())
    assert right.right is True and f"all {len(parity.RUNGS)} rungs" in right.says, right.text
    assert check(lambda: port(join=lambda x, a, b: b + a * x)()).right, (
        "a function that makes the model"
    )
    for says, made in {
        "took their mean": port(pool=F.max_pool2d),
        "bias is not added": port(join=lambda x, a, b: x * a + 0 * b),
        "coefficient is not applied": port(join=lambda x, a, b: x + b + 0 * a),
        "tanh is missing": port(squash=lambda x: x),
        "not a ReLU": port(squash=F.relu),
        "coefficient": port(shape=[6]),
        "rung 'gradients'": port(detached=True),
        "conv.weight": port(kernel=3),
        "forward": port(join=lambda x, a, b: a * (x + b)),
        "derived from paddle.nn.Layer": exercises._subsampling(),
        "raised TypeError": lambda x: x,
        "raised ZeroDivisionError: division by zero (line ": port(squash=attacks.raises),
        "expected outputs of shape": port(squash=lambda x: x.flatten(1)),
        "a fresh `coefficient` is not 1": port(begins=0.5),
        "a fresh `offset` is not 0": port(offset=0.1),
        "raised ValueError": port(pool=lambda x, k: x.reshape([-1, 6, 4, 2, 4, 2]).mean([3, 5])),
        "(3, 1, 14, 10): expected outputs": port(pool=lambda x, k: F.adaptive_avg_pool2d(x, 4)),
        "(5, 1, 11, 13): expected outputs": port(
            pool=lambda x, k: F.avg_pool2d(x, k, ceil_mode=True)
        ),
        "rung 'forward'": port(pool=lambda x, k: F.avg_pool2d(x.astype("float32"), k).astype(x.dtype)),
    }.items():
        attacks.refused(check(made), says)
    attacks.withstands_junk(check)


@pytest.mark.parametrize(
    "which, answers",
    [
        ("6.1", {"answer_1": 112_122}),
        ("6.2", {"answer_2": 3136.0}),
        ("6.3", {"wrong_step": scaled(3), "predicted": "loss"}),
        ("6.4", {"step": in_place}),
        ("6.5", {"Subsampling": lambda: port()()}),
    ],
)
def test_the_cell_works_as_it_stands_and_with_a_right_answer(which, answers):
    assert attacks.run_cell(CHAPTER, which).right is None
    assert attacks.run_cell(CHAPTER, which, **answers).right is True

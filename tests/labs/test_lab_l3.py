"""Lab 3: its reference against the frameworks, the chapter's own code, and what a student reads."""

import numpy as np
import pytest

from labs.grading import assignment, sources
from labs.grading import cases as drawn
from labs.grading.answering import Here
from labs.grading.climbing import climb
from labs.grading.comparing import compare
from labs.grading.mutants import variants


@pytest.fixture(scope="module")
def made():
    return assignment.read("L3")


@pytest.fixture(scope="module")
def cases(made):
    return drawn.make(made, "tests", mistakes=False)


def some(cases, function):
    """The calls of one function, wherever they are made, with their right answers."""
    found = [
        (case.call.arguments, case.right)
        for all_ in cases.values()
        for case in all_
        if case.call.function == function
    ]
    assert len(found) >= 3
    return found


def interleaved(torch, x, weight, groups, stride=1):
    """The framework's own groups, on channels that are put in another order one by one."""
    inside = [c for g in range(groups) for c in range(x.shape[1]) if c % groups == g]
    outside = [o for g in range(groups) for o in range(len(weight)) if o % groups == g]
    size = weight.shape[-1] // 2
    found = torch.nn.functional.conv2d(x[:, inside], weight[outside], None, stride, size, 1, groups)
    return torch.stack([found[:, outside.index(o)] for o in range(len(weight))], 1)


def near(right, answer):
    assert right.dtype == answer.dtype and right.shape == answer.shape
    assert np.abs(right - answer).max(initial=0) <= 1e-4 * np.abs(right).max(initial=0)


def test_the_reference_convolves_as_pytorch_with_its_groups(cases):
    import torch

    for (x, weight, groups, *stride), right in some(cases, "grouped_conv"):
        stride = stride[0] if stride and stride[0] else 1
        near(
            right,
            interleaved(
                torch, torch.from_numpy(x), torch.from_numpy(weight), groups, stride
            ).numpy(),
        )


def test_the_references_gradients_are_pytorchs(cases):
    import torch

    for (x, weight, groups, *layers, dy), right in some(cases, "gradients"):
        leaves = [torch.from_numpy(each.copy()).requires_grad_() for each in (x, weight, *layers)]
        x, weight, w1, b1, w2, b2 = leaves
        y = interleaved(torch, x, weight, groups)
        s = torch.cat([y.mean((2, 3)), y.amax((2, 3))], 1)
        z = (s @ w1.T + b1).relu() @ w2.T + b2
        out = (x + y * torch.nn.functional.hardtanh(z / 4 + 0.5, 0, 1)[:, :, None, None]).relu()
        (out * torch.from_numpy(dy)).sum().backward()
        for one, leaf in zip(right, leaves, strict=True):
            near(one, leaf.grad.numpy())


def test_the_hard_sigmoid_is_paddles_with_a_slope_of_a_quarter(cases):
    import paddle

    for (z,), right in some(cases, "hard_sigmoid"):
        found = paddle.nn.functional.hardsigmoid(paddle.to_tensor(z), slope=0.25, offset=0.5)
        assert np.abs(right - found.numpy()).max() < 1e-6
        assert (right[z <= -2] == 0).all() and (right[z >= 2] == 1).all()


def chapter(side, tensor):
    """Chapter 7's own layers under the lab's names, with the weights that are handed over."""
    config = type("config", (), {"reduction": 1})

    def layer(w1, b1, w2, b2):
        made = side.SqueezeExcite(len(w2), config)
        w1 = w1[:, : len(w2)]  # the chapter has the means alone
        for linear, weight, bias in ((made.fc1, w1, b1), (made.fc2, w2, b2)):
            del linear.weight, linear.bias
            linear.weight = weight.T if "paddle" in side.__name__ else weight
            linear.bias = bias
        return made

    def gates(s, *weights):
        return layer(*weights).gates(s[:, : len(weights[2]), None, None])

    def grouped_conv(x, weight, groups, stride=1):
        made = side.conv(x.shape[1], len(weight), weight.shape[-1], stride, groups)
        del made.weight
        made.weight = weight
        return made(x)

    def block(x, weight, groups, *weights):
        y = grouped_conv(x, weight, groups)
        return side.F.relu(x + layer(*weights)(y))

    return {
        "tensor": tensor,
        "hard_sigmoid": side.F.sigmoid,
        "squeeze": lambda x: x.flatten(2).mean(2),
        "gates": gates,
        "excite": lambda x, *weights: layer(*weights)(x),
        "grouped_conv": grouped_conv,
        "block": block,
    }


@pytest.mark.parametrize("framework", ["torch", "paddle"])
def test_chapter_7s_own_code_does_not_pass(made, cases, framework):
    if framework == "torch":
        import torch

        from labs.tasks.se_resnext import torch_side

        names = chapter(torch_side, torch.from_numpy)
    else:
        import paddle

        from labs.tasks.se_resnext import paddle_side

        names = chapter(paddle_side, paddle.to_tensor)
    result = climb(made, cases, Here(made, names))
    assert result.earned == 0, result.text
    # it computes: no rung is lost to an exception, and what no variant touches is right
    assert not [rung.says for rung in result.rungs if "raised" in rung.says], result.text
    one_group = [case for case in cases["groups"] if case.call.about == "one group"]
    assert [
        compare(each.right, Here(made, names).answer(each.call).value) for each in one_group
    ] == [None]


def test_either_framework_is_accepted_and_a_mixture_is_not(made, cases):
    assert sum("import paddle" in one.source for one in variants(made).values()) >= 2
    source = sources.solution(made.text("lab.md"))
    mixed = (
        source + "\n\ndef tensor(array):\n    import paddle\n    return paddle.to_tensor(array)\n"
    )
    result = climb(made, cases, Here(made, assignment.run_source(mixed, "mixed")))
    # hard_sigmoid is arithmetic and a method that both have
    assert [one.name for one in result.rungs if one.earned] == ["gate"], result.text


@pytest.mark.parametrize(
    "change, rung, says",
    [
        (
            "def squeeze(x):\n    return x.detach().numpy()",
            "squeeze",
            "expected a torch.Tensor, as `tensor` makes, got a ndarray",
        ),
        (
            "inner = excite\ndef excite(x, *w):\n    y = inner(x, *w)\n    x.zero_()\n    return y",
            "excite",
            "raised ArgumentChanged: work on a copy",
        ),
        (
            "inner = block\ndef block(x, *a):\n    return inner(x.detach(), *a)",
            "gradients",
            "the chain is cut",
        ),
        ("del gates", "gates", "`gates` is not written yet"),
    ],
)
def test_what_a_student_reads(made, cases, change, rung, says):
    source = sources.solution(made.text("lab.md")) + "\n\n" + change
    result = climb(made, cases, Here(made, assignment.run_source(source, "changed")))
    assert says in next(one.says for one in result.rungs if one.name == rung), result.text

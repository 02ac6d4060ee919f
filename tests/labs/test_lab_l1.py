"""Lab 1: its reference against the layers that it stands for, chapter 6's ways, and what a student reads."""

import numpy as np
import pytest

from labs.grading import assignment, sources
from labs.grading import cases as drawn
from labs.grading.answering import Here
from labs.grading.climbing import climb


@pytest.fixture(scope="module")
def made():
    return assignment.read("L1")


@pytest.fixture(scope="module")
def cases(made):
    return drawn.make(made, "tests", mistakes=False)


def some(cases, name):
    """Arguments and right answers of one layer, of the calls that go forward."""
    found = [
        (case.call.arguments[0], case.right)
        for all_ in cases.values()
        for case in all_
        if case.call.function == name
    ]
    assert len(found) >= 3
    return found


def near(right, answer):
    assert right.shape == answer.shape
    digits = 1e-5 if right.dtype == "float32" else 1e-12
    assert np.abs(right - answer).max(initial=0) <= digits * max(1, np.abs(right).max(initial=0))


def test_the_references_linear_layer_is_pytorchs(cases):
    import torch

    for arguments, right in some(cases, "linear_paddle"):
        tensors = [None if each is None else torch.from_numpy(each) for each in arguments]
        near(right, torch.nn.functional.linear(*tensors).numpy())


def pytorchs_norm(x, weight, bias, state, training, momentum, eps):
    """The layer itself: (y, its state)."""
    import torch

    layer = torch.nn.BatchNorm1d(x.shape[1], eps=eps, momentum=momentum, dtype=torch.float64)
    arrays = {"weight": weight, "bias": bias, **state}
    layer.load_state_dict({name: torch.tensor(each) for name, each in arrays.items()})
    rows = torch.from_numpy(x).double().flatten(2) if x.ndim > 2 else torch.from_numpy(x).double()
    y = layer.train(training)(rows).reshape(x.shape)
    return y.detach().numpy(), {name: layer.state_dict()[name].numpy() for name in state}


def test_the_references_norm_and_its_statistics_are_pytorchs(cases):
    for arguments, right in some(cases, "norm_paddle"):
        near(right, pytorchs_norm(*arguments)[0])
    states = [case for case in cases["statistics"] if case.call.function == "state"]
    assert len(states) >= 8
    for case in states:
        found = pytorchs_norm(*case.call.arguments[0])[1]
        assert set(found) == set(case.right)
        for name, each in found.items():
            near(np.asarray(case.right[name], "float64"), each)


def test_the_references_convolution_is_paddles(cases):
    import paddle

    for (x, weight, bias, *rest), right in some(cases, "conv_torch"):
        if not len(x):
            continue  # Paddle refuses a batch of none
        x, weight, bias = (None if a is None else paddle.to_tensor(a) for a in (x, weight, bias))
        near(right, paddle.nn.functional.conv2d(x, weight, bias, *rest).numpy())


def test_the_references_pool_is_paddles(cases):
    import paddle

    for (x, kernel, stride, padding, exclusive), right in some(cases, "pool_torch"):
        if len(x):
            x = paddle.to_tensor(x)
            found = paddle.nn.functional.avg_pool2d(x, kernel, stride, padding, exclusive=exclusive)
            near(right, found.numpy())


def test_the_references_embedding_is_paddles(cases):
    import paddle

    for (ids, weight, padding_idx), right in some(cases, "embedding_torch"):
        if ids.size:
            ids, weight = paddle.to_tensor(ids), paddle.to_tensor(weight)
            near(right, paddle.nn.functional.embedding(ids, weight, padding_idx).numpy())


def test_the_references_lstm_unit_is_pytorchs_with_its_gates_exchanged(cases):
    import torch

    for arguments, right in some(cases, "lstm_torch"):
        *arrays, forget_bias = arguments
        x, h, c, weight, bias = (torch.from_numpy(each) for each in arrays)
        order = [0, 2, 1, 3]  # i, f, g, o of i, j, f, o
        rows = torch.cat([weight.T.chunk(4)[k] for k in order])
        four = [bias.chunk(4)[k] + (forget_bias if k == 2 else 0) for k in order]
        cell = torch.nn.LSTMCell(x.shape[1], h.shape[1], dtype=x.dtype)
        with torch.no_grad():
            cell.weight_ih.copy_(rows[:, : x.shape[1]])
            cell.weight_hh.copy_(rows[:, x.shape[1] :])
            cell.bias_ih.copy_(torch.cat(four))
            cell.bias_hh.zero_()
        for one, other in zip(right, cell(x, (h, c)), strict=True):
            near(one, other.detach().numpy())


CHAPTERS = """
def linear_paddle(x, weight, bias=None):
    layer = paddle.nn.Linear(*weight.T.shape, bias_attr=None if bias is not None else False)
    layer.weight.set_value(weight.T)
    if bias is not None:
        layer.bias.set_value(bias)
    return layer(x)


def norm_paddle(x, weight, bias, state, training, momentum, eps):
    layer = paddle.nn.BatchNorm(x.shape[1], momentum=0.9 if momentum is None else 1 - momentum, epsilon=eps)
    arrays = [weight, bias, state["running_mean"], state["running_var"]]
    for own, each in zip((layer.weight, layer.bias, layer._mean, layer._variance), arrays):
        own.set_value(each)
    layer.train() if training else layer.eval()
    y = layer(x)
    count = state["num_batches_tracked"] + bool(training)
    return y, {"running_mean": layer._mean, "running_var": layer._variance, "num_batches_tracked": count}


def conv_torch(x, weight, bias, stride, padding, dilation, groups):
    padding = padding.lower() if isinstance(padding, str) else padding
    return TF.conv2d(x, weight, bias, stride, padding, dilation, groups)


def pool_torch(x, kernel, stride, padding, exclusive):
    return TF.avg_pool2d(x, kernel, stride, padding[::2], count_include_pad=not exclusive)


def embedding_torch(ids, weight, padding_idx=None):
    return torch.nn.Embedding.from_pretrained(weight, False, padding_idx)(ids)


def lstm_torch(x, h, c, weight, bias, forget_bias):
    cell = torch.nn.LSTMCell(x.shape[1], h.shape[1], dtype=x.dtype)
    with torch.no_grad():
        cell.weight_ih.copy_(weight.T[:, : x.shape[1]])
        cell.weight_hh.copy_(weight.T[:, x.shape[1] :])
        cell.bias_ih.copy_(bias)
        cell.bias_hh.zero_()
    return cell(x, (h, c))
"""


def told(made, cases, change):
    """The result of the lab's own solution with a change behind it."""
    source = sources.solution(made.text("lab.md")) + "\n\n" + change
    return climb(made, cases, Here(made, assignment.run_source(source, "changed")))


def test_the_layers_as_the_chapters_map_them_do_not_pass(made, cases):
    """Stock layers, weights copied, momentum inverted: what chapters 6 and 6b teach."""
    result = told(made, cases, CHAPTERS)
    assert [rung.name for rung in result.rungs if rung.earned] in ([], ["linear"]), result.text


@pytest.mark.parametrize(
    "change, rung, says",
    [
        (
            "def pool_torch(x, *more):\n    return PF.avg_pool2d(paddle.to_tensor(x.numpy()), *more[:3])",
            "pool",
            "expected a tensor of torch, got a paddle",
        ),
        (
            "inner = norm_paddle\ndef norm_paddle(x, *more):\n    return inner(x, *more)[0]",
            "norm",
            "expected two values of norm_paddle",
        ),
        (
            "inner = conv_torch\ndef conv_torch(x, *more):\n    y = inner(x, *more)\n    x.data.zero_()\n    return y",
            "conv",
            "raised ArgumentChanged: work on a copy",
        ),
        ("del lstm_torch", "lstm", "there is no `lstm_torch` yet"),
    ],
)
def test_what_a_student_reads(made, cases, change, rung, says):
    result = told(made, cases, change)
    assert says in next(one.says for one in result.rungs if one.name == rung), result.text

"""Lab 4: its reference against autograd and chapter 8's cell, the chapter's own code, and what a
student reads.
"""

import importlib
import types

import numpy as np
import pytest

from labs.grading import assignment, sources
from labs.grading import cases as drawn
from labs.grading.answering import Here
from labs.grading.climbing import climb
from labs.grading.mutants import variants

NAMES = ("embedding", "w_x", "w_h", "bias", "out", "out_bias")


@pytest.fixture(scope="module")
def made():
    return assignment.read("L4")


@pytest.fixture(scope="module")
def cases(made):
    return drawn.make(made, "tests", mistakes=False)


def coupled(rows):
    """Rows of chapter 8's four gates: 1 - sigmoid(z) is sigmoid(-z)."""
    return [-rows[: len(rows) // 3], rows]


def unrolled(torch, x, starts, weights, h, c):
    """The text in one go, by chapter 8's cell: logits (T, B, V)."""
    from labs.tasks.rnn_lm import torch_side

    w_x, w_h, bias = (torch.cat(coupled(weights[name])) for name in ("w_x", "w_h", "bias"))
    seen = []
    for t in range(len(x)):
        goes_on = ~starts[t][:, None]
        rows = weights["embedding"][x[t]]
        four = w_x, w_h, bias, torch.zeros_like(bias)
        h, c = torch_side.cell(rows, h * goes_on, c * goes_on, four, torch.tanh)
        seen.append(h)
    return torch.stack(seen) @ weights["out"].T + weights["out_bias"], h, c


def test_the_references_gradient_is_autograds_window_by_window(made):
    """Each window by itself: its own leaves, its own backward; the states from a run before."""
    import torch

    calls = [one for each in ("cut", "overlap", "shapes") for one in drawn.draw(made, "t")[each]]
    calls = [one for one in calls if one.function == "gradients"]
    assert len(calls) >= 8
    for one in calls:
        x, y, starts, weights, state, k1, k2 = one.arguments
        right = made.reference["gradients"](*one.arguments)
        T, B = x.shape
        own = {name: torch.from_numpy(each).double() for name, each in weights.items()}
        x, y, starts = (torch.from_numpy(each) for each in (x, y, starts))
        zeros = torch.zeros(B, weights["w_h"].shape[1], dtype=torch.float64)
        states = [(zeros, zeros) if state is None else [torch.tensor(s).double() for s in state]]
        for t in range(T):
            _, *at = unrolled(torch, x[t : t + 1], starts[t : t + 1], own, *states[t])
            states.append(at)
        total, found = 0.0, {name: 0 for name in NAMES}
        for first in range(0, T, k1):
            last = min(first + k1, T)
            begin = max(0, last - k2)
            leaves = {name: each.clone().requires_grad_() for name, each in own.items()}
            logits, *_ = unrolled(torch, x[begin:last], starts[begin:last], leaves, *states[begin])
            part = torch.nn.functional.cross_entropy(
                logits[first - begin :].flatten(0, 1),
                y[first:last].flatten(),
                ignore_index=-1,
                reduction="sum",
            )
            (part / B).backward()
            total += part.item() / B
            found = {name: found[name] + leaf.grad.numpy() for name, leaf in leaves.items()}
        near = {"rtol": 0, "atol": 1e-12 if weights["out"].dtype == "float64" else 1e-5}
        np.testing.assert_allclose(right["loss"], total, **near)
        for name, each in zip("hc", states[T]):
            np.testing.assert_allclose(right[name], each, **near)
        for name in NAMES:
            np.testing.assert_allclose(right[name], found[name], **near)


def chapter(name):
    """Chapter 8's own cell, clipping and truncated step under the lab's names."""
    side = importlib.import_module(f"labs.tasks.rnn_lm.{name}_side")
    framework = importlib.import_module(name)
    join = framework.cat if name == "torch" else framework.concat
    gradient = framework.autograd.grad if name == "torch" else framework.grad
    tensor = framework.from_numpy if name == "torch" else framework.to_tensor

    def cell(x, h, c, weights):
        """Four gates of three: i gets f's rows."""
        rows = [weights[each] for each in ("w_x", "w_h", "bias")]
        w_x, w_h, bias = (join([each[: each.shape[0] // 3], each]) for each in rows)
        return side.cell(x, h, c, (w_x, w_h, bias, 0 * bias), framework.tanh)

    def read(x, starts, weights, state=None):
        shape, dtype = (x.shape[1], weights["w_h"].shape[1]), weights["out"].dtype
        h, c = state or (framework.zeros(shape, dtype=dtype),) * 2
        seen = []
        for t in range(x.shape[0]):
            h, c = cell(weights["embedding"][x[t]], h, c, weights)
            seen.append(h)
        return framework.stack(seen) @ weights["out"].T + weights["out_bias"], (h, c)

    def nats(logits, y):
        rows = -side.F.log_softmax(logits, -1).reshape([-1, logits.shape[-1]])
        return rows[framework.arange(len(rows)), y.flatten() % logits.shape[-1]].reshape(y.shape)

    def perplexity(pieces):
        steps = sum(y.shape[0] for _, y in pieces)
        return np.exp(sum(float(nats(*each).mean(1).sum()) for each in pieces) / steps)

    def loss(x, y, starts, weights, state, k1, k2):
        total = 0
        for t in range(0, x.shape[0], k1):
            logits, state = read(x[t : t + k1], starts, weights, state)
            state = tuple(each.detach() for each in state)
            total = total + nats(logits, y[t : t + k1]).sum() / x.shape[1]
        return total, state

    def clip(gradients, limit):
        holders = [types.SimpleNamespace(grad=1 * each) for each in gradients.values()]
        config = types.SimpleNamespace(clip=limit)
        side.clip_gradients(types.SimpleNamespace(parameters=lambda: holders, config=config))
        return {name: holder.grad for name, holder in zip(gradients, holders)}

    def step(x, y, starts, weights, state, k1, k2, learning_rate, limit):
        leaves = {name: each.detach().clone() for name, each in weights.items()}
        for leaf in leaves.values():
            if name == "torch":
                leaf.requires_grad_()
            else:
                leaf.stop_gradient = False
        value, state = loss(x, y, starts, leaves, state, k1, k2)
        found = clip(dict(zip(leaves, gradient(value, list(leaves.values())))), limit)
        return {each: weights[each] - learning_rate * found[each] for each in weights}, state

    own = {"tensor": tensor, "cell": cell, "read": read, "nats": nats, "perplexity": perplexity}
    return own | {"loss": loss, "clip": clip, "step": step}


@pytest.mark.parametrize("framework", ["torch", "paddle"])
def test_chapter_8s_own_code_does_not_pass(made, cases, framework):
    result = climb(made, cases, Here(made, chapter(framework)))
    # it computes: no rung is lost to an exception, and what the lab did not change is right
    assert not [rung.says for rung in result.rungs if "raised" in rung.says], result.text
    assert [rung.name for rung in result.rungs if rung.earned] == ["clip"], result.text


def test_chapter_8s_cell_with_the_forget_gate_turned_over_is_the_labs(made, cases):
    """Why a cell of nn.LSTM may stand in the lab, and what the two differ in."""
    import torch

    from labs.tasks.rnn_lm import torch_side

    assert len(cases["cell"]) >= 3
    for case in cases["cell"]:
        *given, weights = case.call.arguments
        x, h, c = map(torch.from_numpy, given)
        four = [
            torch.cat(coupled(torch.from_numpy(weights[name]))) for name in ("w_x", "w_h", "bias")
        ]
        found = torch_side.cell(x, h, c, (*four, torch.zeros_like(four[-1])), torch.tanh)
        for right, each in zip(case.right, found, strict=True):
            np.testing.assert_allclose(right, each, rtol=0, atol=1e-5)


def test_either_framework_is_accepted_and_a_mixture_is_not(made, cases):
    assert sum("import paddle" in one.source for one in variants(made).values()) >= 2
    source = sources.solution(made.text("lab.md"))
    mixed = "\n\ndef tensor(array):\n    import paddle\n    return paddle.to_tensor(array)\n"
    result = climb(made, cases, Here(made, assignment.run_source(source + mixed, "mixed")))
    # clip is arithmetic and methods that both have
    assert [one.name for one in result.rungs if one.earned] == ["clip"], result.text


@pytest.mark.parametrize(
    "change, rung, says",
    [
        (
            "inner = loss\ndef loss(*a):\n    return inner(*a)[0].detach().numpy(), inner(*a)[1]",
            "cut",
            "expected the loss as a torch.Tensor, as `tensor` makes, got a ndarray",
        ),
        (
            "inner = loss\ndef loss(*a):\n    v, s = inner(*a)\n    return v.detach(), s",
            "cut",
            "no gradient reaches it: the chain is cut",
        ),
        (
            "def loss(x, y, starts, weights, state, k1, k2):\n"
            "    logits, state = read(x, starts, weights, state)\n"
            "    return nats(logits, y).sum() / x.shape[1], state",
            "cut",
            "without a graph",
        ),
        (
            "def loss(*a):\n    return 1",
            "cut",
            "expected two values as a result of loss, got int",
        ),
        (
            "inner = read\ndef read(x, starts, weights, state=None):\n"
            "    starts.zero_()\n    return inner(x, starts, weights, state)",
            "starts",
            "raised ArgumentChanged: work on a copy",
        ),
        ("del nats", "nats", "`nats` is not written yet"),
    ],
)
def test_what_a_student_reads(made, cases, change, rung, says):
    source = sources.solution(made.text("lab.md")) + "\n\n" + change
    result = climb(made, cases, Here(made, assignment.run_source(source, "changed")))
    assert says in next(one.says for one in result.rungs if one.name == rung), result.text

"""Lab 2: its reference against the original in the handout, chapter 6's twin, and what a student reads."""

import numpy as np
import pytest

from labs.grading import assignment, sources
from labs.grading import cases as drawn
from labs.grading.answering import Here
from labs.grading.climbing import climb


@pytest.fixture(scope="module")
def made():
    return assignment.read("L2")


@pytest.fixture(scope="module")
def cases(made):
    return drawn.make(made, "tests", mistakes=False)


def told(made, cases, change):
    """The result of the lab's own solution with a change behind it."""
    source = sources.solution(made.text("lab.md")) + "\n\n" + change
    return climb(made, cases, Here(made, assignment.run_source(source, "changed")))


def test_the_reference_is_the_original_of_the_handout(made, cases):
    """Its loss, its optimizer and its step, executed from the student's own notebook."""
    import torch

    names = assignment.run_source(sources.stub(made.text("lab.md")), "handout")
    (case,) = cases["curve"]
    sizes, arrays, batches, weight, images = case.call.arguments
    model = names["Original"](*sizes).double()
    model.load_state_dict({name: torch.from_numpy(each.copy()) for name, each in arrays.items()})
    optimizers = names["original_optimizer"](model)
    losses = []
    for pixels, labels in batches:
        given = torch.from_numpy(pixels), torch.from_numpy(labels), torch.from_numpy(weight)
        losses.append(names["original_step"](model, optimizers, *given).item())
    found = {name: each.numpy() for name, each in model.state_dict().items()}
    found |= {"losses": np.array(losses)}
    found["logits"] = model.eval()(torch.from_numpy(images)).detach().numpy()
    assert set(found) == set(case.right)
    for name, each in found.items():
        np.testing.assert_allclose(case.right[name], each, rtol=0, atol=1e-12)
    assert max(losses) - min(losses) > 0.1  # it moves


def test_the_references_loss_is_the_formula_of_the_handout(cases):
    found = [case for case in (*cases["loss"], *cases["loud"])]
    assert len(found) >= 5
    for case in found:
        logits, labels, weight = case.call.arguments
        top = logits.max(1, keepdims=True)
        log_p = logits - top - np.log(np.exp(logits - top).sum(1, keepdims=True))
        total = count = 0
        for row, label in zip(log_p, labels):
            if label != -100:
                total -= 0.875 * weight[label] * row[label]
                total -= 0.125 / len(weight) * (weight * row).sum()
                count += weight[label]
        np.testing.assert_allclose(case.right, total / count, rtol=1e-12)


CHAPTER = """
from labs.tasks.mnist import paddle_side as side


class LeNet(paddle.nn.Layer):
    def __init__(self, channels, classes):
        super().__init__()
        self.conv1 = paddle.nn.Conv2D(channels, 6, 5, padding=2, bias_attr=False)
        self.bn1 = paddle.nn.BatchNorm2D(6, momentum=0.75, epsilon=2**-8)
        self.conv2 = paddle.nn.Conv2D(6, 8, 3, bias_attr=False)
        self.bn2 = paddle.nn.BatchNorm2D(8, momentum=0.875, epsilon=2**-8)
        self.bn1.batches = self.bn2.batches = 0
        self.fc1, self.fc2 = paddle.nn.Linear(72, 24), paddle.nn.Linear(24, 24)
        self.fc3 = paddle.nn.Linear(24, classes)

    def forward(self, x):
        x = PF.max_pool2d(PF.relu(self.bn1(self.conv1(x))), 2, padding=1)
        x = PF.max_pool2d(PF.relu(self.bn2(self.conv2(x))), 2, padding=1)
        x = PF.relu(self.fc1(x.flatten(1)))
        return self.fc3(PF.relu(self.fc2(x)))


def loss(logits, labels, weight):
    return PF.cross_entropy(logits, labels)


class Config:
    learning_rate, beta1, beta2, epsilon = 2**-4, 0.9, 0.999, 1e-8


def make_optimizer(model):
    return side.make_optimizer(model, Config)


def step(model, optimizer, images, labels, weight):
    return side.step(model, optimizer, (images.numpy(), labels.numpy()))


def evaluate(model, images):
    model.eval()
    return side.logits(model, (images.numpy(),))
"""


def test_chapter_6s_own_code_does_not_pass(made, cases):
    """Its pools, activations, loss, optimizer and step; the weights still come and go."""
    result = told(made, cases, CHAPTER)
    assert [rung.name for rung in result.rungs if rung.earned] == ["load"], result.text


@pytest.mark.parametrize(
    "change, rung, says",
    [
        (
            "inner = evaluate\ndef evaluate(model, images):\n    return inner(model, images).numpy()",
            "forward",
            "expected logits as a paddle.Tensor, got a ndarray",
        ),
        (
            "def LeNet(channels, classes):\n    return Original(channels, classes)",
            "forward",
            "expected a paddle.nn.Layer, got a Original",
        ),
        (
            "inner = load\ndef load(model, arrays):\n    inner(model, arrays)\n    arrays['fc1.bias'][:] = 0",
            "load",
            "load wrote into its arrays: work on a copy",
        ),
        (
            "inner = loss\ndef loss(*a):\n    return inner(*a).detach()",
            "gradient",
            "no gradient reaches it",
        ),
        (
            "def loss(logits, labels, weight):\n    return logits.sum(1)",
            "loss",
            "expected one number as the loss",
        ),
        ("del save", "load", "there is no `save` yet"),
    ],
)
def test_what_a_student_reads(made, cases, change, rung, says):
    result = told(made, cases, change)
    assert says in next(one.says for one in result.rungs if one.name == rung), result.text

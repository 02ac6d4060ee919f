"""MNIST's third era: what ran in 2018 equals what runs today, once today's Adam has Fluid's epsilon; else the ladder says so."""
import dataclasses
from pathlib import Path

import numpy as np
import proven
import pytest
from proven import MistakePromises, TwinPromises

from labs import parity
from labs.fluid import environment
from labs.fluid.runtime import Runtime

SIDE = (Path(__file__).parents[2] / "labs/tasks/mnist/fluid_side.py").read_text(encoding="utf-8")
CLIMB = """
import types
import fluid_ladder
side = types.ModuleType("side")
exec(source, side.__dict__)
climbed = {p: fluid_ladder.climb(side, config, weights, list(zip(images, labels)), p) for p in ("float64", "float32")}
"""


@pytest.fixture(scope="module")
def runtime():
    """One Fluid process for all climbs."""
    made = Runtime(environment.installed()["executable"])
    yield made
    made.close()


def climbed(runtime, title, source=SIDE):
    """Fluid's records of a model, and what today's sides climb with: the recipe in float32's numbers, four batches."""
    paddle_side, torch_side, config, batches, _ = proven.cases("mnist")[title]
    single = {name: float(np.float32(getattr(config, name))) for name in ("learning_rate", "beta1", "beta2", "epsilon")}
    weights, batches = parity.initial_weights(torch_side.build(config), 0), batches[:4]
    runtime.lend({"source": source, "config": dataclasses.asdict(config), "weights": weights, "images": np.stack([x for x, _ in batches]),
                  "labels": np.stack([y[:, None] for _, y in batches])})
    runtime.run(CLIMB)
    found = runtime.give(["climbed"])["climbed"]
    runtime.take_back()
    return ([parity.Record("Fluid", p, rungs) for p, rungs in found.items()], paddle_side, torch_side,
            dataclasses.replace(config, **single), weights, batches)


def three(also, paddle_side, torch_side, config, weights, batches, as_then=parity.fluid_epsilon):
    return parity.climb(as_then(torch_side), as_then(paddle_side), batches, config, weights, also=also)


@pytest.mark.needs("fluid")
@pytest.mark.parametrize("title", ["softmax", "mlp", "lenet"])
def test_three_eras_are_one_computation(runtime, title):
    ladder = three(*climbed(runtime, title)).check()
    assert [pair.second for pair in ladder.pairs] == ["Paddle", "Fluid"]
    assert [rung.name for rung in ladder.pairs[1].rungs] == list(parity.RUNGS) and all(rung.compared for rung in ladder.pairs[1].rungs)
    assert all(rung.ratio32 is not None for rung in ladder.pairs[1].rungs[2:])     # names and what is trained have none


@pytest.mark.needs("fluid")
def test_with_adam_as_today_the_ladder_breaks_at_the_step_and_no_rung_below(runtime):
    ladder = three(*climbed(runtime, "mlp"), as_then=lambda side: side)
    assert ladder.pairs[0].red is None and ladder.pairs[1].red.name == "one step"


@pytest.mark.needs("fluid")
@pytest.mark.parametrize("old, new, rung", [
    ('x, config["hidden"], "fc1", act="relu")', 'x, config["hidden"], "fc1")', "forward"),
    ("cross_entropy(prediction, y))", "cross_entropy(prediction, y)) * 1.0625", "loss"),
    ('learning_rate=config["learning_rate"]', 'learning_rate=config["learning_rate"] * 1.01', "one step")])
def test_a_mistake_in_the_program_of_2018_breaks_its_rung(runtime, old, new, rung):
    assert SIDE.count(old) == 1
    ladder = three(*climbed(runtime, "mlp", SIDE.replace(old, new)))
    assert ladder.pairs[0].red is None and ladder.pairs[1].red.name == rung


@pytest.mark.needs("fluid")
def test_weights_that_do_not_fit_are_all_named_and_none_is_copied(runtime):
    from labs.fluid.errors import CellError
    _, _, _, config, weights, batches = climbed(runtime, "mlp")
    wrong = {**weights, "fc1.bias": weights["fc1.bias"][:-1], "extra": weights["fc2.bias"]}
    del wrong["fc2.weight"]
    runtime.lend({"source": SIDE, "config": dataclasses.asdict(config), "weights": wrong, "images": batches[0][0][None],
                  "labels": batches[0][1][None, :, None]})
    with pytest.raises(CellError, match=r"(?s)nothing was copied.*fc2.weight: the Fluid program has it.*extra: the weights have it.*fc1.bias"):
        runtime.run(CLIMB)
    runtime.take_back()


# --- Fluid's epsilon, without Fluid ---

def short_form(pushes, rate, beta1, beta2, epsilon):
    """Adam as the end of Section 2 of the paper has it, which is Fluid's."""
    w, m, v = np.zeros(4), 0, 0
    for t, g in enumerate(pushes, 1):
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
        w = w - rate * np.sqrt(1 - beta2**t) / (1 - beta1**t) * m / (np.sqrt(v) + epsilon)
    return w


def walked_torch(pushes, side_of):
    import torch
    w = torch.nn.Parameter(torch.zeros(4, dtype=torch.float64))
    adam = torch.optim.Adam([w], 1e-3, betas=(0.9, 0.999), eps=1e-8)

    def step(model, optimizer, batch):
        optimizer.zero_grad()
        (w * torch.from_numpy(batch)).sum().backward()
        optimizer.step()
    side = side_of(type("Side", (), {"step": staticmethod(step)}))
    for push in pushes:
        side.step(None, adam, push)
    return w.detach().numpy()


def walked_paddle(pushes, side_of):
    import paddle
    w = paddle.zeros([4], "float64")
    w.stop_gradient = False
    adam = paddle.optimizer.Adam(1e-3, 0.9, 0.999, 1e-8, parameters=[w])

    def step(model, optimizer, batch):
        optimizer.clear_grad()
        (w * paddle.to_tensor(batch)).sum().backward()
        optimizer.step()
    side = side_of(type("Side", (), {"step": staticmethod(step)}))
    for push in pushes:
        side.step(None, adam, push)
    return w.numpy()


PUSHES = np.random.default_rng(0).normal(size=(20, 4)) * [1, 1e-3, 1e-6, 1e-8]


@pytest.mark.parametrize("walked", [walked_torch, walked_paddle])
def test_the_moved_epsilon_gives_the_short_form_and_without_it_not(walked):
    wanted = short_form(PUSHES, 1e-3, 0.9, 0.999, 1e-8)
    assert abs(walked(PUSHES, parity.fluid_epsilon) - wanted).max() < 1e-15
    assert abs(walked(PUSHES, lambda side: side) - wanted).max() > 1e-4


def test_an_optimizer_without_such_an_epsilon_is_refused():
    import torch
    sgd = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], 0.1)
    with pytest.raises(parity.ParityError, match="expected an Adam, .* got SGD"):
        parity.fluid_epsilon(type("Side", (), {"step": None})).step(None, sgd, None)


# --- twins and planted mistakes ---

class TestMNISTTwins(TwinPromises):
    task = "mnist"
    unreached = {"an image of odd height or width"}         # digits are 28 by 28


class TestMNISTMistakes(MistakePromises):
    task = "mnist"

"""An honest port is not red: stock layers, optimizers and models, and the tables of them that the status page shows."""
import numpy as np
import pytest

from labs.tasks.stock import config, ported

QUICK = [one.name for one in config.MODELS if one.kind != "vision" or one.name == "LeNet"]


@pytest.fixture(scope="module", autouse=True)
def twins():
    """The sides, imported when the first test runs: collecting tests loads no framework."""
    global paddle_models, paddle_side, torch_models, torch_side
    from labs.tasks.stock import paddle_models, paddle_side, torch_models, torch_side


def test_there_are_enough_and_each_has_both_sides():
    assert len(config.PAIRS) >= 25 and len(config.MODELS) >= 15
    assert torch_models.MODELS.keys() == paddle_models.MODELS.keys() == {one.name for one in config.MODELS}
    assert torch_side.LAYERS.keys() == paddle_side.LAYERS.keys() and torch_side.OPTIMIZERS.keys() == paddle_side.OPTIMIZERS.keys()


@pytest.mark.parametrize("one", config.PAIRS, ids=lambda one: one.model)
def test_an_honest_pair_is_not_red(one):
    found, kept = ported.pair(one), next(row for row in ported.load()["pairs"] if row["pair"] == one.model)
    assert found["verdict"] in ("green", "float32 numbers") and kept["verdict"] in ("green", "float32 numbers")
    assert found["worst float64 error"] <= 1e-12
    if found["verdict"] == kept["verdict"]:         # where an error is close to the bound another processor may be on its other side
        assert found["numbers"] == kept["numbers"]


@pytest.mark.parametrize("name", QUICK)
def test_a_stock_model_is_ported(name):
    one = next(one for one in config.MODELS if one.name == name)
    found, kept = ported.model(one), next(row for row in ported.load()["models"] if row["model"] == name)
    assert found["verdict"] in ("green", "float32 numbers") and found["parameters"] == kept["parameters"]


def test_the_tables_are_whole_and_nothing_in_them_is_red():
    found = ported.load()
    assert [row["pair"] for row in found["pairs"]] == [one.model for one in config.PAIRS]
    assert [row["model"] for row in found["models"]] == [one.name for one in config.MODELS]
    assert all(row["red"] is None and row["worst float64 error"] <= 1e-12 for row in [*found["pairs"], *found["models"]])


@pytest.mark.parametrize("name", config.LEFT_OUT)
def test_what_is_left_out_is_too_ill_conditioned_to_be_judged(name):
    """One side against itself, from weights that are one float64 ulp apart; ResNet-18, which climbs, moves by less."""
    assert moves(torch_models.LEFT_OUT[name]()) > config.LEFT_OUT[name] > moves(torch_models.MODELS["ResNet-18"]())


def moves(model) -> float:
    """By how much of its size one float64 ulp of the weights moves a gradient, at most."""
    import torch

    from labs.parity import load, proof_weights
    from labs.parity.arrays import wave
    weights, found = proof_weights(model.double(), 0), []
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(2, 3, 64, 64)))
    for ulp in (0.0, 2.0**-52):
        load(model, weights).train()
        rng = np.random.default_rng(1)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.mul_(torch.from_numpy(1 + ulp * rng.choice([-1, 1], tuple(parameter.shape))))
        model.zero_grad()
        out = model(x)
        ((out - torch.from_numpy(wave(out.shape))) ** 2).mean().backward()
        found.append({n: p.grad.numpy().copy() for n, p in model.named_parameters()})
    first, second = found
    largest = max(abs(grad).max() for grad in first.values())
    return max(abs(first[n] - second[n]).max() / max(abs(first[n]).max(), 1e-3 * largest) for n in first)

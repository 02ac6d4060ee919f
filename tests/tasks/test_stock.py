"""An honest port is not red: stock layers, optimizers and models, and the tables of them that the status page shows."""
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

"""Weights cross between the frameworks by name and layout, whole or not at all."""
import numpy as np
import pytest
from small_nets import Small, norm_net

from labs import parity


@pytest.fixture(params=["torch", "paddle"])
def model(request):
    return norm_net(request.param).build(Small())


def test_both_frameworks_draw_the_same_initial_weights():
    torch_weights, paddle_weights = (parity.initial_weights(norm_net(f).build(Small()), 7) for f in ("torch", "paddle"))
    assert torch_weights.keys() == paddle_weights.keys()
    for name, value in torch_weights.items():
        assert value.dtype == np.float32 and np.array_equal(value, paddle_weights[name]), name


def test_what_is_loaded_is_read_back(model):
    weights = parity.initial_weights(model, 1)
    back = parity.weights_of(parity.load(model, weights))
    assert all(np.array_equal(back[name], value) for name, value in weights.items())
    assert back["fc.weight"].shape == (10, 48)


def test_a_linear_weight_computes_the_same_product(model):
    weights = parity.initial_weights(model, 1)
    parity.load(model, weights)
    x = np.random.default_rng(0).normal(size=(3, 48)).astype("float32")
    from labs.parity.weights import driver_of
    driver = driver_of(model)
    tensor = __import__("torch").from_numpy(x) if driver.NAME == "PyTorch" else __import__("paddle").to_tensor(x)
    expected = x @ weights["fc.weight"].T + weights["fc.bias"]
    assert np.allclose(driver.to_numpy(model.fc(tensor)), expected, atol=1e-5)


@pytest.mark.parametrize("spoil,said", [
    (lambda w: w.pop("fc.bias"), r"fc.bias \(10,\): in the .* model, not in the weights"),
    (lambda w: w.update(extra=np.zeros(3, "float32")), r"extra \(3,\): in the weights, not in the .* model"),
    (lambda w: w.update({"fc.weight": w["fc.weight"].T.copy()}), r"fc.weight: .* shape \(10, 48\), the weights have \(48, 10\)"),
])
def test_weights_that_do_not_fit_change_nothing(model, spoil, said):
    before = parity.weights_of(model)
    weights = parity.initial_weights(model, 2)
    spoil(weights)
    with pytest.raises(parity.ParityError, match=said):
        parity.load(model, weights)
    after = parity.weights_of(model)
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_running_statistics_can_be_loaded(model):
    weights = parity.initial_weights(model, 2) | {"norm.running_mean": np.arange(3, dtype="float32")}
    parity.load(model, weights)
    from labs.parity.weights import buffers
    assert np.array_equal(buffers(model)["norm.running_mean"], np.arange(3))


def test_one_ulp_moves_every_entry_to_its_neighbour():
    weights = {"w": np.random.default_rng(0).normal(size=500).astype("float32")}
    after = parity.one_ulp(weights, seed=0)["w"]
    assert after.dtype == np.float32
    assert np.all((np.nextafter(weights["w"], np.float32(np.inf)) == after)
                  | (np.nextafter(weights["w"], np.float32(-np.inf)) == after))


def test_what_is_no_model_is_refused():
    with pytest.raises(parity.ParityError, match="expected a torch.nn.Module or a paddle.nn.Layer"):
        parity.load(object(), {})


def test_a_cast_model_is_on_the_device_that_was_chosen(monkeypatch):
    """Without a GPU the meta device stands in for one: a model that stayed behind would be found on the processor."""
    import torch

    from labs import device
    monkeypatch.setattr(device, "torch", lambda: "meta")
    made = parity.cast(torch.nn.Linear(3, 2), "float64")
    assert {p.device.type for p in made.parameters()} == {"meta"} and made.weight.dtype == torch.float64

"""Names and layouts: every stock layer of one framework maps to the other's, there and back, and a user's map joins."""
import warnings

import numpy as np
import pytest

from labs import parity
from labs.parity import names
from labs.parity import weights as weights_


def stock() -> dict:
    """Pairs of stock layers by title: (Paddle's, PyTorch's)."""
    import torch.nn as torch_nn
    from paddle import nn
    from paddle.nn.utils import spectral_norm, weight_norm
    norms, old = torch_nn.utils.parametrizations, torch_nn.utils
    return {
        "Linear": (lambda: nn.Linear(3, 4), lambda: torch_nn.Linear(3, 4)),
        "Conv1D": (lambda: nn.Conv1D(2, 3, 3), lambda: torch_nn.Conv1d(2, 3, 3)),
        "Conv2DTranspose": (lambda: nn.Conv2DTranspose(2, 3, 3), lambda: torch_nn.ConvTranspose2d(2, 3, 3)),
        "Embedding": (lambda: nn.Embedding(5, 3), lambda: torch_nn.Embedding(5, 3)),
        "PReLU": (lambda: nn.PReLU(3), lambda: torch_nn.PReLU(3)),
        "BatchNorm2D": (lambda: nn.BatchNorm2D(3), lambda: torch_nn.BatchNorm2d(3)),
        "InstanceNorm2D": (lambda: nn.InstanceNorm2D(3), lambda: torch_nn.InstanceNorm2d(3, affine=True)),
        "GroupNorm": (lambda: nn.GroupNorm(1, 3), lambda: torch_nn.GroupNorm(1, 3)),
        "LayerNorm of two axes": (lambda: nn.LayerNorm([2, 3]), lambda: torch_nn.LayerNorm([2, 3])),
        "Bilinear": (lambda: nn.Bilinear(2, 3, 4), lambda: torch_nn.Bilinear(2, 3, 4)),
        "attention": (lambda: nn.MultiHeadAttention(4, 2), lambda: torch_nn.MultiheadAttention(4, 2)),
        "attention, other keys": (lambda: nn.MultiHeadAttention(4, 2, kdim=3, vdim=5),
                                  lambda: torch_nn.MultiheadAttention(4, 2, kdim=3, vdim=5)),
        "encoder layer": (lambda: nn.TransformerEncoderLayer(4, 2, 8), lambda: torch_nn.TransformerEncoderLayer(4, 2, 8)),
        "decoder layer": (lambda: nn.TransformerDecoderLayer(4, 2, 8), lambda: torch_nn.TransformerDecoderLayer(4, 2, 8)),
        "Transformer": (lambda: nn.Transformer(4, 2, 1, 1, 8), lambda: torch_nn.Transformer(4, 2, 1, 1, 8)),
        "SimpleRNN": (lambda: nn.SimpleRNN(3, 6), lambda: torch_nn.RNN(3, 6)),
        "GRU, both ways": (lambda: nn.GRU(3, 6, direction="bidirect"), lambda: torch_nn.GRU(3, 6, bidirectional=True)),
        "LSTM": (lambda: nn.LSTM(3, 6, 2), lambda: torch_nn.LSTM(3, 6, 2)),
        "LSTM, projected": (lambda: nn.LSTM(3, 6, 2, proj_size=2, direction="bidirect"),
                            lambda: torch_nn.LSTM(3, 6, 2, proj_size=2, bidirectional=True)),
        "LSTMCell": (lambda: nn.LSTMCell(3, 6), lambda: torch_nn.LSTMCell(3, 6)),
        "weight norm": (lambda: weight_norm(nn.Conv2D(2, 3, 3)), lambda: norms.weight_norm(torch_nn.Conv2d(2, 3, 3))),
        "weight norm, old": (lambda: weight_norm(nn.Conv2D(2, 3, 3)), lambda: old.weight_norm(torch_nn.Conv2d(2, 3, 3))),
        "weight norm of a Linear": (lambda: weight_norm(nn.Linear(2, 3), dim=1), lambda: norms.weight_norm(torch_nn.Linear(2, 3))),
        "spectral norm": (lambda: spectral_norm(nn.Conv2D(2, 3, 3)), lambda: norms.spectral_norm(torch_nn.Conv2d(2, 3, 3))),
        "spectral norm of a Linear": (lambda: spectral_norm(nn.Linear(2, 3)), lambda: norms.spectral_norm(torch_nn.Linear(2, 3))),
    }


TITLES = ["Linear", "Conv1D", "Conv2DTranspose", "Embedding", "PReLU", "BatchNorm2D", "InstanceNorm2D", "GroupNorm",
          "LayerNorm of two axes", "Bilinear", "attention", "attention, other keys", "encoder layer", "decoder layer",
          "Transformer", "SimpleRNN", "GRU, both ways", "LSTM", "LSTM, projected", "LSTMCell", "weight norm",
          "weight norm, old", "weight norm of a Linear", "spectral norm", "spectral norm of a Linear"]


def pair(title: str) -> tuple:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return tuple(make() for make in stock()[title])


def everything(model) -> dict:
    return weights_.parameters(model) | weights_.buffers(model)


def test_every_stock_pair_is_tested():
    assert list(stock()) == TITLES


@pytest.mark.parametrize("title", TITLES)
def test_stock_layers_map_one_to_one_and_back(title):
    paddle_layer, torch_layer = pair(title)
    start = everything(torch_layer)
    assert {n: w.shape for n, w in start.items()} == {n: w.shape for n, w in everything(paddle_layer).items()}
    assert weights_.trained(paddle_layer) == weights_.trained(torch_layer)
    parity.load(paddle_layer, start)
    back = everything(paddle_layer)
    assert all(np.array_equal(back[name], value) for name, value in start.items())
    drawn = {name: np.random.default_rng(len(name)).normal(size=w.shape).astype("float32") for name, w in start.items()}
    parity.load(torch_layer, drawn)
    parity.load(paddle_layer, torch_layer.state_dict())
    assert all(np.array_equal(everything(model)[name], value) for name, value in drawn.items() for model in (torch_layer, paddle_layer))


def test_tied_weights_have_one_name_whichever_comes_first():
    import torch

    class HeadFirst(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.head = torch.nn.Linear(3, 5, bias=False)
            self.embedding = torch.nn.Embedding(5, 3)
            self.embedding.weight = self.head.weight
    model = HeadFirst()
    assert list(parity.weights_of(model)) == ["embedding.weight"]
    parity.load(model, model.state_dict())
    parity.load(model, {"head.weight": np.ones((5, 3), "float32")})
    assert np.all(parity.weights_of(model)["embedding.weight"] == 1)


def test_tied_copies_that_differ_are_refused():
    import torch
    model = torch.nn.Sequential(torch.nn.Embedding(5, 3), torch.nn.Linear(3, 5, bias=False))
    model[1].weight = model[0].weight
    with pytest.raises(parity.ParityError, match="1.weight and 0.weight are one array of the model"):
        parity.load(model, {"0.weight": np.zeros((5, 3), "float32"), "1.weight": np.ones((5, 3), "float32")})


def test_a_frozen_parameter_is_loaded_and_named_as_frozen():
    for model, freeze in zip(pair("Linear"), (lambda p: setattr(p, "stop_gradient", True), lambda p: p.requires_grad_(False))):
        freeze(model.bias)
        parity.load(model, {"weight": np.ones((4, 3), "float32"), "bias": np.full(4, 2, "float32")})
        assert np.all(parity.weights_of(model)["bias"] == 2)
        assert weights_.trained(model) == {"weight": True, "bias": False}
        assert list(parity.gradients_of(model)) == ["weight"]


def linear_named(**mapping):
    import torch
    return names.attach(torch.nn.Linear(3, 6), mapping)


def test_a_map_renames_transposes_and_cuts():
    made = linear_named(weight="dense.kernel.T", bias=("q.bias", "k.bias"))
    assert {n: w.shape for n, w in parity.weights_of(made).items()} == {"dense.kernel": (3, 6), "q.bias": (3,), "k.bias": (3,)}
    wanted = {"dense.kernel": np.arange(18.0).reshape(3, 6), "q.bias": np.zeros(3), "k.bias": np.ones(3)}
    parity.load(made, wanted)
    assert np.array_equal(made.weight.detach().numpy(), wanted["dense.kernel"].T)
    assert np.array_equal(made.bias.detach().numpy(), [0, 0, 0, 1, 1, 1])


def test_a_map_may_hold_stars_or_be_a_function():
    import torch
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.Linear(2, 2))
    names.attach(model, {"*.weight": "layer.*.w"})
    assert list(parity.weights_of(model)) == ["layer.0.w", "0.bias", "layer.1.w", "1.bias"]
    names.attach(model, lambda name: f"net.{name}" if name.startswith("0") else None)
    assert list(parity.weights_of(model)) == ["net.0.weight", "net.0.bias", "1.weight", "1.bias"]


def test_a_line_of_the_map_that_fits_nothing_is_told():
    with pytest.raises(parity.ParityError, match="'wieght' fits no array of this model; near it are weight"):
        parity.weights_of(linear_named(wieght="w"))


def test_two_arrays_of_one_name_are_told():
    with pytest.raises(parity.ParityError, match="w is the name of two arrays of the PyTorch model"):
        parity.weights_of(linear_named(weight="w", bias="w"))


def test_an_unmatched_name_shows_the_candidates_and_the_line_that_maps_it():
    first, second = {"fc.weight": (4, 3), "fc.bias": (4,)}, {"dense.weight": (4, 3), "dense.kernel": (9, 9), "fc.bias": (4,)}
    said = names.unmatched(("the weights", "the Paddle model"), first, second)
    assert "of that shape there is fc.weight; to map it: names = {'dense.weight': 'fc.weight'}" in said
    assert "dense.kernel (9, 9): in the Paddle model, not in the weights\n" in said + "\n"


def test_a_transposed_candidate_gets_a_transposing_line():
    said = names.unmatched(("the weights", "the model"), {"w": (4, 3)}, {"v": (3, 4)})
    assert "names = {'v': 'w.T'}" in said


def test_names_by_order_make_a_map_that_loads():
    import torch
    from paddle import nn
    torch_model = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2), torch.nn.Linear(4, 4))

    class Other(nn.Layer):
        def __init__(self):
            super().__init__()
            self.convolution, self.norm, self.head = nn.Conv2D(1, 2, 3), nn.BatchNorm2D(2), nn.Linear(4, 4)
    other = Other()
    mapping = parity.by_order(torch_model, other)
    assert mapping["norm.running_var"] == "1.running_var" and mapping["head.weight"] == "2.weight"
    parity.load(names.attach(other, mapping), torch_model.state_dict())
    assert np.array_equal(other.head.weight.numpy().T, torch_model[2].weight.detach().numpy())


def test_a_state_dict_of_paddle_is_refused_with_the_way_out():
    paddle_layer, torch_layer = pair("Linear")
    with pytest.raises(parity.ParityError, match="hand over labs.parity.weights_of"):
        parity.load(torch_layer, paddle_layer.state_dict())


@pytest.mark.parametrize("wrong", [None, 3, [np.zeros(3)]])
def test_weights_that_are_no_mapping_are_told(wrong):
    with pytest.raises(parity.ParityError, match="expected a dict of arrays by name, got"):
        parity.load(pair("Linear")[0], wrong)


def test_half_precision_is_read_as_numbers():
    """Paddle's NumPy has bfloat16 as bare uint16 bits."""
    import paddle
    import torch

    from labs.parity import paddle_driver, torch_driver
    for kind in ("bfloat16", "float16"):
        ours = paddle_driver.to_numpy(paddle.to_tensor([1.5, -2.0]).astype(kind))
        theirs = torch_driver.to_numpy(torch.tensor([1.5, -2.0]).to(getattr(torch, kind)))
        assert ours.dtype == theirs.dtype == np.float32 and np.array_equal(ours, [1.5, -2.0]) and np.array_equal(theirs, ours)


def test_a_half_precision_model_is_loaded():
    import torch
    paddle_layer, torch_layer = pair("Linear")
    start = {"weight": np.full((4, 3), 0.5, "float32"), "bias": np.ones(4, "float32")}
    for model in (paddle_layer.to(dtype="bfloat16"), torch_layer.to(torch.bfloat16)):
        back = parity.weights_of(parity.load(model, start))
        assert all(np.array_equal(back[name], value) for name, value in start.items())


def test_sparse_gradients_are_added_up():
    import paddle
    import torch
    ours, theirs = paddle.nn.Embedding(5, 3, sparse=True), torch.nn.Embedding(5, 3, sparse=True)
    ours(paddle.to_tensor([1, 1, 2])).sum().backward()
    theirs(torch.tensor([1, 1, 2])).sum().backward()
    expected = np.repeat([0.0, 2, 1, 0, 0], 3).reshape(5, 3)
    assert all(np.array_equal(parity.gradients_of(model)["weight"], expected) for model in (ours, theirs))

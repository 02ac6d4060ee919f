"""SE-ResNeXt: its published sizes, its arithmetic against formulas, and what it refuses."""
from dataclasses import replace

import numpy as np
import pytest
from proven import MistakePromises, TwinPromises

from labs import parity
from labs.tasks.se_resnext.config import MODELS, SLIM, Config, exact, normalised

SIDES = dict.fromkeys(("paddle", "torch"))
TINY = replace(exact(SLIM), widths=(8,), blocks=(1,), cardinality=4, stem=8, image=(1, 12, 12))


@pytest.fixture(scope="module", autouse=True)
def twins():
    """The sides, imported when the first test runs: collecting tests loads no framework."""
    global paddle_side, torch_side
    from labs.tasks.se_resnext import paddle_side, torch_side
    SIDES.update(paddle=paddle_side, torch=torch_side)


@pytest.fixture(params=SIDES)
def side(request):
    return SIDES[request.param]


def images(count=4, config=TINY, dtype="float64"):
    return np.random.default_rng(0).normal(size=(count, *config.image)).astype(dtype)


def numpy_of(tensor):
    return np.array(tensor.detach().cpu().numpy())


def tensor_of(side, array):
    import paddle
    import torch
    return torch.from_numpy(array) if side is torch_side else paddle.to_tensor(array)


def model_of(side, config=TINY):
    """In float64, with drawn weights, also in the normalisations."""
    weights = parity.initial_weights(torch_side.build(config), 0, within=0.5)
    return parity.ready(side, config, weights, "float64"), weights


# --- sizes ---

def test_fifty_layers_have_the_published_number_of_parameters(side):
    weights = parity.weights_of(side.build(MODELS["se_resnext50"]))
    assert sum(w.size for w in weights.values()) == 27_559_896


@pytest.mark.parametrize("name, millions", [("se_resnext50", "27.56"), ("se_resnext101", "48.96"), ("resnext50", "25.03")])
def test_each_row_of_the_table_has_the_size_that_timm_publishes(name, millions):
    import torch
    with torch.device("meta"):
        model = torch_side.build(MODELS[name])
    assert f"{sum(p.numel() for p in model.parameters()) / 1e6:.2f}" == millions


def test_names_say_which_model_a_config_is():
    assert all(config.model == name for name, config in MODELS.items())


# --- arithmetic ---

def test_the_gates_follow_the_formula(side):
    model, weights = model_of(side)
    x = np.random.default_rng(1).normal(size=(3, 16, 5, 7))
    w1, b1, w2, b2 = (weights[f"stages.0.0.se.{name}"].astype(float)
                      for name in ("fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"))
    right = 1 / (1 + np.exp(-(np.maximum(x.mean((2, 3)) @ w1.T + b1, 0) @ w2.T + b2)))
    block = model.stages[0][0].se
    parity.equal(right, numpy_of(block.gates(tensor_of(side, x)))).check()
    parity.equal(x * right[:, :, None, None], numpy_of(block(tensor_of(side, x)))).check()


def test_a_grouped_convolution_is_its_branches_side_by_side(side):
    x = np.random.default_rng(1).normal(size=(2, 8, 6, 6))
    model, weights = model_of(side)
    w = weights["stages.0.0.conv2.weight"].astype(float)
    right = np.zeros((2, 8, 6, 6))
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    for made in range(8):
        for given in range(2):                          # 8 channels in 4 groups: each sees two
            for i in range(3):
                for j in range(3):
                    right[:, made] += w[made, given, i, j] * padded[:, made // 2 * 2 + given, i:i + 6, j:j + 6]
    parity.equal(right, numpy_of(model.stages[0][0].conv2(tensor_of(side, x)))).check()


def test_the_running_variance_is_the_biased_one_on_both_sides(side):
    x = np.random.default_rng(1).normal(2, 3, size=(2, 8, 3, 3))
    layer = model_of(side)[0].bn1
    layer.train()
    layer(tensor_of(side, x))
    share = TINY.norm_momentum
    kept = layer._variance if side is paddle_side else layer.running_var
    parity.equal(share + (1 - share) * x.var((0, 2, 3)), numpy_of(kept), tolerance=1e-13).check()


def test_evaluation_uses_the_running_statistics_and_leaves_them_alone(side):
    model, _ = model_of(side)
    model.eval()
    first = numpy_of(side.logits(model, (images(),)))
    parity.equal(first[:1], numpy_of(side.logits(model, (images()[:1],))), title="alone and in a batch").check()
    parity.equal(first, numpy_of(side.logits(model, (images(),)))).check()


def test_soft_labels_sum_to_one_exactly():
    for config in (SLIM, MODELS["se_resnext50"]):
        soft = config.soft(np.arange(7))
        assert soft.dtype == "float32" and soft.argmax(1).tolist() == list(range(7))
        assert (soft.astype("float64").sum(1) == 1).all()


def test_the_rate_warms_up_and_ends_at_zero():
    config = Config(learning_rate=0.5, warmup=4, steps=20)
    rates = np.array([config.rate(step) for step in range(21)])
    assert rates[:5].tolist() == [0.125, 0.25, 0.375, 0.5, 0.5] and rates[20] == 0
    assert (np.diff(rates[4:]) < 0).all() and rates[12] == pytest.approx(0.25)
    assert (rates == rates.astype("float32")).all(), "each rate is a float32 number"


def test_what_crosses_to_fluid_has_a_rate_for_steps_beyond_the_end_too():
    config = Config(learning_rate=0.5, warmup=4, steps=20)
    rates = config.plain()["rates"]
    assert rates[:20].tolist() == [config.rate(step) for step in range(20)]
    assert rates[20:].tolist() == [0.0] * 20


def test_both_optimizers_take_the_rates_of_the_schedule(side):
    config = replace(TINY, learning_rate=0.5, warmup=2, steps=6)
    model, _ = model_of(side, config)
    optimizer = side.make_optimizer(model, config)
    batch, seen = (images(), config.soft(np.arange(4)).astype("float64")), []
    for _ in range(6):
        seen.append(optimizer.get_lr() if side is paddle_side else optimizer.param_groups[0]["lr"])
        side.step(model, optimizer, batch)
    assert seen == [config.rate(step) for step in range(6)]


def test_decay_touches_weights_only(side):
    """With labels that the loss cannot improve on, nothing but decay moves: biases and normalisations stay."""
    config = replace(TINY, weight_decay=0.5, learning_rate=0.5, momentum=0.0, warmup=0)
    model, before = model_of(side, config)
    import paddle
    import torch
    optimizer = side.make_optimizer(model, config)
    for p in model.parameters():
        if side is torch_side:
            p.grad = torch.zeros_like(p)
        elif not p.stop_gradient:
            (p * paddle.zeros_like(p)).sum().backward()
    optimizer.step()
    after = parity.weights_of(model)
    for name, value in before.items():
        shrunk = value.astype(float) * (0.75 if value.ndim > 1 else 1.0)
        assert np.array_equal(after[name], shrunk), name


# --- what is refused ---

@pytest.mark.parametrize("wrong, says", [
    (images()[:, :, :11], r"takes \(B, 1, 12, 12\), got \(4, 1, 11, 12\)"), (images()[:, 0], r"got \(4, 12, 12\)"),
    (np.zeros((4, 1, 12, 12), "uint8"), "expected float32 or float64, scaled, got uint8"),
    (np.zeros((4, 1, 12, 12), "float16"), "got float16")], ids=["height", "channels", "uint8", "float16"])
def test_images_of_another_shape_or_type_are_refused(side, wrong, says):
    model, _ = model_of(side)
    with pytest.raises(ValueError, match=says):
        side.logits(model, (wrong,))
    with pytest.raises(ValueError, match=says):
        side.step(model, side.make_optimizer(model, TINY), (wrong, TINY.soft(np.arange(4))))


def test_weights_of_another_config_are_refused_and_named(side):
    other = parity.initial_weights(torch_side.build(replace(TINY, reduction=0)), 0)
    with pytest.raises(parity.ParityError, match=r"stages.0.0.se.fc1.weight \(.*\): in the .* model, not in the weights"):
        parity.load(side.build(TINY), other)
    wider = parity.initial_weights(torch_side.build(replace(TINY, widths=(16,))), 0)
    with pytest.raises(parity.ParityError, match=r"shape \(8, 2, 3, 3\), the weights have \(16, 4, 3, 3\)"):
        parity.load(side.build(TINY), wider)


@pytest.mark.parametrize("fields, says", [
    ({"widths": (16, 32)}, "as many widths as stages"), ({"cardinality": 5}, "5 groups do not divide 16"),
    ({"warmup": 3, "steps": 2}, "warmup: expected 0 to 2 steps, got 3")])
def test_a_config_that_cannot_be_built_is_refused(fields, says):
    with pytest.raises(ValueError, match=says):
        replace(SLIM, **fields)


def test_clothes_are_normalised():
    made = normalised(np.full((2, 28, 28), 255, "uint8"))
    assert made.shape == (2, 1, 28, 28) and made.dtype == "float32" and made.max() == np.float32((1 - 0.286) / 0.353)


# --- planted mistakes are what their rows say ---

def planted(side, name, config=TINY):
    from labs.tasks.se_resnext.mistakes import MISTAKES
    wrong = next(m for m in MISTAKES if m.name == name).plant(side)
    return parity.ready(wrong, config, parity.initial_weights(torch_side.build(config), 0, within=0.5), "float64")


@pytest.mark.parametrize("name, squeeze, last", [
    ("gates_summed", lambda x: x.sum((2, 3)), lambda z: 1 / (1 + np.exp(-z))),
    ("gates_hard", lambda x: x.mean((2, 3)), lambda z: np.clip(z / 6 + 0.5, 0, 1))], ids=["summed", "hard"])
def test_other_gates_follow_their_formula(side, name, squeeze, last):
    weights = model_of(side)[1]
    x = np.random.default_rng(1).normal(size=(3, 16, 5, 7)) * 20
    w1, b1, w2, b2 = (weights[f"stages.0.0.se.{part}"].astype(float)
                      for part in ("fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"))
    right = last(np.maximum(squeeze(x) @ w1.T + b1, 0) @ w2.T + b2)
    parity.equal(right, numpy_of(planted(side, name).stages[0][0].se.gates(tensor_of(side, x)))).check()


@pytest.mark.parametrize("size", [(8, 6), (8, 7), (7, 7)])
def test_the_other_padding_is_same_at_stride_two(side, size):
    """Paddle has TensorFlow's `same` at a stride, so it says what PyTorch must be brought to."""
    import paddle
    config = replace(TINY, widths=(8, 8), blocks=(1, 1))
    x = np.random.default_rng(1).normal(size=(2, 8, *size))
    layer = planted(side, "same_padding", config).stages[1][0].conv2
    weight = paddle.to_tensor(numpy_of(layer.weight))
    right = paddle.nn.functional.conv2d(paddle.to_tensor(x), weight, stride=2, padding="SAME", groups=config.cardinality)
    parity.equal(numpy_of(right), numpy_of(layer(tensor_of(side, x)))).check()


# --- twins and planted mistakes ---

class TestSEResNeXtTwins(TwinPromises):
    task = "se_resnext"


class TestSEResNeXtMistakes(MistakePromises):
    task = "se_resnext"

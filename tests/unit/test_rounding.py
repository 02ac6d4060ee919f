"""The verdict between green and red: only a number that Paddle keeps in float32 differs, which was proven; the rest stays red."""
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from labs import parity, timing
from labs.parity.climbing import changed
from labs.tasks.stock import config as stock

NUMBERS = {
    "LayerNorm": ["LayerNorm's epsilon 1e-05 (1)"],
    "BatchNorm, running variance as Paddle keeps it": ["BatchNorm's momentum 0.1 (1)"],
    "average pooling, padding left out": ["avg_pool2d's factor 1/6 in the gradient (F.avg_pool2d)"],
    "global average pooling": ["adaptive_avg_pool2d's factor 1/81 in the gradient (F.adaptive_avg_pool2d)"],
    "bilinear upsampling, corners aligned": ["bilinear interpolation's ratio of sizes (F.interpolate)"],
    "label smoothing 0.1": ["cross_entropy's label smoothing 0.1 (F.cross_entropy)"],
    "momentum 0.9": ["SGD with momentum's momentum 0.9 (the optimizer)"],
    "momentum 0.9, weight decay 1e-4": ["SGD with momentum's momentum 0.9 (the optimizer)",
                                        "SGD with momentum's weight decay 0.0001 (the optimizer)"],
    "AdamW": ["AdamW's weight decay 0.01 (the optimizer)"],
    "SELU": ["SELU's scale and alpha (F.selu)"],
}


@pytest.fixture(scope="module", autouse=True)
def twins():
    """The sides, imported when the first test runs: collecting tests loads no framework."""
    global paddle_side, torch_side
    from labs.tasks.stock import paddle_side, torch_side


def climbed(name, first=None, second=None):
    pair = next(one for one in stock.PAIRS if one.model == name)
    return parity.climb(first or torch_side, second or paddle_side, stock.batches(), pair, zero_gradients=pair.zero_gradients)


@pytest.mark.parametrize("name", list(NUMBERS))
def test_a_number_in_float32_is_named_and_the_port_is_not_red(name):
    ladder = climbed(name).check()
    assert not ladder.green and ladder.verdict == "float32 numbers" and ladder.rounding.left < 1e-12
    assert [str(number) for number in ladder.rounding.numbers] == NUMBERS[name]
    assert "equal but for" in ladder.text and NUMBERS[name][0] in ladder.text and "but for float32 numbers" in ladder.text
    assert ladder.data["verdict"] == "float32 numbers" and ladder.data["green"] is False


def test_it_does_not_matter_which_side_comes_first():
    assert climbed("LayerNorm", paddle_side, torch_side).verdict == "float32 numbers"


def test_a_number_that_float32_holds_is_green_and_nothing_is_said():
    from torch import nn
    ladder = climbed("ELU", with_layer(lambda: nn.ELU(0.25)), with_layer(lambda: __import__("paddle").nn.ELU(0.25), paddle_side))
    assert ladder.verdict == "green" and not ladder.rounding.numbers and "float32 numbers" not in ladder.text


def with_layer(make, side=None):
    """The stock side, PyTorch's if none is given, with another layer in the middle."""
    side = side or torch_side

    def build(config):
        model = side.build(config)
        model[1] = make()
        return model
    return changed(side, build=build)


def with_group(**settings):
    """The stock PyTorch side with other numbers in its optimizer."""
    def make_optimizer(model, config):
        optimizer = torch_side.make_optimizer(model, config)
        optimizer.param_groups[0].update(settings)
        return optimizer
    return changed(torch_side, make_optimizer=make_optimizer)


def small_mistakes():
    """Titles, pairs and PyTorch sides that are wrong by little, and not by a rounding that Paddle makes."""
    from torch import nn
    return {
        "epsilon 1.0001e-5": ("LayerNorm", with_layer(lambda: nn.LayerNorm([9], eps=1.0001e-5))),
        "epsilon 1e-6": ("LayerNorm", with_layer(lambda: nn.LayerNorm([9], eps=1e-6))),
        "BatchNorm's momentum 0.1000001": ("BatchNorm, running variance as Paddle keeps it",
                                           with_layer(lambda: momentum(torch_side.BatchNorm(2), 0.1000001))),
        "alpha 0.30001": ("ELU", with_layer(lambda: nn.ELU(0.30001))),
        "momentum 0.900001": ("momentum 0.9", with_group(momentum=0.900001)),
        "weight decay 1.001e-4": ("momentum 0.9, weight decay 1e-4", with_group(weight_decay=1.001e-4)),
        "AdamW's decay 0.0101": ("AdamW", with_group(weight_decay=0.0101)),
        "smoothing 0.10001": ("label smoothing 0.1", changed(torch_side, make_optimizer=lambda model, config: torch_side.make_optimizer(
            model, replace(config, smoothing=0.10001)))),
        "padding counted": ("average pooling, padding left out", with_layer(lambda: nn.AvgPool2d(3, 2, 1))),
        "corners not aligned": ("bilinear upsampling, corners aligned", with_layer(lambda: nn.Upsample((13, 17), mode="bilinear"))),
        "the gradient of a pooling 1e-6 too large": ("global average pooling", with_layer(lambda: Scaled(nn.AdaptiveAvgPool2d(1), 1e-6))),
        # of the size of a rounding to float32, and smaller
        "epsilon's neighbour in float32": ("LayerNorm", with_layer(lambda: nn.LayerNorm([9], eps=neighbour(1e-5)))),
        "BatchNorm's momentum, the neighbour": ("BatchNorm, running variance as Paddle keeps it",
                                                with_layer(lambda: momentum(torch_side.BatchNorm(2), 1 - neighbour(0.9)))),
        "momentum 0.9000001": ("momentum 0.9", with_group(momentum=0.9000001)),
        "momentum's neighbour in float32": ("momentum 0.9", with_group(momentum=neighbour(0.9))),
        "weight decay's neighbour in float32": ("AdamW", with_group(weight_decay=neighbour(0.01))),
        "a rate 1e-8 too high beside momentum": ("momentum 0.9", with_group(lr=0.1 * (1 + 1e-8))),
        "a rate 1e-8 too high beside an epsilon": ("LayerNorm", with_group(lr=0.1 * (1 + 1e-8))),
        "a rate rounded to float32": ("momentum 0.9", with_group(lr=float(np.float32(0.1)))),
        "the gradient of a pooling 1e-9 too large": ("global average pooling", with_layer(lambda: Scaled(nn.AdaptiveAvgPool2d(1), 1e-9))),
    }


def neighbour(value):
    """The float32 above the one that is nearest to a number."""
    return float(np.nextafter(np.float32(value), np.float32(1)))


def momentum(layer, value):
    layer.momentum = value
    return layer


def Scaled(layer, share):
    """A layer whose output's gradient is a little too large."""
    layer.register_forward_hook(lambda layer, given, out: out.register_hook(lambda grad: grad * (1 + share)) and None
                                if out.requires_grad else None)
    return layer


MISTAKES = ["epsilon 1.0001e-5", "epsilon 1e-6", "BatchNorm's momentum 0.1000001", "alpha 0.30001", "momentum 0.900001",
            "weight decay 1.001e-4", "AdamW's decay 0.0101", "smoothing 0.10001", "padding counted", "corners not aligned",
            "the gradient of a pooling 1e-6 too large", "epsilon's neighbour in float32", "BatchNorm's momentum, the neighbour",
            "momentum 0.9000001", "momentum's neighbour in float32", "weight decay's neighbour in float32",
            "a rate 1e-8 too high beside momentum", "a rate 1e-8 too high beside an epsilon", "a rate rounded to float32",
            "the gradient of a pooling 1e-9 too large"]


def test_all_small_mistakes_are_tried():
    assert list(small_mistakes()) == MISTAKES


@pytest.mark.parametrize("title", MISTAKES)
def test_a_small_mistake_stays_red_beside_a_number_in_float32(title):
    name, wrong = small_mistakes()[title]
    ladder = climbed(name, wrong)
    assert ladder.verdict == "red"
    with pytest.raises(parity.ParityError, match="does not equal"):
        ladder.check()


def test_what_the_numbers_do_not_explain_is_the_rung_that_is_told():
    """PyTorch's own BatchNorm: epsilon explains the gradients, and the running variance, kept unbiased, is what is left."""
    from torch import nn
    ladder = climbed("BatchNorm, running variance as Paddle keeps it", with_layer(lambda: nn.BatchNorm2d(2)))
    assert ladder.verdict == "red" and ladder.red == "train mode"
    with pytest.raises(parity.ParityError, match="from rung 'train mode' on.*1.running_var"):
        ladder.check()


def test_a_middle_verdict_admits_no_timing():
    with pytest.raises(timing.TimingError, match="red"):
        timing.paired(lambda: 1, lambda: 1, proof=climbed("LayerNorm"))


def test_the_functions_are_put_back():
    import torch.nn.functional as F
    before = F.layer_norm, F.cross_entropy, F.avg_pool2d
    climbed("LayerNorm")
    assert (F.layer_norm, F.cross_entropy, F.avg_pool2d) == before


def test_a_port_says_the_number_and_passes():
    import numpy as np
    from paddle import nn as paddle_nn
    from torch import nn

    from labs.parity.port import check
    report = check(SimpleNamespace(build=lambda: paddle_nn.Sequential(paddle_nn.Linear(3, 4), paddle_nn.LayerNorm([4]))),
                   SimpleNamespace(build=lambda: nn.Sequential(nn.Linear(3, 4), nn.LayerNorm([4])),
                                   inputs=lambda: np.random.default_rng(0).normal(size=(5, 3)).astype("float32")))
    assert report.green and "The port is proven, equal but for a number that Paddle keeps in float32" in report.text


def test_a_port_with_a_stock_batch_norm_is_told_its_cause():
    import numpy as np
    from paddle import nn as paddle_nn
    from torch import nn

    from labs.parity.port import port
    report = port(SimpleNamespace(build=lambda: paddle_nn.Sequential(paddle_nn.Conv2D(2, 3, 3, bias_attr=False), paddle_nn.BatchNorm2D(3))),
                  SimpleNamespace(build=lambda: nn.Sequential(nn.Conv2d(2, 3, 3, bias=False), nn.BatchNorm2d(3)),
                                  inputs=lambda: np.random.default_rng(0).normal(size=(5, 2, 5, 5)).astype("float32")))
    assert report.ladder.red == "train mode"
    assert report.causes[0] == {"cause": "the running variance were the biased one, which Paddle keeps", "then": "all rungs agree", "rung": 8}

"""A port of one's own: as little as build() climbs, and the report says where two models part and why."""
import json
from types import SimpleNamespace

import numpy as np
import pytest

from labs import __main__ as command_line
from labs import parity
from labs.parity.port import carry, check, port, read_checkpoint, write_templates


def images():
    return (np.random.default_rng(0).normal(size=(4, 2, 6, 6)).astype("float32"),)


def torch_net():
    from torch import nn
    return nn.Sequential(nn.Conv2d(2, 3, 3), nn.GroupNorm(1, 3, eps=2.0**-17), nn.GELU(), nn.Flatten(), nn.Linear(48, 5))


def paddle_net(epsilon=2.0**-17, approximate=False):
    from paddle import nn
    return nn.Sequential(nn.Conv2D(2, 3, 3), nn.GroupNorm(1, 3, epsilon=epsilon), nn.GELU(approximate), nn.Flatten(),
                         nn.Linear(48, 5))


def pair(**options):
    return (SimpleNamespace(build=lambda: paddle_net(**options)),
            SimpleNamespace(build=torch_net, inputs=images))


def test_a_model_that_is_only_forward_climbs_to_the_top():
    report = check(*pair())
    assert report.green and "names agree" in report.names and any("no step of its own" in note for note in report.notes)


def test_the_first_layer_that_differs_and_its_cause_are_named():
    report = port(*pair(approximate=True))
    assert report.ladder.red == "forward" and report.first_layer.startswith("2 (GELU) and 2 (GELU): equal inputs")
    assert report.causes[0]["cause"].startswith("GELU were in its other form") and report.causes[0]["then"] == "all rungs agree"
    with pytest.raises(parity.ParityError, match="Likely cause: as if GELU"):
        report.check()


def test_names_are_mapped_by_order_where_they_differ():
    import torch
    from paddle import nn

    class Other(nn.Layer):
        def __init__(self):
            super().__init__()
            self.up, self.down = nn.Linear(3, 4), nn.Linear(4, 2)

        def forward(self, x):
            return self.down(nn.functional.relu(self.up(x)))
    first = SimpleNamespace(build=lambda: torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2)),
                            inputs=lambda: np.ones((2, 3), "float32"))
    report = check(SimpleNamespace(build=Other), first)
    assert report.names == "4 names mapped by order and shape"


def test_the_command_writes_templates_climbs_and_reports(tmp_path, capsys):
    assert command_line.main(["port", "--init", "--folder", str(tmp_path)]) == 0
    assert command_line.main(["port", "--folder", str(tmp_path), "--report", str(tmp_path / "report")]) == 0
    assert "The port is proven" in capsys.readouterr().out
    assert json.loads((tmp_path / "report.json").read_text())["green"] is True
    assert "<table" in (tmp_path / "report.html").read_text()
    side = tmp_path / "paddle_side.py"
    side.write_text(side.read_text().replace("nn.ReLU()", "nn.LeakyReLU(0.25)"))
    assert command_line.main(["port", "--folder", str(tmp_path)]) == 1
    assert "First layer that differs: 1 (ReLU) and 1 (LeakyReLU)" in capsys.readouterr().out


def test_templates_overwrite_nothing(tmp_path):
    write_templates(tmp_path)
    with pytest.raises(parity.ParityError, match="exists and is left alone"):
        write_templates(tmp_path)


@pytest.mark.parametrize("sources, said", [
    (("nowhere.py", "nowhere.py"), "is not there; python -m labs port --init"),
    ((SimpleNamespace(), SimpleNamespace()), "has no build"),
    ((SimpleNamespace(build=paddle_net), SimpleNamespace(build=torch_net)), "no input: one of the two files needs inputs"),
    ((SimpleNamespace(build=paddle_net), SimpleNamespace(build=torch_net, step=print, inputs=images)), "has step alone"),
])
def test_what_lacks_is_told(sources, said):
    with pytest.raises(parity.ParityError, match=said):
        port(*sources)


def test_inputs_with_nan_are_refused():
    """The report said that the inputs of the first layer differ."""
    ours, theirs = pair()
    theirs.inputs = lambda: (images()[0] * np.nan,)
    with pytest.raises(parity.ParityError, match="part 0 of a batch holds NaN"):
        port(ours, theirs)


def test_infinities_that_both_sides_are_given_are_no_difference():
    from labs.parity.port.layers import apart
    masked = np.array([0.5, -np.inf])
    assert apart(masked, masked) == 0 and apart(masked, np.array([0.25, -np.inf])) == 0.5
    assert apart(masked, np.array([0.5, np.inf])) == apart(masked, np.array([0.5, 1.0])) == np.inf


def test_a_red_port_of_an_lstm_alone_has_its_report():
    """None of its layers has a `weight`, which mistakes of the registry ask for."""
    import paddle
    import torch
    made = port(SimpleNamespace(build=lambda: paddle.nn.LSTM(4, 3)),
                SimpleNamespace(build=lambda: torch.nn.LSTM(4, 3),         # time first
                                inputs=lambda: np.random.default_rng(0).normal(size=(3, 3, 4)).astype("float32")))
    assert made.ladder.red == "forward" and made.first_layer


@pytest.mark.parametrize("ending", ["pth", "pdparams"])
def test_a_checkpoint_is_carried_over(tmp_path, ending):
    import paddle
    import torch
    ours, theirs = paddle_net(), torch_net()
    source, other = (theirs, ours) if ending == "pth" else (ours, theirs)
    path = tmp_path / f"weights.{ending}"
    torch.save(theirs.state_dict(), path) if ending == "pth" else paddle.save(ours.state_dict(), str(path))
    carried = carry(path, source, other, tmp_path / "out.safetensors")
    assert all(np.array_equal(parity.weights_of(other)[name], w) for name, w in parity.weights_of(source).items())
    assert read_checkpoint(tmp_path / "out.safetensors").keys() == carried.keys()


def test_a_checkpoint_in_bfloat16_is_read(tmp_path):
    """Most are published so, and NumPy has no such type."""
    import torch
    from safetensors.torch import save_file
    given = torch.tensor([1.0, 3.1415927]).bfloat16()
    save_file({"w": given}, tmp_path / "half.safetensors")
    found = read_checkpoint(tmp_path / "half.safetensors")["w"]
    assert found.dtype == np.float32 and np.array_equal(found, given.float().numpy())


@pytest.mark.parametrize("ending", ["pth", "pdparams", "safetensors"])
@pytest.mark.parametrize("length", [0, 100])
def test_a_checkpoint_that_is_cut_short_is_told(tmp_path, ending, length):
    import pickle

    import torch
    from safetensors.torch import save_file
    path, weights = tmp_path / f"cut.{ending}", {"w": torch.arange(64.0)}
    if ending == "pdparams":
        path.write_bytes(pickle.dumps({"w": weights["w"].numpy()}))
    else:
        torch.save(weights, path) if ending == "pth" else save_file(weights, path)
    assert read_checkpoint(path).keys() == weights.keys()
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(parity.ParityError, match="cannot be read; is it whole"):
        read_checkpoint(path)


def test_a_checkpoint_with_code_in_it_is_not_run(tmp_path):
    import pickle
    path = tmp_path / "bad.pdparams"
    path.write_bytes(pickle.dumps({"w": print}))
    with pytest.raises(parity.ParityError, match="builtins.print, which is code, not weights"):
        read_checkpoint(path)


@pytest.mark.parametrize("given, stem", [("conv.v2", "conv.v2"), ("conv", "conv"), ("conv.html", "conv")])
def test_a_report_keeps_the_whole_name_and_a_proven_port_names_no_red_rung(tmp_path, given, stem):
    from labs.parity.port.report import Report
    ladder = SimpleNamespace(verdict="float32 numbers", red="gradients", green=False, title="T", data={}, middle=lambda: "but for one number",
                             _repr_mimebundle_=lambda: {"text/html": "<p></p>"})
    made = Report(ladder, "by name", [], advice="look for a detach").save(tmp_path / given)
    assert [path.name for path in made] == [f"{stem}.html", f"{stem}.json"]
    said = json.loads(made[1].read_text())
    assert (said["green"], said["red"], said["advice"]) == (True, None, "")


def test_a_cause_that_goes_by_two_names_is_listed_once():
    """"BatchNorm's momentum" is a setting of a layer and a mistake of the registry; planted, both leave the same bits."""
    from paddle import nn as paddle_nn
    from torch import nn

    from labs.parity.port import variance_of_paddle
    report = port(SimpleNamespace(build=lambda: paddle_nn.Sequential(paddle_nn.Conv2D(2, 3, 3, bias_attr=False), paddle_nn.BatchNorm2D(
                      3, momentum=0.125, epsilon=2.0**-17))),
                  SimpleNamespace(build=lambda: variance_of_paddle(nn.Sequential(nn.Conv2d(2, 3, 3, bias=False), nn.BatchNorm2d(
                      3, momentum=0.125, eps=2.0**-17))), inputs=lambda: np.random.default_rng(0).normal(size=(5, 2, 5, 5)).astype("float32")))
    assert report.ladder.red == "train mode"
    assert [one["cause"] for one in report.causes] == ["BatchNorm's momentum were not inverted (1 - m)"]


def group_norms(weight):
    """A convolution and a GroupNorm on both sides; Paddle's with a weight or without."""
    from paddle import nn as paddle_nn
    from torch import nn

    def paddle_side():
        attributes = {} if weight else {"weight_attr": False, "bias_attr": False}
        return paddle_nn.Sequential(paddle_nn.Conv2D(2, 4, 3), paddle_nn.GroupNorm(2, 4, **attributes))
    return (SimpleNamespace(build=paddle_side), SimpleNamespace(
        build=lambda: nn.Sequential(nn.Conv2d(2, 4, 3), nn.GroupNorm(2, 4, affine=weight)),
        inputs=lambda: np.random.default_rng(0).normal(size=(5, 2, 5, 5)).astype("float32")))


def test_the_plain_step_asks_a_normalised_output_for_a_gradient_that_is_not_zero():
    """Paddle's GroupNorm without a weight has a wrong gradient; a loss that is constant in what is normalised hid it."""
    assert port(*group_norms(True)).ladder.verdict == "green"
    report = port(*group_norms(False))
    assert report.ladder.red == "gradients" and report.ladder.failed.error64 > 1e-3
    assert "GroupNorm without a weight (1) has a wrong gradient in Paddle 3.3.1" in report.text


def test_paddles_group_norm_without_a_weight_is_wrong_and_with_one_it_is_right():
    """Against finite differences, so that the driver's note goes when Paddle is mended."""
    import paddle
    import paddle.nn.functional as F
    rng = np.random.default_rng(0)
    x, share = rng.normal(size=(2, 4, 3)), rng.normal(size=(2, 4, 3))

    def normalised(x):
        groups = x.reshape(2, 2, -1)
        return ((groups - groups.mean(-1, keepdims=True)) / np.sqrt(groups.var(-1, keepdims=True) + 2.0**-17)).reshape(x.shape)

    def gradient(weight):
        given = paddle.to_tensor(x, stop_gradient=False)
        (F.group_norm(given, 2, 2.0**-17, weight) * paddle.to_tensor(share)).sum().backward()
        return given.grad.numpy()
    steps = np.eye(x.size).reshape(x.size, *x.shape) * 1e-6
    right = np.array([((normalised(x + d) - normalised(x - d)) * share).sum() / 2e-6 for d in steps]).reshape(x.shape)
    assert abs(gradient(paddle.ones([4], "float64")) - right).max() < 1e-7 < 1e-2 < abs(gradient(None) - right).max()


def test_a_setting_that_is_wrong_in_one_layer_alone_is_found():
    from paddle import nn as paddle_nn
    from torch import nn
    report = port(SimpleNamespace(build=lambda: paddle_nn.Sequential(paddle_nn.Linear(3, 4), paddle_nn.GELU(), paddle_nn.Linear(4, 4), paddle_nn.GELU(True))),
                  SimpleNamespace(build=lambda: nn.Sequential(nn.Linear(3, 4), nn.GELU(), nn.Linear(4, 4), nn.GELU()),
                                  inputs=lambda: np.random.default_rng(0).normal(size=(5, 3)).astype("float32")))
    assert report.causes[0] == {"cause": "GELU were in its other form (tanh or exact), in 3 alone", "then": "all rungs agree", "rung": 8}

"""A port of one's own: as little as build() climbs, and the report says where two models part and why."""
import json
import re
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


PADDLE = "from paddle import nn\ndef build():\n    return nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))\n"
LABELLED = """
def batches():
    rng = np.random.default_rng(0)
    return [(rng.normal(size=(5, 8)).astype("float32"), rng.integers(0, 4, 5)) for _ in range(3)]
"""
TORCH_STEP = """
def make_optimizer(model):
    import torch
    return torch.optim.SGD(model.parameters(), lr=0.125)


def step(model, optimizer, batch):
    import torch
    x, y = (torch.from_numpy(a) for a in batch)
    loss = torch.nn.functional.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    return loss
"""


def altered(old, new):
    """The template of the PyTorch side with something else in it."""
    from labs.parity.port.templates import TORCH
    assert old in TORCH
    return TORCH.replace(old, new)


@pytest.mark.parametrize("paddle_text, torch_text, said", [
    (PADDLE + "def x(:\n", ("", ""), r"paddle_side.py raised SyntaxError: .* \(paddle_side.py, line 4\)"),
    ("import nothing_there\n" + PADDLE, ("", ""), r"No module named 'nothing_there' \(paddle_side.py, line 1\)"),
    ("import sys\nsys.exit(3)\n" + PADDLE, ("", ""), r"paddle_side.py raised SystemExit: 3 \(paddle_side.py, line 2\)"),
    ("def build():\n    raise ValueError('no width')\n", ("", ""), r"build\(\) of Paddle raised ValueError: no width \(paddle_side.py, line 2\)"),
    ("from paddle import nn\ndef build():\n    return nn.Sequential(nn.ReLU())\n", ("", ""), "Sequential of the Paddle side has no parameters"),
    (PADDLE.replace("16", "17"), ("", ""), r"0.weight is \(16, 8\) in the first model and \(17, 8\) in the second"),
    (PADDLE, ("size=(5, 8)", "size=(5, 9)"), r"the PyTorch model, called with a batch, raised RuntimeError: .* shape \(5, 9\)"),
    (PADDLE, ("size=(5, 8)", "size=(0, 8)"), r"part 0 of a batch is empty, of shape \(0, 8\)"),
    (PADDLE, ("    return (np.", "    raise OSError('no disk')\n    return (np."), r"inputs\(\) of PyTorch raised OSError: no disk \(torch_side.py, line"),
    (PADDLE, ("    return (np.", "    return None\n    return (np."), r"inputs\(\) of PyTorch gives None; expected a tuple"),
    (PADDLE, ("# To prove", LABELLED + "# To prove"), r"has 2 parts, .* where some are labels, write logits\(model, batch\)"),
    (PADDLE, ("# To prove", LABELLED + TORCH_STEP + "# To prove"), r"where some are labels, write logits\(model, batch\)"),
    (PADDLE, ("# To prove", "def make_optimizer(model):\n    return None\ndef step(*given):\n    return 0\n# To prove"),
     r"the PyTorch side's make_optimizer gave NoneType; expected an optimizer"),
    (PADDLE, ("# To prove", TORCH_STEP.replace("    x, y", "    raise KeyError('boom')\n    x, y") + "# To prove"),
     r"the PyTorch side's step raised KeyError: 'boom' \(torch_side.py, line"),
], ids=["syntax", "import", "exit", "build raises", "no parameters", "other widths", "input of another width", "empty input", "inputs raises",
        "inputs gives None", "labels", "labels and a step", "no optimizer", "step raises"])
def test_what_a_readers_code_raises_is_a_sentence_with_its_line(tmp_path, capsys, paddle_text, torch_text, said):
    """Each ended in a traceback through labs."""
    (tmp_path / "paddle_side.py").write_text(paddle_text)
    (tmp_path / "torch_side.py").write_text(altered(*torch_text) if torch_text[0] else altered("import", "import"))
    assert command_line.main(["port", "--folder", str(tmp_path)]) == 1
    assert re.search(said, capsys.readouterr().err)


@pytest.mark.parametrize("exchange", [False, True])
def test_files_in_exchanged_places_climb_and_it_is_said(exchange):
    """With epsilon 1e-5 the PyTorch side is climbed again with the number rounded: each must be known by its model."""
    import paddle
    import torch
    ours = SimpleNamespace(build=lambda: paddle.nn.Sequential(paddle.nn.Linear(3, 4), paddle.nn.LayerNorm(4)))
    theirs = SimpleNamespace(build=lambda: torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.LayerNorm(4)),
                             inputs=lambda: np.random.default_rng(0).normal(size=(5, 3)).astype("float32"))
    report = port(theirs, ours) if exchange else port(ours, theirs)
    assert report.ladder.verdict == "float32 numbers"
    assert ("exchanged places" in report.text) is exchange


def test_one_framework_twice_proves_no_port():
    _, theirs = pair()
    report = port(theirs, theirs)
    assert "Both sides are PyTorch" in report.text and "port is proven" not in report.text and "The two agree" in report.text


def test_a_side_that_imports_the_other_framework_is_told(tmp_path):
    write_templates(tmp_path)
    side = tmp_path / "paddle_side.py"
    side.write_text("import torch\n" + side.read_text())
    assert "The Paddle side imports torch too" in port(side, tmp_path / "torch_side.py").text


def test_weights_with_nan_are_told():
    """The report said that the logits differ by inf of their size."""
    from torch import nn
    ours, theirs = pair()
    weights = parity.weights_of(torch_net())
    weights["4.bias"][0] = np.nan
    with pytest.raises(parity.ParityError, match="weights: 4.bias holds NaN"):
        port(ours, theirs, weights=weights)

    def broken():
        net = torch_net()
        nn.init.constant_(net[4].bias, np.nan)
        return net
    theirs.build = broken
    assert "PyTorch: 4.bias holds NaN as build() makes it; the ladder began from weights of its own" in port(ours, theirs).text


def test_nan_that_a_model_computes_is_called_so():
    import paddle
    import torch

    def logarithm(base, log):
        return type("Log", (base,), {"forward": lambda self, x: log(x)})()
    report = port(SimpleNamespace(build=lambda: paddle.nn.Sequential(paddle.nn.Linear(3, 4), logarithm(paddle.nn.Layer, paddle.log))),
                  SimpleNamespace(build=lambda: torch.nn.Sequential(torch.nn.Linear(3, 4), logarithm(torch.nn.Module, torch.log)),
                                  inputs=lambda: np.ones((5, 3), "float32")))
    assert report.ladder.red == "forward" and "There: logits holds NaN on some side" in report.text
    with pytest.raises(parity.ParityError, match="in float64 logits holds NaN on some side"):
        report.ladder.check()


def test_a_tuple_beside_a_tensor_is_told_what_to_do():
    import paddle

    class Two(paddle.nn.Sequential):
        def forward(self, x):
            out = super().forward(x)
            return out, out
    ours, theirs = pair()
    made = port(SimpleNamespace(build=lambda: Two(*paddle_net().children())), theirs)
    assert made.ladder.red == "forward" and "let both models return the same outputs" in made.text


def attention_over_time(framework):
    """Scores of each step, a softmax over time, AdamW: the true gradient of the scores' bias is zero."""
    nn, base = (framework.nn, framework.nn.Module if hasattr(framework.nn, "Module") else framework.nn.Layer)
    paddle = base.__name__ == "Layer"

    class Attention(base):
        def __init__(self):
            super().__init__()
            self.fc, self.score, self.out = nn.Linear(4, 6), nn.Linear(6, 1), nn.Linear(6, 3)

        def forward(self, x):
            hidden = framework.tanh(self.fc(x))
            return self.out((nn.functional.softmax(self.score(hidden), 1) * hidden).sum(1))

    def make_optimizer(model):
        if paddle:
            return framework.optimizer.AdamW(2.0**-9, 0.875, 1 - 2.0**-10, 2.0**-30, parameters=model.parameters(), weight_decay=2.0**-7)
        return framework.optim.AdamW(model.parameters(), 2.0**-9, (0.875, 1 - 2.0**-10), 2.0**-30, weight_decay=2.0**-7)

    def logits(model, batch):
        return model(framework.to_tensor(batch[0]) if paddle else framework.from_numpy(batch[0]))

    def step(model, optimizer, batch):
        loss = (logits(model, batch) ** 2).mean()
        loss.backward()
        optimizer.step()
        (optimizer.clear_grad if paddle else optimizer.zero_grad)()
        return loss
    rng = np.random.default_rng(0)
    return SimpleNamespace(build=Attention, make_optimizer=make_optimizer, step=step, logits=logits,
                           batches=[(rng.normal(size=(5, 7, 4)).astype("float32"),) for _ in range(3)])


def test_gradients_that_are_zero_but_for_rounding_are_suggested():
    """A bias before a softmax over time was red under AdamW, and nothing said why."""
    import paddle
    import torch
    pair = attention_over_time(paddle), attention_over_time(torch)
    report = port(*pair, explain=False)
    assert report.ladder.red == "one step" and "--zero-gradient score.bias" in report.text
    with pytest.raises(parity.ParityError, match=r"gradients of score.bias .* zero_gradients=\('score.bias',\)"):
        report.check()
    with pytest.raises(parity.ParityError, match=r"zero_gradients=\('score.bias',\)"):
        report.ladder.check()
    named = port(*pair, explain=False, zero_gradients=("score.bias",))
    assert named.green and "zero_gradients=" not in named.text


def test_another_mistake_suggests_no_zero_gradient():
    import paddle
    import torch
    ours, theirs = attention_over_time(paddle), attention_over_time(torch)
    right, theirs.step = theirs.step, lambda *given: right(*given) * 2
    assert "zero_gradients=" not in port(ours, theirs, explain=False).text


def test_what_paddle_adds_in_the_gradient_of_a_norm_is_named_as_the_cause():
    """Rows of norm 0.01, normalised: red at 3e-11, and no mistake of the registry explained it."""
    import paddle
    import torch

    def scaled(base, normalize, linear):
        def forward(self, x):
            return normalize(self[0](x) * 0.01)
        return type("Scaled", (base,), {"forward": forward})(linear)
    report = port(SimpleNamespace(build=lambda: scaled(paddle.nn.Sequential, paddle.nn.functional.normalize, paddle.nn.Linear(3, 4))),
                  SimpleNamespace(build=lambda: scaled(torch.nn.Sequential, lambda x: torch.nn.functional.normalize(x), torch.nn.Linear(3, 4)),
                                  inputs=lambda: np.random.default_rng(0).normal(size=(5, 3)).astype("float32")))
    assert report.ladder.red == "gradients"
    assert report.causes[0]["cause"].startswith("the gradient of F.normalize were divided by the norm plus 1e-12")
    assert report.causes[0]["then"] == "all rungs agree"

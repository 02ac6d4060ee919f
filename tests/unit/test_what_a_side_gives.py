"""What readers hand to the ladder: batches, logits, losses and weights of every form, gradients that are zero, clipping; and clear errors."""
from types import SimpleNamespace

import numpy as np
import pytest
from small_nets import Small, batches_of_noise, norm_net

from labs import __main__ as command_line
from labs import parity
from labs.parity.climbing import changed


def linear_pair(clip=None, scale=1.0, spare=False):
    """A Linear of both frameworks, with Adam or with clipping; `scale` multiplies the inputs."""
    import paddle
    import torch
    import torch.nn.functional as torch_F
    from torch import nn

    def torch_step(model, optimizer, batch):
        loss = torch_F.cross_entropy(model(torch.from_numpy(batch[0]) * scale), torch.from_numpy(batch[1]))
        loss.backward()
        if clip:
            grads = [p.grad for p in model.parameters() if p.grad is not None]
            norm = torch.sqrt(sum((g * g).sum() for g in grads))
            for g in grads:
                g.mul_(clip / norm.clamp(min=clip))
        optimizer.step()
        optimizer.zero_grad()
        return loss

    def paddle_step(model, optimizer, batch):
        loss = paddle.nn.functional.cross_entropy(model(paddle.to_tensor(batch[0]) * scale), paddle.to_tensor(batch[1]))
        loss.backward()
        optimizer.step()
        optimizer.clear_grad()
        return loss
    options = {"grad_clip": paddle.nn.ClipGradByGlobalNorm(clip)} if clip else {}
    return (SimpleNamespace(NAME="PyTorch", build=lambda config: nn.Linear(4, 3), step=torch_step,
                            make_optimizer=lambda model, config: torch.optim.SGD(model.parameters(), 0.125),
                            logits=lambda model, batch: model(torch.from_numpy(batch[0]) * scale)),
            SimpleNamespace(NAME="Paddle", build=lambda config: paddle.nn.Linear(4, 3), step=paddle_step,
                            make_optimizer=lambda model, config: paddle.optimizer.SGD(0.125, parameters=model.parameters(), **options),
                            logits=lambda model, batch: model(paddle.to_tensor(batch[0]) * scale)))


def rows(count=3):
    rng = np.random.default_rng(0)
    return [(rng.normal(size=(5, 4)).astype("float32"), rng.integers(0, 3, 5)) for _ in range(count)]


def test_clipping_inside_paddles_optimizer_is_seen_after_it():
    parity.climb(*linear_pair(clip=0.25), rows(), Small()).check()


def test_clipping_on_one_side_alone_is_red_at_the_gradients():
    first, second = linear_pair(clip=0.25)[0], linear_pair()[1]
    assert parity.climb(first, second, rows(), Small()).red == "gradients"
    assert parity.climb(linear_pair()[0], linear_pair(clip=0.25)[1], rows(), Small()).red == "gradients"


def norm_after_bias(framework):
    """The small net with a bias in front of its BatchNorm, trained by Adam, which turns the rounding of its gradient into steps."""
    side = norm_net(framework)

    def build(config):
        model = side.build(config)
        if framework == "torch":
            from torch import nn
            model.conv = nn.Conv2d(2, 3, 3)
        else:
            from paddle import nn
            model.conv = nn.Conv2D(2, 3, 3)
        return model

    def make_optimizer(model, config):
        import paddle
        import torch
        if framework == "torch":
            return torch.optim.Adam(model.parameters(), config.learning_rate)
        return paddle.optimizer.Adam(config.learning_rate, parameters=model.parameters())
    return changed(side, build=build, make_optimizer=make_optimizer)


def test_a_bias_in_front_of_a_norm_is_red_until_it_is_named():
    sides, batches = [norm_after_bias(name) for name in ("torch", "paddle")], batches_of_noise(3)
    assert parity.climb(*sides, batches, Small()).red == "one step"
    named = parity.climb(*sides, batches, Small(), zero_gradients=("conv.bias",))
    assert named.red == "train mode"                        # the running variance, as it is known


def test_a_gradient_that_is_not_zero_may_not_be_named_so():
    with pytest.raises(parity.ParityError, match="zero_gradients: fc.weight was named as having no gradient, but it has one"):
        parity.climb(norm_net("torch"), norm_net("torch"), batches_of_noise(2), Small(), zero_gradients=("fc.*",))
    with pytest.raises(parity.ParityError, match="zero_gradients: 'conv.bais' fits no trained parameter"):
        parity.climb(norm_net("torch"), norm_net("torch"), batches_of_noise(2), Small(), zero_gradients=("conv.bais",))


def with_spare(framework, used=False):
    """The small net with a layer more, which nobody calls."""
    side = norm_net(framework)

    def build(config):
        model = side.build(config)
        model.spare = __import__("torch").nn.Linear(10, 10) if framework == "torch" else __import__("paddle").nn.Linear(10, 10)
        if used:
            model.register_forward_hook(lambda model, given, out: model.spare(out))
        return model
    return changed(side, build=build)


def test_a_layer_that_neither_side_calls_is_no_error_and_one_that_one_side_calls_is():
    batches = batches_of_noise(2)
    ladder = parity.climb(with_spare("torch"), with_spare("paddle"), batches, Small())
    assert ladder.red == "train mode" and ladder.records[0].unused == ["spare.weight", "spare.bias"]
    assert parity.climb(with_spare("torch", used=True), with_spare("paddle"), batches, Small()).red == "forward"


@pytest.mark.parametrize("form", [
    lambda batches: (batch for batch in batches),
    lambda batches: [[__import__("torch").from_numpy(part) for part in batch] for batch in batches],
    lambda batches: [tuple(__import__("paddle").to_tensor(part) for part in batch) for batch in batches],
], ids=["a generator", "tensors of PyTorch", "tensors of Paddle"])
def test_batches_of_other_forms_are_taken(form):
    assert parity.climb(*linear_pair(), form(rows()), Small()).check().steps == 3


def test_batches_may_be_dicts():
    import torch

    def by_name(side):
        return changed(side, step=lambda model, optimizer, batch: side.step(model, optimizer, (batch["x"], batch["y"])),
                       logits=lambda model, batch: side.logits(model, (batch["x"],)))
    made = [{"x": torch.from_numpy(x), "y": y} for x, y in rows()]
    parity.climb(*(by_name(side) for side in linear_pair()), made, Small()).check()


@pytest.mark.parametrize("wrong, said", [
    (np.zeros((2, 4), "float32"), "batches: expected a list of tuples of arrays, got ndarray"),
    ([np.zeros((2, 4), "float32")], "a batch is a tuple or a dict of arrays, got ndarray: write"),
    ([(object(),)], "part 0 of a batch: expected an array, got object"), ([], "no batches")])
def test_batches_that_are_none_are_told(wrong, said):
    with pytest.raises(parity.ParityError, match=said):
        parity.climb(*linear_pair(), wrong, Small())


def test_a_step_may_return_a_number():
    first, second = linear_pair()
    parity.climb(changed(first, step=lambda *given: first.step(*given).item()), second, rows(), Small()).check()


@pytest.mark.parametrize("give, said", [
    (lambda loss: None, "step gave NoneType: it must return the loss"), (lambda loss: loss.repeat(2), "must return one loss, a scalar; it returned shape")])
def test_a_step_that_returns_no_loss_is_told(give, said):
    first, second = linear_pair()
    with pytest.raises(parity.ParityError, match=said):
        parity.climb(changed(first, step=lambda *given: give(first.step(*given))), second, rows(), Small())


@pytest.mark.parametrize("give", [lambda out: out.detach().numpy(), lambda out: (out, out * 2), lambda out: {"a": out, "none": None}],
                         ids=["an array", "a tuple", "a dict"])
def test_logits_may_be_arrays_tuples_or_dicts(give):
    def giving(side):
        return changed(side, logits=lambda model, batch: give(side.logits(model, batch)))
    parity.climb(*map(giving, linear_pair()), rows(), Small()).check()
    doubled = changed(linear_pair()[1], logits=lambda model, batch: give(linear_pair()[1].logits(model, batch) * 2))
    assert parity.climb(giving(linear_pair()[0]), doubled, rows(), Small()).red == "forward"


def test_logits_that_are_none_are_told():
    first, second = linear_pair()
    with pytest.raises(parity.ParityError, match="logits gave NoneType; expected a tensor"):
        parity.climb(changed(first, logits=lambda model, batch: None), second, rows(), Small())


def test_weights_may_be_a_state_dict_and_the_config_anything():
    start = linear_pair()[0].build(None).state_dict()
    for config in ({"rate": 1}, SimpleNamespace(rate=1), None):
        ladder = parity.climb(*linear_pair(), rows(), config, weights=start)
        assert ladder.check().parameters == 15


def test_a_state_made_in_float32_is_told_in_a_float64_climb():
    import torch
    first, second = linear_pair()

    def step(model, optimizer, batch):
        return torch.mm(torch.zeros(5, 4), model.weight.T).sum()
    with pytest.raises(parity.ParityError, match="mixes precisions in a float64 climb.*dtype=x.dtype"):
        parity.climb(changed(first, step=step), second, rows(), Small())


def test_a_tensor_changed_in_place_is_not_called_one_of_another_precision():
    first, second = linear_pair()

    def step(model, optimizer, batch):
        y = (model.weight * 2).exp()
        loss = y.sum()
        y.mul_(2)
        loss.backward()
        return loss
    with pytest.raises(RuntimeError, match="inplace operation") as caught:
        parity.climb(changed(first, step=step), second, rows(), Small())
    assert "mixes precisions" not in str(caught.value)


def test_a_mistake_cannot_be_planted_in_records():
    first, second = linear_pair()
    records = [parity.record(side, Small(), parity.initial_weights(first.build(None), 0), rows()) for side in (first, second)]
    with pytest.raises(parity.ParityError, match="made of records.*no side to plant"):
        parity.plant("wrong_label", parity.compare_records(records, "records"))


def test_a_wrong_label_is_a_class_that_there_is():
    from labs.parity.mistakes.learning import wrong_label
    labels = wrong_label(0, (np.zeros((4, 2)), np.array([0, 1, 0, 0])))[1]
    assert set(labels) <= {0, 1} and labels[-1] == 1


def test_paddles_cut_of_a_softmax_is_named():
    """cross_entropy of logits that lie more than 64 apart is cut in Paddle."""
    ladder = parity.climb(*linear_pair(scale=300.0), rows(), Small())
    assert ladder.red == "loss"
    with pytest.raises(parity.ParityError, match="Paddle cuts softmax, log_softmax and cross_entropy where they are 64 apart"):
        ladder.check()
    assert "Paddle cuts softmax" in ladder.text


@pytest.mark.parametrize("arguments, said", [
    (["parity", "mnits"], "no task named 'mnits' in labs/tasks"), (["parity", "tokenizers"], "the task 'tokenizers' has no paddle_side.py"),
    (["train", "mnist", "x"], "the task 'mnist' has no training.py"),
    (["port", "nowhere_paddle.py", "nowhere_torch.py"], "is not there; python -m labs port --init"),
    (["port", "one_file.py"], "expected two files or modules"), (["fetch", "mnist_5"], "Did you mean 'mnist_5k'")])
def test_what_is_asked_of_the_command_line_and_is_not_there_is_told(arguments, said, capsys):
    assert command_line.main(arguments) in (1, 2)
    shown = capsys.readouterr().err
    assert said in shown and "Traceback" not in shown


def test_a_framework_that_is_missing_is_told(capsys, monkeypatch):
    def missing(task):
        raise ModuleNotFoundError("No module named 'paddle'", name="paddle")
    monkeypatch.setattr("labs.tasks.cases", missing)
    assert command_line.main(["parity", "mnist"]) == 1
    assert "parity: paddle is not installed here; python -m labs doctor says how to get it" in capsys.readouterr().err

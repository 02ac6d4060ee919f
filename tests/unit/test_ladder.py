"""The ladder itself: what it compares, what it refuses, what it says and what it leaves behind."""
import json
import types

import numpy as np
import pytest
from small_nets import Small, batches_of_noise, norm_net

from labs import outputs, parity, timing
from labs.parity.climbing import changed, moved
from labs.parity.comparing import ALLOWED, EPSILON, FLOOR_ULP, TOLERANCE, compare, worst32
from labs.parity.records import RUNGS, Record


def made(**changes) -> Record:
    """A record by hand: one parameter w and one bias b, with entries replaced as 'rung/name'."""
    arrays = {"w": np.arange(1.0, 7.0).reshape(2, 3), "b": np.array([0.5, -0.25])}
    rungs = {rung: dict(arrays) for rung in RUNGS}
    for path, value in changes.items():
        rung, name = path.split("/")
        if value is None:
            del rungs[rung][name]
        else:
            rungs[rung][name] = value
    return Record("made", "float64", rungs)


def lowest(pair):
    return pair.red.name if pair.red else None


def test_equal_records_are_green():
    assert lowest(compare((made(), made()), None, {})) is None


@pytest.mark.parametrize("rung", list(RUNGS)[1:])
def test_a_difference_above_the_tolerance_is_red_at_its_rung(rung):
    off = np.arange(1.0, 7.0).reshape(2, 3)
    off[1, 2] += 6 * TOLERANCE * 1.5
    pair = compare((made(), made(**{f"{rung}/w": off})), None, {})
    assert lowest(pair) == rung and pair.red.where64 == "w"


def test_a_difference_below_the_tolerance_is_green():
    near = np.arange(1.0, 7.0).reshape(2, 3)
    near[1, 2] += 6 * TOLERANCE * 0.5
    assert lowest(compare((made(), made(**{"loss/w": near})), None, {})) is None


def test_a_parameter_without_gradient_is_named():
    pair = compare((made(), made(**{"gradients/b": None})), None, {})
    assert lowest(pair) == "gradients" and "b is missing on the made side" in pair.red.problem


def test_another_shape_is_named():
    pair = compare((made(), made(**{"parameters/w": np.zeros((3, 2))})), None, {})
    assert lowest(pair) == "parameters" and "(2, 3) and (3, 2)" in pair.red.problem


def test_a_nan_is_never_equal():
    bad = np.full((2, 3), np.nan)
    assert lowest(compare((made(), made(**{"loss/w": bad})), None, {})) == "loss"


def test_float32_judges_by_the_other_sides_error_not_by_a_bound():
    exact = made()
    honest = [made(**{"gradients/w": exact.rungs["gradients"]["w"] + 1e-2 * sign}) for sign in (1, -1)]
    assert lowest(compare((exact, exact), tuple(honest), {})) is None
    worse = made(**{"gradients/w": exact.rungs["gradients"]["w"] + 5e-2})
    pair = compare((exact, exact), (honest[0], worse), {})
    assert lowest(pair) == "gradients" and 4.9 < pair.red.ratio32 < 5.1


def test_paddle_and_torch_agree_up_to_the_running_variance():
    """Paddle keeps the biased batch variance, PyTorch the unbiased one: the last rung alone says so."""
    ladder = parity.climb(norm_net("torch"), norm_net("paddle"), batches_of_noise(), Small())
    assert ladder.red == "train mode"
    red = ladder.pairs[0].red
    assert red.where64 == "norm.running_var" or red.where64 == "logits"


def test_a_third_record_joins_as_a_second_pair():
    side, batches = norm_net("torch"), batches_of_noise()
    weights = parity.initial_weights(side.build(Small()), seed=0)
    third = [parity.record(changed(side, NAME="Elsewhere"), Small(), weights, batches, p) for p in ("float64", "float32")]
    ladder = parity.climb(side, side, batches, Small(), weights, also=third)
    assert [p.second for p in ladder.pairs] == ["PyTorch", "Elsewhere"] and ladder.green


def test_a_third_side_needs_a_float64_record():
    side, batches = norm_net("torch"), batches_of_noise(1)
    weights = parity.initial_weights(side.build(Small()), seed=0)
    only = parity.record(changed(side, NAME="Elsewhere"), Small(), weights, batches, "float32")
    with pytest.raises(parity.ParityError, match="needs a float64 record"):
        parity.climb(side, side, batches, Small(), weights, also=[only])


def test_a_side_without_step_is_refused():
    side = norm_net("torch")
    del side.step
    with pytest.raises(parity.ParityError, match="has no step"):
        parity.record(side, Small(), {}, batches_of_noise())


def test_a_step_that_never_steps_is_refused():
    side = norm_net("torch")
    weights = parity.initial_weights(side.build(Small()), 0)
    lazy = changed(side, step=lambda model, optimizer, batch: model(__import__("torch").from_numpy(batch[0])).mean())
    with pytest.raises(parity.ParityError, match="never called optimizer.step"):
        parity.record(lazy, Small(), weights, batches_of_noise(1))


def test_no_batches_are_refused():
    with pytest.raises(parity.ParityError, match="no batches"):
        parity.record(norm_net("torch"), Small(), {}, [])


def test_the_ladder_shows_itself_and_leaves_data():
    side = norm_net("torch")
    ladder = parity.climb(side, side, batches_of_noise(2), Small(), title="Small")
    bundle = ladder._repr_mimebundle_()
    assert "Small: green" in bundle["text/plain"] and "<table" in bundle["text/html"]
    data = json.loads(json.dumps(bundle[outputs.MIME]))
    assert data["kind"] == "ladder" and data["green"] is True and len(data["pairs"][0]["rungs"]) == len(RUNGS)
    assert ladder.worst().keys() == RUNGS.keys()


def test_moved_weights_stay_within_the_asked_ulps():
    weights = {"w": np.linspace(-1, 1, 1000, dtype="float32")}
    after = moved(weights, 20, seed=3)["w"]
    assert 0 < np.max(np.abs(after - weights["w"])) <= 21 * np.finfo("float32").eps


def test_a_ladder_without_pairs_is_red_and_admits_no_timing():
    empty = parity.Ladder([], "Empty", 0, 0)
    assert not empty.green and "nothing was compared" in empty.text
    with pytest.raises(parity.ParityError, match="nothing was compared"):
        empty.check()
    with pytest.raises(timing.TimingError, match="nothing was compared"):
        timing.paired(lambda: 1, lambda: 1, proof=empty)


def test_a_rung_without_arrays_is_red():
    bare = Record("made", "float64", {rung: {} for rung in RUNGS})
    pair = compare((bare, bare), None, {})
    assert pair.red.name == "parameters" and pair.red.problem == "nothing was compared"


def test_weights_of_a_proof_are_nowhere_one_or_zero_by_chance():
    weights = parity.proof_weights(norm_net("torch").build(Small()), 0)
    assert {"norm.running_mean", "norm.running_var"} <= weights.keys()
    assert all(len(np.unique(w)) == w.size for name, w in weights.items() if name.startswith("norm."))
    assert all(np.array_equal(w, other) for w, other in zip(
        weights.values(), parity.proof_weights(norm_net("paddle").build(Small()), 0).values()))


def test_padding_rows_are_zero_and_slopes_are_drawn():
    import torch
    model = torch.nn.Sequential(torch.nn.Embedding(5, 3, padding_idx=2), torch.nn.PReLU())
    weights = parity.proof_weights(model, 0)
    assert not weights["0.weight"][2].any() and weights["0.weight"][1].any() and 0.1 < weights["1.weight"][0] < 0.4 != 0.25


def test_the_names_of_a_record_from_elsewhere_may_lack_what_is_new():
    here = Record("here", "float64", {**made().rungs, "train mode": {"w": np.ones(2), "logits in eval mode": np.ones(2)}}, traits={})
    there = Record("there", "float64", {**made().rungs, "train mode": {"w": np.ones(2)}})
    assert lowest(compare((here, there), None, {})) is None
    assert lowest(compare((here, Record("b", "float64", there.rungs, traits={})), None, {})) == "train mode"


def test_further_functions_are_rungs_of_their_own():
    side = norm_net("torch")
    further = {"sum": lambda side, model, batches: side.logits(model, batches[1]).sum().numpy()}
    ladder = parity.climb(side, side, batches_of_noise(2), Small(), further=further).check()
    assert ladder.pairs[0].rungs[-1].name == "also: sum" and "also: sum" in ladder.text
    wrong = parity.climb(changed(side, factor=lambda: 1), changed(side, factor=lambda: 2), batches_of_noise(2), Small(), further={
        "sum": lambda side, model, batches: side.factor() * side.logits(model, batches[1]).sum().numpy()})
    assert wrong.red == "also: sum"


@pytest.mark.parametrize("order, reached", [("aaa", False), ("abb", False), ("abc", False), ("aba", True), ("aabca", True)])
def test_a_second_epoch_is_a_batch_again_after_others(order, reached):
    from labs.parity import coverage
    batches = [(np.full((2, 3), ord(letter)),) for letter in order]
    assert {what: found for what, found, _ in coverage.of_sizes(batches)}["a second epoch: a batch again, after others"] is reached


def test_coverage_names_what_the_batches_do_not_reach():
    side = norm_net("torch")
    found = parity.climb(side, side, batches_of_noise(2), Small()).coverage
    assert "a batch of another size than the first" in found.missed and "not reached" in found.table().text
    batches = [*batches_of_noise(2), batches_of_noise(1, 7)[0]]
    assert not {"a batch of another size than the first", "an odd number in a batch"} & set(
        parity.climb(side, side, batches, Small()).coverage.missed)


@pytest.mark.parametrize("limit, missed", [(1000.0, "clipping at work"), (0.0625, "clipping idle")])
@pytest.mark.parametrize("first", ["torch", "paddle"])
def test_a_clip_that_an_optimizer_holds_is_named_where_no_batch_reaches_it(limit, missed, first):
    """Nothing said that a clip at 1000 never bound: the config has none, Paddle's optimizer has."""
    def make_optimizer(model, config):
        import paddle
        return paddle.optimizer.SGD(config.learning_rate, parameters=model.parameters(), grad_clip=paddle.nn.ClipGradByGlobalNorm(limit))
    sides = {"torch": norm_net("torch"), "paddle": changed(norm_net("paddle"), make_optimizer=make_optimizer)}
    made = parity.climb(sides.pop(first), *sides.values(), batches_of_noise(2), Small())
    assert [what for what in made.coverage.missed if what.startswith("clipping")] == [missed]


def test_a_clip_that_the_config_tells_is_named_where_it_is_idle():
    side = norm_net("torch")
    made = parity.climb(side, side, batches_of_noise(2), types.SimpleNamespace(**vars(Small()), clip=1000.0))
    assert ("clipping at work", False, "0 of 2 steps") in made.coverage.rows and "clipping at work" in made.coverage.missed


@pytest.mark.parametrize("framework", ["torch", "paddle"])
@pytest.mark.parametrize("most, reached", [(1.0, True), (2.0, False)])
def test_a_largest_norm_of_rows_is_named_where_no_row_exceeds_it(framework, most, reached):
    import paddle
    import torch

    from labs.parity import coverage, paddle_driver, torch_driver
    layer, driver = ((torch.nn.Embedding(5, 3, max_norm=most), torch_driver) if framework == "torch" else
                     (paddle.nn.Embedding(5, 3, max_norm=most), paddle_driver))
    bounds = [{"max_norm": driver.max_norms(layer)}]
    (what, found, _), = coverage.of_rows([(np.arange(5),)], {"weight": np.ones((5, 3))}, bounds)      # rows of norm 1.73
    assert found is reached and what == f"the largest norm of weight's rows, {most:g}"


def test_a_climb_looks_at_the_largest_norm_of_rows():
    net = tokens_net()

    def build(config):
        model = net.build(config)
        model.embedding.max_norm = 64.0
        return model
    rng = np.random.default_rng(0)
    batches = [(rng.integers(0, 9, (6, 3)), rng.integers(0, 5, 6)) for _ in range(2)]
    side = changed(net, build=build)
    assert "the largest norm of embedding.weight's rows, 64" in parity.climb(side, side, batches, Small()).coverage.missed


def test_evaluation_is_compared_on_every_shape_that_the_batches_have():
    side, batches = norm_net("torch"), batches_of_noise(3)
    batches[2] = tuple(part[:5] for part in batches[2])
    wrong = changed(side, logits=lambda model, batch: side.logits(model, batch) * (2 if len(batch[0]) == 5 else 1))
    ladder = parity.climb(side, wrong, batches, Small())
    assert ladder.red == "forward" and ladder.failed.where64 == "logits of batch 3"


def test_what_a_side_writes_into_its_batch_does_not_reach_the_other_side():
    side = norm_net("torch")

    def step(model, optimizer, batch):
        batch[1][:] = 0                 # as a tensor made by from_numpy does when it is changed in place
        return side.step(model, optimizer, batch)
    assert parity.climb(changed(side, step=step), side, batches_of_noise(2), Small()).red == "loss"


def tokens_net(cut=None):
    """A side whose inputs are tokens, its logits cut at some size."""
    import torch
    from torch import nn

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding, self.fc = nn.Embedding(9, 4), nn.Linear(4, 5)

        def forward(self, x):
            out = self.fc(self.embedding(x).mean(1))
            return out if cut is None else out.clip(-cut, cut)

    def step(model, optimizer, batch):
        loss = nn.functional.cross_entropy(model(torch.from_numpy(batch[0])), torch.from_numpy(batch[1]))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss
    return types.SimpleNamespace(NAME="PyTorch", build=lambda config: Net(), step=step,
                                 make_optimizer=lambda model, config: torch.optim.SGD(model.parameters(), lr=config.learning_rate),
                                 logits=lambda model, batch: model(torch.from_numpy(batch[0])).detach())


def test_the_last_layer_is_made_loud_for_tokens_cannot_be():
    rng = np.random.default_rng(0)
    batches = [(rng.integers(0, 9, (6, 3)), rng.integers(0, 5, 6)) for _ in range(2)]
    right = parity.climb(tokens_net(), tokens_net(), batches, Small()).check()
    assert "logits 100 apart" not in right.coverage.missed and right.records[0].last == "fc"
    wrong = parity.climb(tokens_net(), tokens_net(cut=30), batches, Small())
    assert wrong.red == "forward" and wrong.failed.where64 == "logits of a loud last layer"


def test_a_second_side_in_half_is_seen_below_a_first_side_that_draws_far_apart():
    """The first side keeps running means in sixteen bits: its draws jump, so the second side draws as well."""
    side = norm_net("torch")

    def step(model, optimizer, batch):
        loss, mean = side.step(model, optimizer, batch), model.norm.running_mean
        if mean.dtype.itemsize == 4:
            mean.copy_(mean.bfloat16().float())
        return loss
    ladder = parity.climb(changed(side, step=step), side, batches_of_noise(), Small())
    assert ladder.red == "train mode" and ladder.failed.green64


@pytest.mark.parametrize("smaller, larger, allowed", [
    (2e-6, 7.9e-6, True), (2e-6, 8.1e-6, False),        # above the floor the two errors are compared
    (2e-7, 3e-6, True), (2e-7, 4e-6, False)])           # the smaller one counts as much as the floor, eight ulp
def test_an_error_in_float32_counts_as_much_as_the_floor_at_least(smaller, larger, allowed):
    exact = np.ones(100)
    ratio, _, floor = worst32({"w": exact}, {"w": exact + smaller}, {"w": exact - larger}, ((), ()), ["w"])
    assert floor == FLOOR_ULP * EPSILON and (ratio <= ALLOWED) == allowed

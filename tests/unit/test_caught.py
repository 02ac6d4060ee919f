"""Planted mistakes in one table: caught only where each broke its own rung, in both precisions."""
import pytest
from small_nets import Small, batches_of_noise, norm_net

from labs import outputs, parity
from labs.parity.climbing import Climber, changed
from labs.parity.comparing import one_rung
from labs.parity.mistakes.general import GENERAL
from labs.parity.mistakes.planting import Mistake


@pytest.fixture(scope="module")
def ladder():
    side = norm_net("torch")
    return parity.climb(side, side, batches_of_noise(), Small()).check()


def named(*names):
    return [next(m for m in GENERAL if m.name == name) for name in names]


def test_each_mistake_has_its_row(ladder):
    found = parity.caught(ladder, named("wrong_label", "batch_norm_momentum")).check()
    assert [(row["name"], row["should break"], row["float64"], row["float32"], row["caught"]) for row in found] == [
        ("wrong_label", "loss", "loss", "loss", True), ("batch_norm_momentum", "train mode", "train mode", "train mode", True)]
    assert found.green and len(found) == 2


def test_what_is_not_planted_has_its_own_reason(ladder):
    """The caption said "for the batches do not reach them" of mistakes whose field the config lacks."""
    late = Mistake("score_in_bits", "evaluation", "also: score", "in bits", lambda side: side)
    found = parity.caught(ladder, [*named("wrong_label", "momentum_moved", "beta1_moved", "momentum_lost", "small_batch_dropped"), late])
    assert found.table.caption.endswith(
        ". Not planted, for the config has no momentum: momentum_moved, momentum_lost. Not planted, for the config has no beta1: beta1_moved."
        " Not planted, for the batches and weights do not reach a smaller batch: small_batch_dropped."
        " Not planted, for this ladder has no rung 'also: score': score_in_bits.")
    assert found.data["unreached"]["the config has no momentum"] == ["momentum_moved", "momentum_lost"]


def test_the_status_page_can_read_it(ladder):
    data = parity.caught(ladder, named("wrong_label"))._repr_mimebundle_()[outputs.MIME]
    assert (data["kind"], data["green"], data["rows"][0]["caught"]) == ("mistakes", True, True)


def test_a_mistake_that_breaks_another_rung_is_not_caught(ladder, monkeypatch):
    wrong = Mistake("wrong_label", "loss", "one step", "said to break a later rung", named("wrong_label")[0].plant)
    found = parity.caught(ladder, [wrong])
    assert not found.green and not found.rows[0]["caught"] and "✘" in str(found)
    with pytest.raises(parity.ParityError, match="1 of 1 mistakes were not caught at their rung: wrong_label should break 'one step', it broke 'loss'"):
        found.check()


def test_no_mistake_shows_nothing(ladder):
    found = parity.Caught("Empty", [])
    assert not found.green
    with pytest.raises(parity.ParityError, match="no mistake was planted"):
        found.check()


def test_a_planted_ladder_says_so(ladder):
    assert parity.plant("wrong_label", ladder).data["planted"] is True and ladder.data["planted"] is False


def test_rows_of_a_tasks_own_show_their_own_columns_and_name_what_was_missed():
    rows = [{"tokenizer": "BPE", "planted": "merges in another order", "caught": True},
            {"tokenizer": "BPE", "planted": "spaces are lost", "caught": False}]
    made = parity.Caught("Planted", rows)
    assert "tokenizer" in str(made) and "should break" not in str(made) and not made.green
    with pytest.raises(parity.ParityError, match="Planted: 1 of 2 mistakes were not caught: spaces are lost"):
        made.check()
    assert parity.Caught("Planted", rows[:1]).check().green


def test_planting_stops_at_the_rung_that_breaks(ladder):
    steps = []

    def counting(side):
        def step(model, optimizer, batch):
            steps.append(1)
            return side.step(model, optimizer, batch) * 2
        return changed(side, step=step)
    found = parity.caught(ladder, [Mistake("loss_doubled", "loss", "loss", "twice", counting)])
    assert found.green and len(steps) <= 5                  # one step in each precision and draw, not all six


def test_it_prints_itself_in_a_terminal(ladder):
    found = parity.caught(ladder, named("wrong_label"))
    assert repr(found) == str(found) and "another class" in repr(found)
    assert repr(ladder) == str(ladder) and "float32 floor" in repr(ladder)


@pytest.mark.parametrize("name, on_first", [(name, on_first) for on_first in (False, True) for name in (
    "layers_in_half", "loss_doubled", "labels_rolled", "gradients_cut", "rate_moved_little", "schedule_on_one_side", "weights_kept_in_half")])
def test_a_mistake_in_float32_alone_is_seen_on_both_sides(ladder, name, on_first):
    mistake, = named(name)
    assert ladder.retry.lowest_red(mistake.plant, "float32", on_first=on_first) == mistake.rung


@pytest.mark.parametrize("name", [
    "norms_not_copied", "norms_exchanged", "statistics_not_copied", "deviation_for_variance", "folded_once", "mean_ignored", "mean_added",
    "root_left_out", "statistics_of_the_batch", "dropout_rate", "dropout_gone", "random_scaling"])
def test_norms_evaluation_and_dropout_are_compared(ladder, name):
    mistake, = named(name)
    assert parity.caught(ladder, [mistake]).check()



def test_an_unknown_mistake_names_the_nearest(ladder):
    with pytest.raises(parity.ParityError, match="did you mean 'zero_grad_forgotten'"):
        parity.plant("zero_grad_forgoten", ladder)


def test_a_mistake_must_name_a_rung_and_a_kind():
    with pytest.raises(parity.ParityError, match="expected a rung"):
        Mistake("nowhere", "loss", "roof", "there is no such rung", lambda side: side)
    with pytest.raises(parity.ParityError, match="expected a kind"):
        Mistake("nowhere", "roof", "loss", "there is no such kind", lambda side: side)


@pytest.mark.parametrize("framework", ["torch", "paddle"])
def test_batch_norm_momentum_breaks_only_the_running_statistics(framework):
    side = norm_net(framework)
    wrong = parity.plant("batch_norm_momentum", parity.climb(side, side, batches_of_noise(), Small()).check())
    assert wrong.red == "train mode"
    with pytest.raises(parity.ParityError, match="from rung 'train mode' on"):
        wrong.check()


def test_changing_a_side_leaves_the_original_alone():
    side = norm_net("torch")
    before = side.build
    assert changed(side, build=None).build is None and side.build is before


def test_what_differs_between_frameworks_lives_in_the_drivers_alone():
    import re
    from pathlib import Path

    import labs
    root = Path(labs.__file__).parent
    some = [*root.glob("parity/mistakes/*.py"), root / "parity/fluid_adam.py", *root.glob("tasks/*/mistakes.py")]
    asked = re.compile(r"hasattr\(\w+, \"(param_groups|set_lr|named_sublayers|sublayers|stop_gradient|_\w+|register_forward_post_hook)\"")
    assert len(some) > 8 and not [path.name for path in some if asked.search(path.read_text("utf-8"))]


def test_float32_may_be_blind_to_a_few_and_not_to_half():
    seen = {"name": "a", "planted": "x", "should break": "loss", "float64": "loss", "float32": "loss", "caught": True}
    blind = seen | {"name": "b", "float32": "none"}
    assert parity.Caught("few", [seen, seen, blind]).green
    assert not parity.Caught("half", [seen, blind]).green


def louder(factor):
    """A side whose loss is so many times what it should be: near one, the float32 floor decides."""
    return lambda side: changed(side, step=lambda model, optimizer, batch: side.step(model, optimizer, batch) * factor)


@pytest.mark.parametrize("on_first", [False, True])
def test_the_floor_is_left_out_where_it_decides_nothing(on_first):
    """The verdict of each rung is the one with all floors, and a loud mistake measures none of its own."""
    retry = parity.climb(norm_net("paddle"), norm_net("torch"), batches_of_noise(2), Small()).retry
    right, other = (retry.second, retry.first) if on_first else (retry.first, retry.second)
    exact, verdicts = retry.first.exact_with(retry.second), set()
    for plant in (louder(2), *(louder(1 + 2.0**-bits) for bits in range(20, 24)), *(m.plant for m in named("rate_moved", "gradients_halved"))):
        wrong = Climber(retry.first.start, plant(changed(other.side)))
        now = wrong.record("float32")
        single, pair = ((now, right.record("float32")), (wrong, right)) if on_first else ((right.record("float32"), now), (right, wrong))
        for name in now.rungs:
            rung = one_rung(name, exact, single, *pair[0].beside(pair[1], [name]).get(name, ([], [])))
            assert retry.good32(name, now, wrong, right, on_first) == rung.green32
            verdicts.add((name, rung.green32))
    assert {("loss", True), ("loss", False), ("gradients", False), ("one step", False)} <= verdicts
    wrong = Climber(retry.first.start, louder(2)(changed(other.side)))
    assert not retry.good32("loss", wrong.record("float32"), wrong, right, on_first) and not {True, False} & wrong.made.keys()

"""Every planted mistake breaks its rung, in both precisions and both frameworks, and leaves all below green."""
import proven
import pytest
from small_nets import Small, batches_of_noise, norm_net

from labs import parity
from labs.parity.climbing import changed
from labs.parity.mistakes.general import GENERAL
from labs.parity.mistakes.planting import Mistake

CASES = [(task, title, m.name) for task, title in proven.ALL
         for _, torch_side, config, _ in [proven.proven(task)[title]]
         for m in parity.mistakes_for(proven.tasks.part(task, "mistakes").MISTAKES, torch_side.build(config), config)]


def breaks_at(ladder) -> tuple:
    """The lowest red rung in float64 and in float32."""
    rungs = ladder.pairs[0].rungs
    return (next((r.name for r in rungs if not r.green64), None), next((r.name for r in rungs if not r.green32), None))


@pytest.fixture(scope="module")
def ladders():
    """Green ladders by task, title and planted side, climbed once."""
    made = {}

    def get(task, title, framework):
        if (task, title, framework) not in made:
            paddle_side, torch_side, config, batches = proven.proven(task)[title]
            first, second = (torch_side, paddle_side) if framework == "paddle" else (paddle_side, torch_side)
            made[task, title, framework] = parity.climb(first, second, batches, config).check()
        return made[task, title, framework]
    return get


@pytest.mark.parametrize("framework", ["paddle", "torch"])
@pytest.mark.parametrize("task,title,name", CASES)
def test_a_planted_mistake_breaks_its_rung_and_none_below(ladders, task, title, name, framework):
    mistake = next(m for m in proven.own(task) if m.name == name)
    wrong = parity.plant(mistake, ladders(task, title, framework))
    assert breaks_at(wrong) == (mistake.rung, mistake.rung)
    with pytest.raises(parity.ParityError, match=f"from rung '{mistake.rung}' on"):
        wrong.check()


@pytest.mark.parametrize("framework", ["torch", "paddle"])
def test_batch_norm_momentum_breaks_only_the_running_statistics(framework):
    side = norm_net(framework)
    ladder = parity.climb(side, side, batches_of_noise(), Small()).check()
    wrong = parity.plant("batch_norm_momentum", ladder)
    assert breaks_at(wrong) == ("train mode", "train mode")


def test_at_least_twelve_mistakes_apply_to_each_twin():
    for task, title in proven.ALL:
        assert len([c for c in CASES if c[:2] == (task, title)]) >= 12


def test_every_general_mistake_is_tested_somewhere():
    tested = {name for *_, name in CASES} | {"batch_norm_momentum"}
    assert {m.name for m in GENERAL} <= tested


def test_an_unknown_mistake_names_the_nearest(ladders):
    task, title = proven.ALL[0]
    with pytest.raises(parity.ParityError, match="did you mean 'zero_grad_forgotten'"):
        parity.plant("zero_grad_forgoten", ladders(task, title, "paddle"))


def test_a_mistake_must_name_a_rung():
    with pytest.raises(parity.ParityError, match="expected a rung"):
        Mistake("nowhere", "roof", "there is no such rung", lambda side: side)


def test_changing_a_side_leaves_the_original_alone():
    _, torch_side, *_ = next(iter(proven.proven(proven.ALL[0][0]).values()))
    before = torch_side.build
    assert changed(torch_side, build=None).build is None
    assert torch_side.build is before

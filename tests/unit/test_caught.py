"""Planted mistakes in one table: caught only where each broke its own rung, in both precisions."""
import pytest
from small_nets import Small, batches_of_noise, norm_net

from labs import outputs, parity
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


def test_the_status_page_can_read_it(ladder):
    data = parity.caught(ladder, named("wrong_label"))._repr_mimebundle_()[outputs.MIME]
    assert (data["kind"], data["green"], data["rows"][0]["caught"]) == ("mistakes", True, True)


def test_a_mistake_that_breaks_another_rung_is_not_caught(ladder, monkeypatch):
    wrong = Mistake("wrong_label", "one step", "said to break a later rung", named("wrong_label")[0].plant)
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
    assert parity.plant("wrong_label", ladder).data()["planted"] is True and ladder.data()["planted"] is False


def test_rows_of_a_rooms_own_show_their_own_columns_and_name_what_was_missed():
    rows = [{"tokenizer": "BPE", "planted": "merges in another order", "caught": True},
            {"tokenizer": "BPE", "planted": "spaces are lost", "caught": False}]
    made = parity.Caught("Planted", rows)
    assert "tokenizer" in str(made) and "should break" not in str(made) and not made.green
    with pytest.raises(parity.ParityError, match="Planted: 1 of 2 mistakes were not caught: spaces are lost"):
        made.check()
    assert parity.Caught("Planted", rows[:1]).check().green

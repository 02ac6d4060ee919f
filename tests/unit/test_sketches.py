"""Sketches: every entry counts, sizes are kept, and a ladder of sketches still breaks where it must."""
import numpy as np
import pytest
from small_nets import Small, batches_of_noise, norm_net

from labs import parity
from labs.parity.records import LOUD_LAYER
from labs.parity.sketches import Sketch, fold, level, sketch

LARGE = np.random.default_rng(0).normal(size=(7, 11, 13))


def test_a_small_array_and_integers_stay_as_they_are():
    small, whole = np.ones(4), np.arange(100)
    assert sketch(small, 4) is small and sketch(whole, 4) is whole


def test_a_sketch_knows_the_arrays_shape():
    made = sketch(LARGE, 16)
    assert isinstance(made, Sketch) and np.shape(made) == LARGE.shape and made.size == LARGE.size
    assert made.values.shape == (16,) and made.dtype == LARGE.dtype


def test_folding_is_linear():
    other = np.random.default_rng(1).normal(size=LARGE.shape)
    assert np.allclose(fold(LARGE + 3 * other, 16), fold(LARGE, 16) + 3 * fold(other, 16), rtol=0, atol=1e-13)


def test_every_entry_counts_with_the_same_weight():
    shares = [np.abs(fold(each.reshape(5, 6), 8)).sum() for each in np.eye(30)]
    assert np.allclose(shares, 0.5, rtol=1e-15)       # 30 entries on 8 places: 4 folds, sqrt(4) = 2


def test_the_root_mean_square_is_kept_up_to_chance():
    large = np.random.default_rng(2).normal(size=100_000)
    assert abs(np.sqrt(np.mean(fold(large, 1024) ** 2)) - 1) < 4 / np.sqrt(2 * 1024)


def test_signs_never_change():
    """Recordings are compared with sketches made later, elsewhere and under other versions."""
    assert fold(np.arange(1.0, 9.0), 2).tolist() == [8.0, -4.0]


def test_level_turns_whole_arrays_into_sketches_beside_one():
    one, two = level([LARGE, sketch(LARGE, 16)])
    assert np.array_equal(one, two)
    assert level([LARGE, LARGE])[0] is LARGE


def test_sketches_of_two_sizes_are_refused():
    with pytest.raises(ValueError, match="one number of places, got 16, 32"):
        level([sketch(LARGE, 16), sketch(LARGE, 32)])


@pytest.fixture(scope="module")
def ladder():
    return parity.climb(norm_net("paddle"), norm_net("torch"), batches_of_noise(2), Small(), sketch=8)


def test_a_ladder_of_sketches_compares_the_same_arrays_and_counts_all_parameters(ladder):
    whole = parity.climb(norm_net("paddle"), norm_net("torch"), batches_of_noise(2), Small())
    assert ladder.parameters == whole.parameters
    of_sketches, of_all = ([set(rung) for rung in one.records[0].rungs.values()] for one in (ladder, whole))
    left_out = [all_ - some for some, all_ in zip(of_sketches, of_all, strict=True)]
    assert set().union(*left_out) == {LOUD_LAYER}, "a large model is not looked at twice"
    assert [r.compared + len(out) for r, out in zip(ladder.pairs[0].rungs, left_out, strict=True)] == [r.compared for r in whole.pairs[0].rungs]
    assert any(isinstance(a, Sketch) for a in ladder.records[0].rungs["gradients"].values())


@pytest.mark.parametrize("name, rung", [("linear_not_transposed", "forward"), ("gradients_halved", "gradients"),
                                        ("rate_moved", "one step"), ("zero_grad_forgotten", "k steps")])
def test_a_ladder_of_sketches_breaks_at_the_same_rung(ladder, name, rung):
    wrong = parity.plant(name, ladder).pairs[0].rungs
    assert next(r.name for r in wrong if not r.green64) == next(r.name for r in wrong if not r.green32) == rung


def test_one_changed_entry_of_a_sketched_record_is_seen(ladder):
    first, _, third, _ = ladder.records
    name = next(n for n, a in first.rungs["gradients"].items() if isinstance(a, Sketch))
    whole = parity.climb(norm_net("paddle"), norm_net("torch"), batches_of_noise(2), Small()).records[2]
    changed = whole.rungs["gradients"][name].copy()
    changed.flat[-1] += 1e-9 * np.abs(changed).max()
    apart = np.abs(np.subtract(*level([changed, third.rungs["gradients"][name]]))).max()
    assert apart > 1e-11 * np.abs(changed).max()

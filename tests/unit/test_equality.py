"""Equality of arrays that belong to no model."""
import numpy as np
import pytest

from labs import outputs, parity, timing


def test_close_floats_are_equal_and_far_ones_are_not():
    a = np.array([1.0, 2.0, 4.0])
    assert parity.equal(a, a + 3e-12).green
    assert not parity.equal(a, a + 5e-12).green


def test_integers_must_be_the_same():
    a = np.array([1, 2, 3])
    assert parity.equal(a, a.copy()).green
    result = parity.equal(a, np.array([1, 2, 4]))
    assert not result.green
    with pytest.raises(parity.ParityError, match="1 of 3 differ"):
        result.check()


@pytest.mark.parametrize("other", [{"x": np.zeros(2)}, {"x": np.zeros(3), "y": np.zeros(1)}, {}])
def test_names_and_shapes_must_match(other):
    assert not parity.equal({"x": np.zeros(3)}, other).green


def test_a_nan_is_not_equal_and_equal_infinities_are():
    a, b = np.array([1.0, np.nan]), np.array([1.0, 2.0])
    assert not parity.equal(a, b).green and not parity.equal(b, a).green and not parity.equal(a, a.copy()).green
    far = np.array([1.0, np.inf, -np.inf])
    assert parity.equal(far, far.copy()).green and not parity.equal(far, far[[0, 2, 1]]).green


@pytest.mark.parametrize("first, second", [({}, {}), ({"w": None}, {"w": None}), ({"w": np.zeros((0, 3))}, {"w": np.zeros((0, 3))})])
def test_nothing_compared_is_not_equal_and_admits_no_timing(first, second):
    found = parity.equal(first, second)
    assert not found.green and "nothing" in found.text
    with pytest.raises(parity.ParityError, match="nothing"):
        found.check()
    with pytest.raises(timing.TimingError, match="prove equality first.*nothing"):
        timing.paired(lambda: 1, lambda: 1, proof=found)


@pytest.mark.parametrize("mask", [-1e9, -1e4, float(np.finfo("float32").min)])
def test_a_mask_hides_no_difference_beside_it(mask):
    a = np.array([[1.0, 2.0, mask, mask], [0.5, -3.0, 4.0, mask]])
    b = a.copy()
    b[1, 1] += 1e-3
    assert parity.equal(a, a.copy()).green and not parity.equal(a, b).green
    c = a.copy()
    c[0, 2] *= 1 + 1e-9
    assert not parity.equal(a, c).green and parity.equal(a, a * (1 + 1e-14)).green


def test_rounding_beside_a_large_entry_is_no_difference():
    a = np.array([1.0, 5000.0, 0.0, 123.0])
    assert parity.equal(a, a + 1e-10).green


def test_it_shows_itself_and_leaves_data():
    bundle = parity.equal(1.0, 1.0, title="Two ones")._repr_mimebundle_()
    assert "Two ones" in bundle["text/plain"] and bundle[outputs.MIME]["green"] is True


def test_it_prints_itself_in_a_terminal():
    assert repr(parity.equal(1.0, 1.0, title="Two ones")) == str(parity.equal(1.0, 1.0, title="Two ones")) != ""
    assert "Two ones" in repr(parity.equal(1.0, 1.0, title="Two ones"))

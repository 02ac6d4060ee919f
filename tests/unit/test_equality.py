"""Equality of arrays that belong to no model."""
import numpy as np
import pytest

from labs import outputs, parity


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


def test_a_nan_on_one_side_is_not_equal_and_on_both_is():
    a, b = np.array([1.0, np.nan]), np.array([1.0, 2.0])
    assert not parity.equal(a, b).green
    assert parity.equal(a, a.copy()).green


def test_it_shows_itself_and_leaves_data():
    bundle = parity.equal(1.0, 1.0, title="Two ones")._repr_mimebundle_()
    assert "Two ones" in bundle["text/plain"] and bundle[outputs.MIME]["green"] is True

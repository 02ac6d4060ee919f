"""The order of samples depends on the seed alone, on every machine."""
import numpy as np
import pytest

from labs.data import batches, split
from labs.data.batches import shuffled

X = np.arange(40, dtype=np.uint8).reshape(10, 4)
Y = np.arange(10)


def test_the_order_is_pinned():
    assert shuffled(8, 0).tolist() == [3, 2, 1, 6, 0, 7, 4, 5], "the order of the book's samples changed: every result moves"
    assert sorted(shuffled(100, 7)) == list(range(100))


def test_split_keeps_every_sample_once():
    (x, y), (test_x, test_y) = split(X, Y, test=3, seed=1)
    assert x.shape == (7, 4) and test_x.shape == (3, 4)
    assert sorted([*y, *test_y]) == list(range(10))
    assert (x == X[y]).all() and (test_x == X[test_y]).all(), "samples and labels stay together"


def test_another_seed_is_another_split():
    big = np.arange(1000)
    assert (split(big, big, 100, 1)[1][0] == split(big, big, 100, 1)[1][0]).all()
    assert (split(big, big, 100, 1)[1][0] != split(big, big, 100, 2)[1][0]).any()


@pytest.mark.parametrize("test", [0, 10, -1, 0.2, True])
def test_a_split_with_an_empty_part_raises(test):
    with pytest.raises(ValueError, match="expected a number of samples from 1 to 9"):
        split(X, Y, test=test, seed=0)


def test_each_epoch_takes_every_sample_once_in_an_order_of_its_own():
    made = batches(X, Y, size=4, epochs=2, seed=5)
    assert len(made) == 6 and [len(y) for _, y in made] == [4, 4, 2, 4, 4, 2]
    first, second = (np.concatenate([y for _, y in made[i:i + 3]]) for i in (0, 3))
    assert sorted(first) == sorted(second) == list(range(10))
    assert first.tolist() != second.tolist()


def test_batches_can_be_gone_through_again_and_in_any_order():
    made = batches(X, Y, size=3, epochs=3, seed=0)
    whole = [y.tolist() for _, y in made]
    assert [y.tolist() for _, y in made] == whole
    assert [made[i][1].tolist() for i in reversed(range(len(made)))] == whole[::-1]
    assert made[-1][1].tolist() == whole[-1]
    with pytest.raises(IndexError):
        made[len(made)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_types_are_those_asked_for(dtype):
    x, y = batches(X, Y, size=4, epochs=1, seed=0, dtype=dtype)[0]
    assert x.dtype == dtype and y.dtype == np.int64
    assert (x == X[y]).all(), "nothing is scaled behind the reader's back"
    _, target = batches(X, Y / 2, size=4, epochs=1, seed=0, dtype=dtype)[0]
    assert target.dtype == dtype


@pytest.mark.parametrize("wrong", [{"size": 0}, {"epochs": 0}, {"size": 2.5}, {"y": Y[:9]}, {"x": X[:0], "y": Y[:0]}])
def test_wrong_arguments_raise(wrong):
    with pytest.raises(ValueError, match="expected|no samples"):
        batches(**{"x": X, "y": Y, "size": 4, "epochs": 1, "seed": 0, **wrong})

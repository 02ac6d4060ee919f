"""The order in which samples are used: the same on every machine, for both frameworks.

The order is an argsort of a PCG64's raw numbers. NumPy promises that this stream never changes;
it makes no such promise for `permutation` and `shuffle`.
"""
from collections.abc import Sequence

import numpy as np


def shuffled(count, *seed):
    """Return the numbers 0 to count - 1 in an order that depends on the seed alone."""
    raw = np.random.PCG64(np.random.SeedSequence(seed)).random_raw(count)
    return np.argsort(raw, kind="stable")


def split(images, labels, test, seed):
    """Put samples aside for testing, by chance.

    Parameters
    ----------
    images, labels : numpy.ndarray
        Of one length N.
    test : int
        How many samples to put aside, 1 to N - 1.
    seed : int

    Returns
    -------
    (images, labels), (test_images, test_labels)

    Raises
    ------
    ValueError
        The lengths differ, or `test` leaves one part empty.
    """
    _same_length(images, labels)
    if isinstance(test, bool) or not isinstance(test, (int, np.integer)) or not 1 <= test < len(images):
        raise ValueError(f"test: expected a number of samples from 1 to {len(images) - 1}, got {test!r}")
    order = shuffled(len(images), seed)
    apart, kept = order[:test], order[test:]
    return (images[kept], labels[kept]), (images[apart], labels[apart])


class Batches(Sequence):
    """What `batches` returns: a sequence of (x, y) that can be gone through again and again.

    `len()` counts all batches, `[i]` makes one, `[:20]` makes a list of twenty.
    """

    def __init__(self, x, y, size, epochs, seed, dtype):
        self.x, self.y, self.size, self.epochs, self.seed, self.dtype = x, y, size, epochs, seed, np.dtype(dtype)
        self.per_epoch = -(-len(x) // size)
        self._order = (None, None)

    def __len__(self):
        return self.per_epoch * self.epochs

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(f"batch {index} of {len(self)}")
        epoch, i = divmod(index % len(self), self.per_epoch)
        if self._order[0] != epoch:
            self._order = (epoch, shuffled(len(self.x), self.seed, epoch))
        chosen = self._order[1][i * self.size:(i + 1) * self.size]
        return self.x[chosen].astype(self.dtype), self._target(self.y[chosen])

    def _target(self, y):
        return y.astype(self.dtype if y.dtype.kind == "f" else np.int64)

    def __repr__(self):
        return (f"{len(self)} batches of {self.size}: x {(self.size, *self.x.shape[1:])} {self.dtype}, "
                f"{self.epochs} epochs of {len(self.x)} samples")


def batches(x, y, size, epochs, seed, dtype="float32"):
    """Make the batches that both frameworks train on.

    Each epoch takes every sample once, in an order of its own; its last batch is smaller where
    `size` does not divide the number of samples.

    Parameters
    ----------
    x : numpy.ndarray
        Inputs, as the model takes them: scaled and shaped by the chapter.
    y : numpy.ndarray
        Targets; integers come out as int64, floats as `dtype`.
    size, epochs, seed : int
    dtype : str or numpy.dtype
        Of the inputs.

    Returns
    -------
    Batches

    Raises
    ------
    ValueError
        The lengths differ, or a number is less than 1.
    """
    _same_length(x, y)
    for name, value in (("size", size), ("epochs", epochs)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
            raise ValueError(f"{name}: expected a whole number of at least 1, got {value!r}")
    if len(x) == 0:
        raise ValueError("no samples to make batches of")
    return Batches(x, y, size, epochs, seed, dtype)


def _same_length(x, y):
    if len(x) != len(y):
        raise ValueError(f"expected as many labels as samples, got {len(x)} samples and {len(y)} labels")

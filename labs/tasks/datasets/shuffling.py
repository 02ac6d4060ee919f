"""The shuffle buffer of a stream: the order that it gives, as the library has it and as it is described, and how random it is."""
import itertools

import numpy as np


def tenth(size):
    """Rows of a piece, for a buffer of this size."""
    return max(1, size // 10)


def half_by_half(stream, size, rng, piece=1):
    """Fill a buffer, shuffle it, give half of it away, fill it again: the library's way (5.2).

    Parameters
    ----------
    stream : iterable
    size : int
        Rows in the buffer.
    rng : numpy.random.Generator
    piece : int
        Rows that come at once: of a file that is read as Arrow a tenth of the buffer, `tenth(size)`.

    Yields
    ------
    object
    """
    buffer, stream = [], iter(stream)
    while rows := [*itertools.islice(stream, piece)]:
        buffer += rows
        if len(buffer) >= size:
            order = rng.permutation(len(buffer))
            leave = len(buffer) - size // 2
            yield from (buffer[i] for i in order[:leave])
            buffer = [buffer[i] for i in order[leave:]]
    yield from (buffer[i] for i in rng.permutation(len(buffer)))


def one_by_one(stream, size, rng):
    """Fill a buffer, then give a random row away for each that comes: the way of the library's documentation."""
    buffer = []
    for row in stream:
        if len(buffer) < size:
            buffer.append(row)
            continue
        at = rng.integers(size)
        yield buffer[at]
        buffer[at] = row
    yield from (buffer[i] for i in rng.permutation(len(buffer)))


def moved(order):
    """How far rows moved, on average, as a share of what a full shuffle gives, which is a third of their number."""
    order = np.asarray(order)
    n = len(order)
    return float(np.abs(order - np.arange(n)).mean() / ((n * n - 1) / (3 * n)))


def variety(labels, order, batch):
    """How many different labels a batch has, on average."""
    labels = np.unique(np.asarray(labels), return_inverse=True)[1][np.asarray(order)]
    whole = labels[:len(labels) // batch * batch].reshape(-1, batch)
    return float(np.mean([len(np.unique(one)) for one in whole]))

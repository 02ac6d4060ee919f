"""What counting alone can do: n-grams, the baseline beside every perplexity of this task."""
import numpy as np


def ngrams(train, test, vocabulary, order):
    """Score a text by how often the training text has each run of tokens, longer runs before shorter ones.

    Interpolated after Witten and Bell (1991): a context with many different successors trusts the shorter context more,

    p_n(w | context) = (count(context w) + kinds(context) p_(n-1)(w)) / (count(context) + kinds(context)),

    where kinds counts the different successors of a context, and p_0 is 1 / vocabulary. Nothing is tuned.

    Parameters
    ----------
    train, test : array of int64, shapes (N,) and (M,)
    vocabulary : int
        V; ids lie in [0, V). V to the power of `order` must fit into 63 bits.
    order : int
        The longest run, the predicted token included: 2 looks back at one token.

    Returns
    -------
    dict of int to array of float64, shape (M,)
        By order from 1: nats of each test token. The first tokens of the text use what context they have.

    Raises
    ------
    ValueError
        The order is too high for the vocabulary, or the training text too short.
    """
    if order < 1 or vocabulary ** order >= 2 ** 63:
        raise ValueError(f"order: expected at least 1 and vocabulary ** order below 2 ** 63, got {order} of {vocabulary}")
    if len(train) < order or not len(test):
        raise ValueError(f"expected at least {order} tokens to train on and one to test, got {len(train)} and {len(test)}")
    nats, below = {}, np.full(len(test), 1 / vocabulary)
    for n in range(1, min(order, len(test)) + 1):
        runs, count = np.unique(keys(train, n, vocabulary), return_counts=True)
        contexts, first = np.unique(runs // vocabulary, return_index=True)
        total = np.add.reduceat(count, first)
        kinds = np.diff(first, append=len(runs))
        asked = keys(test, n, vocabulary)
        seen = looked_up(asked, runs, count)
        before = looked_up(asked // vocabulary, contexts, total)
        different = np.maximum(looked_up(asked // vocabulary, contexts, kinds), 1)      # an unknown context changes nothing
        below = below.copy()
        below[n - 1:] = (seen + different * below[n - 1:]) / (before + different)
        nats[n] = -np.log(below)
    return nats


def keys(tokens, n, vocabulary):
    """Each run of n tokens as one integer, int64 (N - n + 1,)."""
    made = np.zeros(len(tokens) - n + 1, np.int64)
    for k in range(n):
        made = made * vocabulary + tokens[k:len(tokens) - n + 1 + k]
    return made


def looked_up(asked, sorted_keys, values):
    """The value of each key that is there, 0 for the others."""
    at = np.searchsorted(sorted_keys, asked).clip(max=len(sorted_keys) - 1)
    return np.where(sorted_keys[at] == asked, values[at], 0)

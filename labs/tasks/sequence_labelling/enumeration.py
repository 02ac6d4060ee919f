"""All paths of a short sentence, one by one: what dynamic programming must agree with.

emissions (T, K), crf (K + 2, K): row 0 starts, row 1 ends, row 2 + i leads from tag i. NumPy, float64.
"""
from itertools import product

import numpy as np


def paths(emissions, crf):
    """Every path with its score.

    Returns
    -------
    list of (tuple of int, float)
        K ** T of them, in the order of counting.

    Raises
    ------
    ValueError
        No word; shapes that do not fit; more than a million paths.
    """
    emissions, crf = np.asarray(emissions, float), np.asarray(crf, float)
    if emissions.ndim != 2 or not len(emissions):
        raise ValueError(f"emissions: expected (T, K) with at least one word, got shape {emissions.shape}")
    length, tags = emissions.shape
    if crf.shape != (tags + 2, tags):
        raise ValueError(f"crf: expected shape {(tags + 2, tags)} for {tags} tags, got {crf.shape}")
    if tags ** length > 1_000_000:
        raise ValueError(f"{tags} tags and {length} words make {tags ** length:,} paths: too many to list")
    found = []
    for path in product(range(tags), repeat=length):
        score = crf[0, path[0]] + crf[1, path[-1]]
        score += sum(emissions[t, tag] for t, tag in enumerate(path))
        score += sum(crf[2 + i, j] for i, j in zip(path, path[1:]))
        found.append((path, float(score)))
    return found


def log_partition(emissions, crf):
    """log of the sum of exp(score) over all paths."""
    scores = np.array([score for _, score in paths(emissions, crf)])
    most = scores.max()
    return float(most if np.isneginf(most) else most + np.log(np.exp(scores - most).sum()))


def marginals(emissions, crf):
    """P(tag k at word t), (T, K): the share of the paths that pass there; it is the log-partition's gradient by the emissions."""
    total, found = log_partition(emissions, crf), np.zeros(np.shape(emissions))
    for path, score in paths(emissions, crf):
        found[np.arange(len(path)), list(path)] += np.exp(score - total)
    return found


def best(emissions, crf):
    """The path of the highest score, and that score; of equal ones the first in counting."""
    return max(paths(emissions, crf), key=lambda found: found[1])

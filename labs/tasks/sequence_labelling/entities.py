"""Entities in a sequence of tags, and how many of them were found: the rules of the CoNLL evaluation, as seqeval has them.

A tag is `O`, or a prefix and a type joined by a hyphen: `B-PER`. IOB2 has the prefixes B and I; IOBES adds E and S.
"""
from collections import Counter

import numpy as np

PREFIXES = "BIES"


class TagError(ValueError):
    """A tag that is neither O nor a prefix and a type."""


def split(tag):
    """`B-PER` -> (`B`, `PER`); `O` -> (`O`, None)."""
    if tag == "O":
        return "O", None
    prefix, dash, kind = tag.partition("-")
    if not dash or prefix not in PREFIXES or len(prefix) != 1 or not kind:
        raise TagError(f"expected O, or one of B, I, E, S with a hyphen and a type, such as B-PER; got {tag!r}")
    return prefix, kind


def spans(tags):
    """Entities of one sentence, by the lenient rules of CoNLL.

    An entity begins at B or S, at another type, and where I or E follow O, S or E; it ends before the next begins,
    at O, and after E or S. So `O I-PER` holds an entity, and `B-PER I-LOC` holds two.

    Parameters
    ----------
    tags : sequence of str

    Returns
    -------
    list of (str, int, int)
        Type, first word, last word.
    """
    found, start, before, kind_before = [], None, "O", None
    for at, tag in enumerate([*tags, "O"]):
        prefix, kind = split(tag)
        ends = before in "ES" or prefix in "BSO" or kind != kind_before
        if before != "O" and ends:
            found.append((kind_before, start, at - 1))
        if prefix != "O" and (before == "O" or ends):
            start = at
        before, kind_before = prefix, kind
    return found


def strict_spans(tags, scheme="IOB2"):
    """Entities that are well formed to the letter; all others are dropped.

    In IOB2 an entity is B and any number of I of its type; in IOBES it is S, or B, any number of I, and E.
    """
    if scheme not in ("IOB2", "IOBES"):
        raise TagError(f"scheme: expected IOB2 or IOBES, got {scheme!r}")
    found, start, open_kind = [], None, None
    for at, tag in enumerate([*tags, "O"]):
        prefix, kind = split(tag)
        goes_on = open_kind is not None and kind == open_kind and prefix in ("I" if scheme == "IOB2" else "IE")
        if open_kind is not None and not goes_on:
            if scheme == "IOB2":
                found.append((open_kind, start, at - 1))
            open_kind = None
        if prefix == "B":
            start, open_kind = at, kind
        elif prefix == "S" and scheme == "IOBES":
            found.append((kind, at, at))
        elif prefix == "E" and goes_on:
            found.append((kind, start, at))
            open_kind = None
    return found


def counts(right, told, find=spans):
    """For each sentence: entities that are right, told, and there, (N, 3)."""
    if len(right) != len(told):
        raise TagError(f"expected tags for {len(right)} sentences, got {len(told)}")
    rows = []
    for number, (one, other) in enumerate(zip(right, told)):
        if len(one) != len(other):
            raise TagError(f"sentence {number}: expected {len(one)} tags, got {len(other)}")
        there, found = Counter(find(one)), Counter(find(other))
        rows.append(((there & found).total(), found.total(), there.total()))
    return np.array(rows, np.int64).reshape(-1, 3)


def f1(rows):
    """F1 of summed counts (N, 3): the harmonic mean of precision and recall; 0 where nothing is right."""
    right, told, there = np.sum(rows, 0)
    return float(2 * right / (told + there)) if right else 0.0


def interval(rows, draws=1000, seed=0, level=0.95):
    """Bootstrap interval of F1: sentences are drawn with replacement, `draws` times."""
    rng, rows = np.random.default_rng(seed), np.asarray(rows)
    times = rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), draws)        # (draws, N)
    right, told, there = (times @ rows).T
    found = 2 * right / np.maximum(told + there, 1)
    return tuple(float(q) for q in np.quantile(found, [(1 - level) / 2, (1 + level) / 2]))


def difference(rows, others, draws=1000, seed=0, level=0.95):
    """F1 of `rows` minus F1 of `others` on the same sentences, and its bootstrap interval: (difference, (low, high))."""
    rng, rows, others = np.random.default_rng(seed), np.asarray(rows), np.asarray(others)
    if rows.shape != others.shape:
        raise TagError(f"expected counts of the same sentences, got {rows.shape} and {others.shape}")
    times = rng.multinomial(len(rows), np.full(len(rows), 1 / len(rows)), draws)
    each = [2 * r / np.maximum(t + n, 1) for r, t, n in ((times @ a).T for a in (rows, others))]
    low, high = np.quantile(each[0] - each[1], [(1 - level) / 2, (1 + level) / 2])
    return f1(rows) - f1(others), (float(low), float(high))

"""Hold a number or arrays against the right ones, and find the mistake that makes just these."""

import numpy as np

from labs.exercises.answers import NotRight, show
from labs.exercises.reading import as_array, as_number

TOLERANCE = 1e-5  # of an array's largest entry: lets float32 pass, and no near-miss of an exercise


def number(answer, right, hints: dict, otherwise: str, tolerance: float = 0.0):
    """Hold an answer against the right number.

    Parameters
    ----------
    answer
        The reader's; see `as_number`.
    right : number
    hints : dict of number to str
        Wrong numbers, and what was forgotten where one comes out.
    otherwise : str
        The hint for any other number.
    tolerance : float
        Relative to the right number, and to each wrong one.

    Raises
    ------
    NotRight
        With the hint.
    """
    answer = as_number(answer)

    def gap(other):
        return abs(answer - other) / abs(other)

    if gap(right) <= tolerance:
        return
    near = [wrong for wrong in hints if gap(wrong) <= max(tolerance, 1e-9)]
    hint = hints[min(near, key=gap)] if near else otherwise
    raise NotRight(f"{show(answer)} is not it: {hint}.")


def difference(found, right, name: str = "the answer") -> float:
    """The worst difference of two arrays of one shape, relative to the largest entry of the right one."""
    found, right = as_array(found, name), np.asarray(right)
    if found.shape != right.shape:
        raise NotRight(f"{name}: expected shape {right.shape}, got {found.shape}.")
    gap, scale = (
        np.abs(found.astype("float64") - right).max(initial=0.0),
        np.abs(right).max(initial=0.0),
    )
    if scale == 0:
        return float("inf") if gap else 0.0
    return float(gap / scale)


def arrays(found: dict, right: dict, misses: dict, otherwise: str, tolerance: float = TOLERANCE):
    """Hold named arrays of the reader's against the right ones.

    Parameters
    ----------
    found, right : dict of str to array
        By the same names; the name stands in the message.
    misses : dict of str to callable
        By hint: what makes the arrays that come out where that mistake is made.
    otherwise : str
        The hint where the answer agrees with none of them.
    tolerance : float
        Relative to each array's largest entry.

    Raises
    ------
    NotRight
        With the hint of the mistake whose arrays these are.
    """
    if not right:
        raise ValueError("nothing to compare: expected at least one right array")

    def gaps(other):
        return {name: difference(found[name], other[name], name) for name in other}

    def agrees(other):
        try:
            return not any(not gap <= tolerance for gap in gaps(other()).values())
        except NotRight:
            return False

    worst = gaps(right)
    wrong = [name for name, gap in worst.items() if not gap <= tolerance]
    if wrong:
        hint = next((hint for hint, made in misses.items() if agrees(made)), otherwise)
        raise NotRight(f"{wrong[0]}: off by {worst[wrong[0]]:.2g} of its largest entry. {hint}.")

"""Answers that are wrong in a way no lab must accept: zeros, half, double, negated, transposed,
constant, NaN.

Text and lists have such forms too. The same table names the cause where a student's answer is
exactly one of them.
"""

import math

import numpy as np


def _over(number, text, array=None, sequence=None):
    """A distortion of a value from what it does to a number, to text, to an array and to a list."""

    def distort(value):
        if isinstance(value, bool) or value is None:
            return number(int(bool(value)))
        if isinstance(value, (int, float, complex)):
            return number(value)
        if isinstance(value, str):
            return text(value)
        if isinstance(value, bytes):
            return text(value.decode("latin-1")).encode("latin-1", "replace")
        if isinstance(value, np.ndarray):
            if value.dtype.kind in "SU":
                return np.array([text(each) for each in value.astype(str).ravel()]).reshape(
                    value.shape
                )
            return (array or number)(value.astype("int8") if value.dtype.kind == "b" else value)
        if isinstance(value, dict):
            return dict(zip(value, (sequence or list)([distort(each) for each in value.values()])))
        made = (sequence or list)([distort(each) for each in value])
        return tuple(made) if isinstance(value, tuple) else made

    return distort


def _zero(value):
    return value * 0 if not isinstance(value, np.ndarray) else np.zeros_like(value)


def _half(value):
    if isinstance(value, np.ndarray):
        return value / value.dtype.type(2) if value.dtype.kind in "fc" else value // 2
    return value // 2 if isinstance(value, int) else value / 2


def _constant(value):
    return np.full_like(value, 3) if isinstance(value, np.ndarray) else type(value)(3)


def _nan(value):
    return (
        np.full(value.shape, math.nan, value.dtype if value.dtype.kind in "fc" else float)
        if isinstance(value, np.ndarray)
        else math.nan
    )


def _larger(value):
    if isinstance(value, np.ndarray):
        return (
            value * value.dtype.type(1.1)
            if value.dtype.kind in "fc"
            else value + np.maximum(value // 10, 1)
        )
    return value + max(value // 10, 1) if isinstance(value, int) else value * 1.1


def _turned(array):
    return array[::-1] if array.ndim == 1 else array.T  # of one number in no axes, itself


DISTORTIONS = {
    "zeros": (_over(_zero, lambda text: ""), "zero everywhere"),
    "half": (_over(_half, lambda text: text[: len(text) // 2]), "half of the right answer"),
    "double": (_over(lambda value: value * 2, lambda text: text * 2), "twice the right answer"),
    "1.1 times": (_over(_larger, lambda text: text + text[-1:]), "1.1 times the right answer"),
    "negated": (
        _over(lambda value: -value, lambda text: text[::-1]),
        "the right answer with the wrong sign",
    ),
    "transposed": (
        _over(lambda value: value, lambda text: text[::-1], _turned, lambda made: made[::-1]),
        "the right answer transposed, or in reverse order",
    ),
    "constant": (_over(_constant, lambda text: "x"), "one constant everywhere"),
    "NaN": (_over(_nan, lambda text: None), "NaN"),
}


def distorted(name: str, value):
    """The right answer, distorted."""
    return DISTORTIONS[name][0](value)


def says(name: str) -> str:
    """What a distortion is, in words that follow "this is"."""
    return DISTORTIONS[name][1]

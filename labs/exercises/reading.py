"""Read what the reader hands over: a number, an array, a function to call; say what came instead."""

import linecache
import sysconfig
import traceback
from contextlib import contextmanager
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np

from labs.exercises.answers import NotRight, show

LABS = str(Path(__file__).parents[1])
NOT_THE_READERS = (LABS, *(sysconfig.get_path(name) for name in ("purelib", "platlib", "stdlib")))


def as_number(answer):
    """The one finite number that an answer is.

    Raises
    ------
    NotRight
        Text, a list, several numbers, a complex one, NaN or an infinite one.
    """
    if type(answer).__module__.split(".")[0] in ("torch", "paddle", "numpy"):
        if getattr(answer, "size", None) == 1 or callable(getattr(answer, "numel", None)):
            answer = as_array(answer)
            if answer.size != 1:
                raise NotRight(f"expected one number, got {answer.size} in shape {answer.shape}.")
            answer = answer.item()
    if isinstance(answer, str):
        raise NotRight(f"expected a number, got the text {show(answer)}: leave out the quotes.")
    if isinstance(answer, bool) or not isinstance(answer, (int, float, Fraction, Decimal)):
        raise NotRight(f"expected a number, got {type(answer).__name__}: {show(answer)}.")
    try:
        value = answer if isinstance(answer, int) else float(answer)
        finite = np.isfinite(float(value))
    except OverflowError:
        finite = False
    if not finite:
        raise NotRight(f"expected a finite number, got {show(answer)}.")
    return value


def as_array(answer, name: str = "the answer") -> np.ndarray:
    """An answer as a NumPy array of finite real numbers.

    Raises
    ------
    NotRight
        Says what came instead.
    """
    if callable(getattr(answer, "detach", None)):  # a tensor of either framework
        answer = answer.detach().cpu().numpy()
    if answer is None:
        raise NotRight(f"{name}: expected numbers, got None: is there a `return`?")
    if isinstance(answer, (str, bytes, dict, set)):
        raise NotRight(
            f"{name}: expected an array of numbers, got {type(answer).__name__}: {show(answer)}."
        )
    try:
        array = np.asarray(answer)
    except ValueError:
        raise NotRight(f"{name}: expected an array, got rows of different lengths.") from None
    if array.dtype.kind == "c":
        raise NotRight(
            f"{name}: expected real numbers, got complex ones: take the parts that are asked for."
        )
    if array.dtype.kind not in "fiu":
        raise NotRight(f"{name}: expected numbers, got {type(answer).__name__}: {show(answer)}.")
    if not np.isfinite(array).all():
        raise NotRight(
            f"{name}: {int((~np.isfinite(array)).sum())} of {array.size} entries are NaN or infinite."
        )
    return array


def call(function, may_change: tuple = (), **arguments):
    """Call the reader's function with the arguments in their order, arrays as copies; see `readers_code`.

    Raises
    ------
    NotRight
        It is no function, it failed, or it changed an argument that is not in `may_change`.
    """
    if not callable(function):
        raise NotRight(f"expected a function, got {type(function).__name__}: {show(function)}.")
    copies = {
        name: value.copy() if isinstance(value, np.ndarray) else value
        for name, value in arguments.items()
    }
    with readers_code():
        found = function(*copies.values())
    for name, value in arguments.items():
        if (
            isinstance(value, np.ndarray)
            and name not in may_change
            and not np.array_equal(value, copies[name], equal_nan=value.dtype.kind in "fc")
        ):
            raise NotRight(
                f"your function changes its argument `{name}`: make a new array instead."
            )
    return found


@contextmanager
def readers_code(what: str = "your function"):
    """Turn an error of the reader's code into `NotRight`, with the line where it arose."""
    try:
        yield
    except NotRight:
        raise
    except (Exception, SystemExit) as error:
        own = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if not frame.filename.startswith(NOT_THE_READERS) or "ipykernel_" in frame.filename
        ]
        place = ""
        if own:
            line = linecache.getline(own[-1].filename, own[-1].lineno).strip()
            place = f" (line {own[-1].lineno}: {line})" if line else f" (line {own[-1].lineno})"
        said = f": {error}" if str(error) else ""
        raise NotRight(f"{what} raised {type(error).__name__}{said}{place}.") from error

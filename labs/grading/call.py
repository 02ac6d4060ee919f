"""What a lab's `checks.py` is made of: calls of the student's functions, grouped into rungs.

>>> @rung("merges")
... def _(draw, reference):
...     yield call("train", {"ab": 3}, 4, about="one word", parts=("vocabulary", "merges"))
"""

import copy
from dataclasses import dataclass


@dataclass(frozen=True)
class Call:
    """One call of one function, whose answer is held against the reference's.

    Attributes
    ----------
    function : str
    arguments : tuple
        Values that can cross (`labs.grading.values`), handed over by position.
    about : str
        What is special about the arguments, in words: "an empty text". Stands in the message.
    parts : tuple of str
        Names of the parts of an answer that is a tuple, such as ("vocabulary", "merges").
    axes : tuple of str
        Names of the indices into each part, the outermost first: ("merge",), ("image", "class").
    tolerance : float, optional
        Relative to the largest entry of the right answer; the default follows from its dtype.
    seconds : float, optional
        For this call; the default is the lab's `call_s`.
    """

    function: str
    arguments: tuple = ()
    about: str = ""
    parts: tuple = ()
    axes: tuple = ()
    tolerance: float | None = None
    seconds: float | None = None


def call(function: str, *arguments, **facts) -> Call:
    """A call of a function of the contract; arguments are copied, so that a draw may go on changing
    its own.
    """
    return Call(function, copy.deepcopy(arguments), **facts)


def rung(name: str):
    """Mark a generator of calls as a rung; its title and points stand in `lab.toml`, under the same
    name.

    The function is handed a `numpy.random.Generator`, the only source of chance, and the names of
    reference.py, with which
    it may make inputs; it yields `Call`s.
    """

    def decorate(calls):
        found = calls.__globals__.setdefault("RUNGS", {})
        if name in found:
            raise ValueError(f"the rung {name} stands twice in checks.py")
        found[name] = calls
        return calls

    return decorate

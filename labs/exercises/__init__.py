"""Checks of answers: not answered yet, not right yet (and why), or right.

A check raises `NotRight` with the reason, or returns what it says of a right answer; the decorator
does the rest. The exercise's number stands in the decorator and nowhere else.

>>> @exercise("6.1", "Put a number in place of None.")
... def parameter_count(answer):
...     number(answer, 12, {6: "both layers count"}, "count weights and biases")
...     return "All layers add up."
>>> parameter_count(6)
Exercise 6.1: not right yet. 6 is not it: both layers count.
"""

from labs.exercises.answers import Answer, NotRight, exercise, show
from labs.exercises.comparing import arrays, difference, number
from labs.exercises.porting import port
from labs.exercises.reading import as_array, as_number, call, readers_code

__all__ = [
    "Answer",
    "NotRight",
    "arrays",
    "as_array",
    "as_number",
    "call",
    "difference",
    "exercise",
    "number",
    "port",
    "readers_code",
    "show",
]

"""Mistakes that people make with this task, beside the general ones of `labs.parity.mistakes`."""
from labs.parity.mistakes import Mistake, with_input

MISTAKES = [
    Mistake("coordinates_exchanged", "forward", "forward", "x and y of each point exchanged on one side",
            with_input(lambda x: x[:, ::-1].copy())),
]

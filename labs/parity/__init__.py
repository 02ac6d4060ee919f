"""The proof: two programs compute the same, rung by rung, or the ladder says where they part.

>>> ladder = climb(torch_side, paddle_side, batches, config)      # doctest: +SKIP
>>> ladder.check()                                                # doctest: +SKIP
"""
from labs.parity.climb import climb, climb_room
from labs.parity.equality import Equality, equal
from labs.parity.errors import ParityError
from labs.parity.ladder import Ladder
from labs.parity.mistakes import mistakes, plant
from labs.parity.record import RUNGS, Record, record
from labs.parity.weights import initial_weights, load, one_ulp, weights_of

__all__ = ["RUNGS", "Equality", "Ladder", "ParityError", "Record", "climb", "climb_room", "equal", "initial_weights",
           "load", "mistakes", "one_ulp", "plant", "record", "weights_of"]

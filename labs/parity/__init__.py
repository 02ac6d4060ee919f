"""The proof: two programs compute the same, rung by rung, or the ladder says where they part.

>>> ladder = climb(torch_side, paddle_side, batches, config)      # doctest: +SKIP
>>> ladder.check()                                                # doctest: +SKIP
"""
from labs.parity.caught import Caught, caught
from labs.parity.climb import climb, climb_room
from labs.parity.compared import compare_records
from labs.parity.conventions import fluid_epsilon
from labs.parity.equality import Equality, equal
from labs.parity.errors import ParityError
from labs.parity.ladder import Ladder
from labs.parity.mistakes import mistakes, plant
from labs.parity.record import RUNGS, Record, ready, record
from labs.parity.sketch import Sketch, sketch
from labs.parity.weights import cast, gradients_of, initial_weights, load, one_ulp, weights_of

__all__ = ["RUNGS", "Caught", "Equality", "Ladder", "ParityError", "Record", "Sketch", "cast", "caught", "climb",
           "climb_room", "compare_records", "equal", "fluid_epsilon", "gradients_of", "initial_weights", "load",
           "mistakes", "one_ulp", "plant", "ready", "record", "sketch", "weights_of"]

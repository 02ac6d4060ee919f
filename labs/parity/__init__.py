"""The proof: two programs compute the same, rung by rung, or the ladder says where they part.

>>> ladder = climb(torch_side, paddle_side, batches, config)      # doctest: +SKIP
>>> ladder.check()                                                # doctest: +SKIP
"""
from labs.parity.climbing import climb, climb_cases
from labs.parity.coverage import Coverage
from labs.parity.drawing import proof_weights
from labs.parity.equality import Equality, equal
from labs.parity.errors import ParityError
from labs.parity.fluid_adam import fluid_epsilon
from labs.parity.ladder import Ladder, compare_records
from labs.parity.mistakes import Caught, Mistake, caught, mistakes_for, plant
from labs.parity.records import RUNGS, Record, ready, record
from labs.parity.sketches import Sketch, sketch
from labs.parity.weights import by_order, cast, gradients_of, initial_weights, load, one_ulp, weights_of
from labs.parity.whole_trainings import SelfDistance, self_distance

__all__ = ["RUNGS", "Caught", "Coverage", "Equality", "Ladder", "Mistake", "ParityError", "Record",
           "SelfDistance", "Sketch", "by_order", "cast", "caught", "climb",
           "climb_cases", "compare_records", "equal", "fluid_epsilon", "gradients_of", "initial_weights", "load",
           "mistakes_for", "one_ulp", "plant", "proof_weights", "ready", "record", "self_distance", "sketch", "weights_of"]

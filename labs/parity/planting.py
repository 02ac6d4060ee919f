"""What a planted mistake is, and the four places where one is put: weights, optimizer, settings, batches."""
from dataclasses import dataclass, replace

from labs.parity import weights as weights_
from labs.parity.climb import changed
from labs.parity.errors import ParityError
from labs.parity.record import RUNGS


@dataclass(frozen=True)
class Mistake:
    """One wrong line that people really write.

    Attributes
    ----------
    name : str
    rung : str
        The lowest rung that must fail.
    what : str
        In words, for the page.
    plant : callable
        side -> side with the mistake.
    suits : callable
        model -> bool: does the model have what it takes?
    fields : tuple of str
        Fields that the config must have, and not as None: Adam's epsilon, which SGD lacks.
    """
    name: str
    rung: str
    what: str
    plant: object
    suits: object = lambda model: True
    fields: tuple = ()

    def __post_init__(self):
        if self.rung not in RUNGS:
            raise ParityError(f"{self.name}: expected a rung of {', '.join(RUNGS)}, got {self.rung!r}")


def with_weights(alter):
    """A mistake in copying: `alter(model, weights)` changes what arrives on this side."""
    def plant(side):
        def load(model, weights):
            return weights_.load(model, alter(model, dict(weights)))
        return changed(side, load=load)
    return plant


def with_optimizer(alter):
    """A mistake in the optimizer: `alter(optimizer)` changes it after it is made."""
    def plant(side):
        def make_optimizer(model, config):
            optimizer = side.make_optimizer(model, config)
            alter(optimizer)
            return optimizer
        return changed(side, make_optimizer=make_optimizer)
    return plant


def with_config(**factors):
    """A mistake in a setting: each named field of the config is multiplied on this side."""
    def plant(side):
        def make_optimizer(model, config):
            wrong = {name: getattr(config, name) * factor for name, factor in factors.items()}
            return side.make_optimizer(model, replace(config, **wrong))
        return changed(side, make_optimizer=make_optimizer)
    return plant


def with_batch(alter):
    """A mistake in the data: `alter(number, batch)` changes what this side's n-th step sees."""
    def plant(side):
        def make_optimizer(model, config):
            model.steps_taken = 0
            return side.make_optimizer(model, config)

        def step(model, optimizer, batch):
            model.steps_taken += 1
            return side.step(model, optimizer, alter(model.steps_taken - 1, batch))
        return changed(side, step=step, make_optimizer=make_optimizer)
    return plant


def from_room(alter):
    """A room's mistake replaces functions of a side: `alter(side)` gives them by name.

    Among them may be `weights(model, weights)`, which changes what arrives in the copying, or leaves some out.
    """
    def plant(side):
        given = alter(side)
        if "weights" in given:
            given |= vars(with_weights(given.pop("weights"))(side)) | given
        return changed(side, **given)
    return plant

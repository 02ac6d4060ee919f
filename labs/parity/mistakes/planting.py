"""What a planted mistake is, and the four places where one is put: weights, optimizer, settings, batches."""
import difflib
from dataclasses import dataclass, replace

from labs.parity import weights as weights_
from labs.parity.climbing import changed
from labs.parity.errors import ParityError
from labs.parity.records import RUNGS


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


def replacing(alter):
    """A mistake that replaces functions of a side: `alter(side)` gives them by name.

    Among them may be `weights(model, weights)`, which changes what arrives in the copying, or leaves some out.
    """
    def plant(side):
        new = alter(side)
        if "weights" in new:
            new |= vars(with_weights(new.pop("weights"))(side)) | new
        return changed(side, **new)
    return plant


def of_task(rows: list) -> list:
    """Mistakes of one task, from rows (name, rung, what, what to replace in a side, which models it suits)."""
    return [Mistake(name, rung, what, replacing(alter), suits) for name, rung, what, alter, suits in rows]


def mistakes_for(own: list = (), model=None, config=None) -> list:
    """All general mistakes, and those of a task; with a model and a config, only those that suit them.

    Parameters
    ----------
    own : list of Mistake
        A task's own: `labs.tasks.mnist.mistakes.MISTAKES`.
    model, config : optional
    """
    from labs.parity.mistakes.general import GENERAL
    return [m for m in [*GENERAL, *own] if (model is None or m.suits(model))
            and (config is None or all(getattr(config, name, None) is not None for name in m.fields))]


def plant(mistake, on):
    """Plant a mistake in the second side of a ladder and climb again.

    Parameters
    ----------
    mistake : Mistake or str
        Or the name of a general one (`[m.name for m in parity.mistakes_for()]`).
    on : Ladder
        Made by `labs.parity.climb`.

    Returns
    -------
    Ladder
        Red from the mistake's rung on.

    Raises
    ------
    ParityError
        There is no general mistake of that name, or the ladder was made of records and has no side to plant it in.
    """
    if isinstance(mistake, str):
        known = {m.name: m for m in mistakes_for()}
        if mistake not in known:
            near = difflib.get_close_matches(mistake, known, 1)
            raise ParityError(f"no general mistake named {mistake!r}" + (f"; did you mean {near[0]!r}?" if near else "")
                              + f" There are {', '.join(known)}")
        mistake = known[mistake]
    if on.retry is None:
        raise ParityError(f"{on.title}: this ladder was made of records or is planted already, so there is no side to plant "
                          f"{mistake.name!r} in; climb with labs.parity.climb first")
    return on.retry.climb(mistake.plant(changed(on.retry.second)), f"{on.title}, planted: {mistake.what}")

"""What a planted mistake is, and where one is put: weights, model, optimizer, settings, batches, loss."""
import difflib
from dataclasses import dataclass, replace

from labs.parity import weights as weights_
from labs.parity.climbing import changed
from labs.parity.errors import ParityError
from labs.parity.records import ALSO, RUNGS

KINDS = ("weights", "forward", "loss", "gradients", "optimizer", "schedule", "randomness", "precision", "data order",
         "evaluation", "cache")


def always(model) -> bool:
    """Every model."""
    return True


@dataclass(frozen=True)
class Mistake:
    """One wrong line that people really write.

    Attributes
    ----------
    name : str
    kind : str
        The class that it belongs to, of `KINDS`.
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
    survives : str, or dict of str to str
        Why no rung shows it, where none does: it is equivalent on these inputs, or a known gap. By task, where it
        survives in some alone.
    needs : str
        What the batches must reach, as the coverage table calls it.
    blind : str
        Why float32 alone may not show it on some side, where float64 does: a known gap.
    """
    name: str
    kind: str
    rung: str
    what: str
    plant: object
    suits: object = always
    fields: tuple = ()
    survives: object = ""
    needs: str = ""
    blind: str = ""

    def reached(self, ladder) -> bool:
        """Do the config, batches, weights and rungs of a ladder reach it?"""
        return not self.left_out(ladder)

    def left_out(self, ladder) -> str:
        """Why a ladder does not reach it, in words after "for"; empty where it does."""
        config = ladder.retry.first.start.config if ladder.retry else None
        lacking = [name for name in self.fields if getattr(config, name, None) is None]
        if lacking:
            return f"the config has no {' and no '.join(lacking)}"
        if self.rung not in [rung.name for pair in ladder.pairs[:1] for rung in pair.rungs]:
            return f"this ladder has no rung '{self.rung}'"
        found = {what for what, reached, _ in ladder.coverage.rows if reached} if ladder.coverage else set()
        return "" if not self.needs or self.needs in found else f"the batches and weights do not reach {self.needs}"

    def survivor(self, task: str) -> str:
        """Why it survives in a task; empty where it must be caught."""
        return self.survives.get(task, "") if isinstance(self.survives, dict) else self.survives

    def __post_init__(self):
        if self.rung not in RUNGS and not self.rung.startswith(ALSO):
            raise ParityError(f"{self.name}: expected a rung of {', '.join(RUNGS)}, or '{ALSO}NAME', got {self.rung!r}")
        if self.kind not in KINDS:
            raise ParityError(f"{self.name}: expected a kind of {', '.join(KINDS)}, got {self.kind!r}")


def with_weights(alter):
    """A mistake in copying: `alter(model, weights)` changes what arrives on this side, or leaves some out."""
    def plant(side):
        load_all = getattr(side, "load", weights_.load)

        def load(model, weights):
            return load_all(model, alter(model, dict(weights)))
        return changed(side, load=load)
    return plant


def with_model(change):
    """A mistake in building: `change(model, driver)` alters the model once it is made."""
    def plant(side):
        def build(config):
            model = side.build(config)
            change(model, weights_.driver_of(model))
            return model
        return changed(side, build=build)
    return plant


def with_layers(suits, change):
    """A mistake in some layers: `change(layer, driver)` alters each that suits, by path and kind."""
    def alter(model, driver):
        for path, layer in driver.layers(model).items():
            if suits(path, layer):
                change(layer, driver)
    return with_model(alter)


def with_optimizer(change):
    """A mistake in the optimizer: `change(optimizer, driver)` alters it after it is made."""
    def plant(side):
        def make_optimizer(model, config):
            optimizer = side.make_optimizer(model, config)
            change(optimizer, weights_.driver_of(optimizer))
            return optimizer
        return changed(side, make_optimizer=make_optimizer)
    return plant


def with_config(function: str = "make_optimizer", **wrong):
    """A mistake in a setting that `function` (build or make_optimizer) reads: a value, or a function of the right one."""
    def plant(side):
        def other(*given):
            new = {name: value(getattr(given[-1], name)) if callable(value) else value for name, value in wrong.items()}
            return getattr(side, function)(*given[:-1], replace(given[-1], **new))
        return changed(side, **{function: other})
    return plant


def with_batch(alter):
    """A mistake in the data of training: `alter(number, batch)` changes what this side's n-th step sees."""
    def plant(side):
        def make_optimizer(model, config):
            model.steps_taken = 0
            return side.make_optimizer(model, config)

        def step(model, optimizer, batch):
            model.steps_taken += 1
            return side.step(model, optimizer, alter(model.steps_taken - 1, batch))
        return changed(side, step=step, make_optimizer=make_optimizer)
    return plant


def with_input(alter):
    """A mistake in the data, in training and in evaluation: `alter(x)` changes the inputs."""
    def plant(side):
        def step(model, optimizer, batch):
            return side.step(model, optimizer, (alter(batch[0]), *batch[1:]))

        def logits(model, batch):
            return side.logits(model, (alter(batch[0]), *batch[1:]))
        return changed(side, step=step, logits=logits)
    return plant


def with_step(around):
    """A mistake around the step: `around(side, model, optimizer, batch)` stands in its place and returns the loss."""
    def plant(side):
        def step(model, optimizer, batch):
            return around(side, model, optimizer, batch)
        return changed(side, step=step)
    return plant


def mistakes_for(own: list = (), model=None, config=None) -> list:
    """All general mistakes, and those of a task; with a model and a config, only those that suit them.

    Parameters
    ----------
    own : list of Mistake
        A task's own: `labs.tasks.mnist.mistakes.MISTAKES`.
    model, config : optional
    """
    from labs.parity.mistakes.general import GENERAL
    return [m for m in (*GENERAL, *own)
            if (model is None or m.suits(model))
            and (config is None or all(getattr(config, name, None) is not None for name in m.fields))]


def retry_of(mistake, on):
    """What climbs a ladder again; raises where there is no side to plant in."""
    if on.retry is None:
        raise ParityError(f"{on.title}: this ladder was made of records or is planted already, so there is no side to plant "
                          f"{mistake.name!r} in; climb with labs.parity.climb first")
    return on.retry


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
    return retry_of(mistake, on).climb(mistake.plant, f"{on.title}, planted: {mistake.what}")

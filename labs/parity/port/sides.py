"""Two files of a reader as two sides that the ladder can climb: what they leave out is filled in.

A file needs `build()` alone, and one of the two `inputs()`. It may have `step`, `make_optimizer`, `logits`, `batches`
and `names`; functions may take a config or leave it out.
"""
import importlib.util
import inspect
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np

from labs.parity import names as names_
from labs.parity import weights as weights_
from labs.parity.arrays import as_batch, as_batches
from labs.parity.errors import ParityError, SideError
from labs.parity.port.asking import asked, sized
from labs.parity.records import name_of

STEPS = 3           # of training, where a side gives one input alone
RATE = 2.0**-6      # of the step that stands in where a side has none; float32 holds it


def module_of(source) -> ModuleType:
    """A module out of a file, a dotted name, or the module or namespace itself.

    Raises
    ------
    ParityError
        There is no such file or module, or it has no `build`.
    """
    if isinstance(source, (str, Path)):
        source = from_file(Path(source)) if str(source).endswith(".py") else from_name(str(source))
    if not callable(getattr(source, "build", None)):
        raise ParityError(f"{name_of(source)} has no build(): a side of a port needs a function build() that returns the model")
    return source


def from_file(path: Path) -> ModuleType:
    """Import a file by its path, as a module of its own."""
    if not path.is_file():
        raise ParityError(f"{path} is not there; python -m labs port --init writes paddle_side.py and torch_side.py to begin with")
    spec = importlib.util.spec_from_file_location(path.stem, path)
    made = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(path.parent.resolve()))      # so that a side may import its own files
    try:
        asked(spec.loader.exec_module, f"importing {path}", made, file=str(path))
    finally:
        sys.path.remove(str(path.parent.resolve()))
    return made


def from_name(name: str) -> ModuleType:
    """Import a module by its dotted name."""
    try:
        return asked(importlib.import_module, f"importing {name}", name)
    except SideError as error:
        if not isinstance(error.__cause__, ModuleNotFoundError):
            raise
        raise ParityError(f"expected a file that ends in .py or a module that can be imported, got {name!r}: {error.__cause__}") from error


def with_config(function, config, *arguments):
    """Call a function of a side with the config, or without where it takes none."""
    taken = [p for p in inspect.signature(function).parameters.values() if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return function(*arguments, config) if len(taken) > len(arguments) else function(*arguments)


def completed(source, config=None) -> SimpleNamespace:
    """A side with all that the ladder needs; `.own` names the functions that are the reader's."""
    module = module_of(source)
    own = {name for name in ("step", "make_optimizer", "logits", "load", "names") if hasattr(module, name)}
    if len(own & {"step", "make_optimizer"}) == 1:
        raise ParityError(f"{name_of(module)} has {'step' if 'step' in own else 'make_optimizer'} alone: a training loop of one's "
                          "own needs make_optimizer(model) and step(model, optimizer, batch), which returns the loss")
    model = asked(with_config, f"build() of {name_of(module)}", module.build, config, file=file_of(module))
    driver = weights_.driver_of(model)
    if not weights_.shapes(model):
        raise ParityError(f"{type(model).__name__} of the {driver.NAME} side has no parameters, and a ladder loads, trains "
                          "and compares them; compare its outputs with labs.parity.equal")

    def its(name, function, *arguments, hint=""):
        return asked(function, f"the {driver.NAME} side's {name}", *arguments, hint=hint, file=file_of(module))

    def called(function, batch, *given):
        return asked(function, f"the {driver.NAME} model, called with a batch,", *given, batch, hint=sized(batch), file=file_of(module))

    def make_optimizer(model, config):
        made = its("make_optimizer", with_config, module.make_optimizer, config, model)
        if not callable(getattr(made, "step", None)):
            raise ParityError(f"the {driver.NAME} side's make_optimizer gave {type(made).__name__}; expected an optimizer, with a step()")
        return made
    side = SimpleNamespace(
        NAME=driver.NAME, own=own, build=lambda config: with_config(module.build, config),
        make_optimizer=lambda model, config: driver.plain_optimizer(model, RATE),
        step=lambda model, optimizer, batch: called(driver.plain_step, batch, model, optimizer),
        logits=lambda model, batch: called(driver.call, batch, model))
    if "step" in own:
        side.step, side.make_optimizer = lambda *given: its("step", module.step, *given), make_optimizer
    if "logits" in own:
        side.logits = lambda *given: its("logits", module.logits, *given)
    for name in own & {"load", "names"}:
        setattr(side, name, getattr(module, name))
    return side


def file_of(module) -> str | None:
    """The file of a module; a namespace has none."""
    return getattr(module, "__file__", None)


def variance_of_paddle(model):
    """Let the BatchNorms of a PyTorch model keep the running variance that Paddle keeps: of the batch, not of what it was drawn from.

    PyTorch multiplies what a batch of n adds by n / (n - 1). Training sees no difference; evaluation does.

    Returns
    -------
    The model.
    """
    driver = weights_.driver_of(model)
    if not hasattr(driver, "biased"):
        raise ParityError("variance_of_paddle: expected a PyTorch model; Paddle's keep that variance already")
    for layer in driver.layers(model).values():
        if "BatchNorm" in type(layer).__name__:
            driver.biased(layer)
    return model


def batches_of(sources: list) -> list:
    """The batches of the first side that has any: `batches()`, or `inputs()` several times.

    Raises
    ------
    ParityError
        Neither side has one, or there is NaN in it.
    """
    for source in map(module_of, sources):
        if hasattr(source, "batches"):
            return numbers_alone(as_batches(given_by(source, "batches")))
        if hasattr(source, "inputs"):
            given = given_by(source, "inputs")
            return numbers_alone([as_batch(given if isinstance(given, (tuple, list)) or hasattr(given, "keys") else (given,))] * STEPS)
    raise ParityError("no input: one of the two files needs inputs(), which returns a tuple (or dict) of NumPy arrays for the model")


def given_by(source, name: str):
    """What `inputs` or `batches` of a side gives, or is.

    Raises
    ------
    ParityError
        It raises, or gives nothing.
    """
    found = getattr(source, name)
    found = asked(found, f"{name}() of {name_of(source)}", file=file_of(source)) if callable(found) else found
    if found is None or name == "inputs" and isinstance(found, (tuple, list, dict)) and not len(found):
        raise ParityError(f"{name}() of {name_of(source)} gives {'None' if found is None else 'nothing'}; "
                          "expected a tuple (or dict) of arrays" + (", or a list of such" if name == "batches" else ""))
    return found


def numbers_alone(batches: list) -> list:
    """The batches, if no NaN is among them and none is empty: two sides that give NaN cannot be compared."""
    for batch in batches:
        for where, value in (batch.items() if isinstance(batch, dict) else enumerate(batch)):
            if isinstance(value, np.ndarray) and not value.size:
                raise ParityError(f"part {where!r} of a batch is empty, of shape {value.shape}, so nothing can be compared")
            if isinstance(value, np.ndarray) and value.dtype.kind == "f" and np.isnan(value).any():
                raise ParityError(f"part {where!r} of a batch holds NaN, so nothing can be compared")
    return batches


def matched(first: SimpleNamespace, second: SimpleNamespace, config=None) -> str:
    """Map the second side's names by order where they are not the first's; says so in words.

    A climb shows whether the order was right: with random weights a wrong map is red at `forward`.
    """
    one, other = (named(side, config) for side in (first, second))
    shapes = [{n: e.shape for n, e in names_.entries(m, weights_.driver_of(m)).items()} for m in (one, other)]
    if shapes[0] == shapes[1] or "names" in second.own:
        return "names agree" if shapes[0] == shapes[1] else "names by the side's own map"
    second.names = weights_.by_order(one, other)
    return f"{len(second.names)} names mapped by order and shape"


def named(side, config):
    """A side's model with its map attached."""
    model = side.build(config)
    return names_.attach(model, side.names) if getattr(side, "names", None) else model

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
from labs.parity.errors import ParityError
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
        spec.loader.exec_module(made)
    finally:
        sys.path.remove(str(path.parent.resolve()))
    return made


def from_name(name: str) -> ModuleType:
    """Import a module by its dotted name."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        raise ParityError(f"expected a file that ends in .py or a module that can be imported, got {name!r}: {error}") from error


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
    model = with_config(module.build, config)
    driver = weights_.driver_of(model)
    side = SimpleNamespace(
        NAME=driver.NAME, own=own, build=lambda config: with_config(module.build, config),
        make_optimizer=lambda model, config: driver.plain_optimizer(model, RATE),
        step=lambda model, optimizer, batch: driver.plain_step(model, optimizer, batch),
        logits=lambda model, batch: driver.call(model, batch))
    if "step" in own:
        side.step = module.step
        side.make_optimizer = lambda model, config: with_config(module.make_optimizer, config, model)
    for name in own & {"logits", "load", "names"}:
        setattr(side, name, getattr(module, name))
    return side


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
            return numbers_alone(as_batches(source.batches() if callable(source.batches) else source.batches))
        if hasattr(source, "inputs"):
            given = source.inputs() if callable(source.inputs) else source.inputs
            return numbers_alone([as_batch(given if isinstance(given, (tuple, list)) or hasattr(given, "keys") else (given,))] * STEPS)
    raise ParityError("no input: one of the two files needs inputs(), which returns a tuple (or dict) of NumPy arrays for the model")


def numbers_alone(batches: list) -> list:
    """The batches, if no NaN is among them: two sides that give NaN cannot be compared."""
    for batch in batches:
        for where, value in (batch.items() if isinstance(batch, dict) else enumerate(batch)):
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

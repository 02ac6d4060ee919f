"""A record: what one side computed on its way up the ladder, as named NumPy arrays, rung by rung."""
from dataclasses import dataclass, field

import numpy as np

from labs.parity import weights as weights_
from labs.parity.errors import ParityError

RUNGS = {
    "parameters": "the parameters map one to one",
    "forward": "the same input gives the same logits, in eval mode",
    "loss": "the same batch gives the same loss",
    "gradients": "every parameter has a gradient, and each agrees",
    "one step": "one optimizer step leaves the same weights",
    "k steps": "k steps give the same losses and leave the same weights",
    "train mode": "running statistics and outputs agree in training mode",
}
NEEDED = ("build", "make_optimizer", "step", "logits")


@dataclass(frozen=True)
class Record:
    """What one side computed. It may come from a live model, another process, a file, a GPU.

    Attributes
    ----------
    side : str
        Who computed it: "Paddle", "PyTorch", "Fluid".
    precision : str
        "float32" or "float64".
    rungs : dict of str to dict of str to array
        Arrays by rung and by name, in PyTorch's names and layout. A missing gradient is None.
    place : str
        The device.
    """
    side: str
    precision: str
    rungs: dict = field(repr=False)
    place: str = "cpu"


def name_of(side) -> str:
    """How a side is called in tables: its `NAME`, or its module's name."""
    known = {"paddle_side": "Paddle", "torch_side": "PyTorch", "fluid_side": "Fluid"}
    own = getattr(side, "__name__", "").split(".")[-1]
    return getattr(side, "NAME", None) or known.get(own, own or type(side).__name__)


def record(side, config, weights: dict, batches: list, precision: str = "float64") -> Record:
    """Let one side climb: load the weights, then run its own `step` on the batches.

    Parameters
    ----------
    side : module or namespace
        With `build(config)`, `make_optimizer(model, config)`, `step(model, optimizer, batch)` that returns
        the loss, and `logits(model, batch)`: the very functions that train on the page. Dropout layers are
        set to zero. A side may bring its own `load(model, weights)`.
    config : object
        Handed to `build` and `make_optimizer`.
    weights : dict of str to array
    batches : list of tuple of array
        The first is used for the rungs up to one step; all of them for k steps. Floats are cast.
    precision : {"float64", "float32"}

    Raises
    ------
    ParityError
        If the side lacks one of its functions, or its step never reaches the optimizer.
    """
    missing = [f for f in NEEDED if not callable(getattr(side, f, None))]
    if missing:
        raise ParityError(f"the {name_of(side)} side has no {', '.join(missing)}: a side needs {', '.join(NEEDED)}")
    if not batches:
        raise ParityError("no batches: the ladder needs at least one, and twenty to be convincing")
    model = side.build(config)
    driver = weights_.driver_of(model)
    undo = driver.calm()
    try:
        return climb_alone(side, driver, model, config, weights, [cast(b, precision) for b in batches], precision)
    finally:
        undo()


def climb_alone(side, driver, model, config, weights, batches, precision) -> Record:
    """The climb itself, one rung after another."""
    model, rungs, seen = driver.settle(driver.cast(model, precision)), {}, []
    getattr(side, "load", weights_.load)(model, cast_all(weights, precision))
    driver.without_dropout(model)
    rungs["parameters"] = driver.parameters(model)
    model.eval()
    rungs["forward"] = {"logits": driver.to_numpy(side.logits(model, batches[0]))}
    model.train()
    optimizer = side.make_optimizer(model, config)
    unwatch = driver.watch_gradients(model, optimizer, seen)
    losses = [scalar(driver, side.step(model, optimizer, batches[0]))]
    unwatch()
    if not seen:
        raise ParityError(f"the {name_of(side)} side's step never called optimizer.step()")
    rungs["loss"] = {"loss": losses[0]}
    rungs["gradients"] = seen[0]
    rungs["one step"] = driver.parameters(model)
    losses += [scalar(driver, side.step(model, optimizer, batch)) for batch in batches[1:]]
    rungs["k steps"] = {**driver.parameters(model), "losses": np.array(losses)}
    rungs["train mode"] = {**driver.buffers(model), "logits": driver.to_numpy(side.logits(model, batches[0]))}
    return Record(name_of(side), precision, rungs, driver.place(model))


def scalar(driver, loss) -> np.ndarray:
    """The loss as an array without dimensions."""
    value = driver.to_numpy(loss)
    if value.size != 1:
        raise ParityError(f"step must return one loss, a scalar; it returned shape {value.shape}")
    return value.reshape(())


def cast(batch: tuple, precision: str) -> tuple:
    """A batch with its floats in the given precision; integers stay."""
    return tuple(a.astype(precision) if a.dtype.kind == "f" else a for a in batch)


def cast_all(weights: dict, precision: str) -> dict:
    """Weights in the given precision."""
    return {name: w.astype(precision) for name, w in weights.items()}

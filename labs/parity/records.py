"""A record: what one side computed on its way up the ladder, as named NumPy arrays, rung by rung."""
import gc
from dataclasses import dataclass, field

import numpy as np

from labs.parity import weights as weights_
from labs.parity.errors import ParityError
from labs.parity.sketches import sketches

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


def record(side, config, weights: dict, batches: list, precision: str = "float64", sketch: int | None = None) -> Record:
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
    sketch : int, optional
        Keep arrays of more entries as sketches with so many places, and give the side's memory back at the end: for
        networks whose records would not fit.

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
    model = ready(side, config, weights, precision)
    undo = weights_.driver_of(model).tf32_off()
    try:
        return climb_alone(side, model, config, [cast(b, precision) for b in batches], precision, sketch)
    finally:
        undo()
        if sketch:
            del model
            gc.collect()        # an optimizer and its schedule hold each other


def ready(side, config, weights: dict, precision: str = "float32"):
    """A side's model with the given weights, in a precision, on the device that `labs.device` chooses.

    Parameters
    ----------
    side : module or namespace
        With `build(config)`; it may bring its own `load(model, weights)`.
    config : object
    weights : dict of str to array
    precision : {"float32", "float64"}

    Returns
    -------
    The model, as the framework makes it: in training mode.
    """
    model = weights_.cast(side.build(config), precision)
    getattr(side, "load", weights_.load)(model, weights)
    return model


def climb_alone(side, model, config, batches, precision, sketch) -> Record:
    """The climb itself, one rung after another."""
    driver, rungs, seen = weights_.driver_of(model), {}, []

    def keep(arrays):
        return sketches(arrays, sketch)
    driver.without_dropout(model)
    rungs["parameters"] = keep(weights_.parameters(model))
    model.eval()
    rungs["forward"] = keep({"logits": driver.to_numpy(side.logits(model, batches[0]))})
    model.train()
    optimizer = side.make_optimizer(model, config)
    unwatch = driver.watch_gradients(model, optimizer, seen)
    losses = [scalar(driver, side.step(model, optimizer, batches[0]))]
    unwatch()
    if not seen:
        raise ParityError(f"the {name_of(side)} side's step never called optimizer.step()")
    rungs["loss"] = {"loss": losses[0]}
    rungs["gradients"] = keep(seen.pop())
    rungs["one step"] = keep(weights_.parameters(model))
    losses += [scalar(driver, side.step(model, optimizer, batch)) for batch in batches[1:]]
    after = keep(weights_.parameters(model)) if batches[1:] else rungs["one step"]
    rungs["k steps"] = {**after, "losses": np.array(losses)}
    rungs["train mode"] = keep({**weights_.buffers(model), "logits": driver.to_numpy(side.logits(model, batches[0]))})
    return Record(name_of(side), precision, rungs, driver.place(model))


def scalar(driver, loss) -> np.ndarray:
    """The loss as an array without dimensions."""
    value = driver.to_numpy(loss)
    if value.size != 1:
        raise ParityError(f"step must return one loss, a scalar; it returned shape {value.shape}")
    return value.reshape(())


def cast(batch: tuple, precision: str) -> tuple:
    """A batch with its floats in the given precision; integers stay."""
    return tuple(a.astype(precision, copy=False) if a.dtype.kind == "f" else a for a in batch)

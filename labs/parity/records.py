"""A record: what one side computed on its way up the ladder, as named NumPy arrays, rung by rung."""
import fnmatch
import gc
from dataclasses import dataclass, field

import numpy as np

from labs.parity import names as names_
from labs.parity import weights as weights_
from labs.parity.arrays import as_batches, cast, outputs_of, scalar
from labs.parity.errors import ParityError
from labs.parity.sketches import sketches

RUNGS = {
    "parameters": "the parameters map one to one",
    "trainable": "the same parameters are trained, the same ones frozen",
    "forward": "the same input gives the same logits, in eval mode",
    "loss": "the same batch gives the same loss",
    "gradients": "every parameter has a gradient, and each agrees",
    "one step": "one optimizer step leaves the same weights",
    "k steps": "k steps give the same losses and leave the same weights",
    "train mode": "running statistics and outputs agree in training mode",
}
ZERO = {"float64": 1e-11, "float32": 1e-3}      # of the largest gradient: what rounding alone leaves of a zero
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
    unused : tuple of str
        Parameters without a gradient that do not move the logits either: layers that nobody calls.
    """
    side: str
    precision: str
    rungs: dict = field(repr=False)
    place: str = "cpu"
    unused: tuple = ()


def name_of(side) -> str:
    """How a side is called in tables: its `NAME`, or its module's name."""
    known = {"paddle_side": "Paddle", "torch_side": "PyTorch", "fluid_side": "Fluid"}
    own = getattr(side, "__name__", "").split(".")[-1]
    return getattr(side, "NAME", None) or known.get(own, own or type(side).__name__)


def record(side, config, weights: dict, batches: list, precision: str = "float64", sketch: int | None = None,
           zero_gradients: tuple = ()) -> Record:
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
    batches : list of tuple or dict of array
        The first is used for the rungs up to one step; all of them for k steps. Floats are cast.
    precision : {"float64", "float32"}
    sketch : int, optional
        Keep arrays of more entries as sketches with so many places, and give the side's memory back at the end: for
        networks whose records would not fit.
    zero_gradients : sequence of str, optional
        Parameters, by name or pattern, whose true gradient is zero: a bias in front of BatchNorm, attention's key bias.
        Their rounding noise is checked to be that, and set to zero before each optimizer step.

    Raises
    ------
    ParityError
        If the side lacks one of its functions, its step never reaches the optimizer, or what goes in or comes out
        cannot be compared.
    """
    missing = [f for f in NEEDED if not callable(getattr(side, f, None))]
    if missing:
        raise ParityError(f"the {name_of(side)} side has no {', '.join(missing)}: a side needs {', '.join(NEEDED)}")
    batches = as_batches(batches)
    model = ready(side, config, weights, precision)
    undo = weights_.driver_of(model).tf32_off()
    try:
        return climb_alone(side, model, config, [cast(b, precision) for b in batches], precision, sketch, zero_gradients)
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
        With `build(config)`; it may bring its own `load(model, weights)`, and `names`, a map from its names to the other
        side's (see `labs.parity.names.attach`).
    config : object
    weights : dict of str to array
    precision : {"float32", "float64"}

    Returns
    -------
    The model, as the framework makes it: in training mode.
    """
    model = weights_.cast(side.build(config), precision)
    if getattr(side, "names", None):
        names_.attach(model, side.names)
    getattr(side, "load", weights_.load)(model, weights)
    return model


def climb_alone(side, model, config, batches, precision, sketch, zero_gradients=()) -> Record:
    """The climb itself, one rung after another."""
    driver, rungs, seen = weights_.driver_of(model), {}, []

    def keep(arrays):
        return sketches(arrays, sketch)

    def out():
        return outputs_of(driver, called(side, "logits", precision, model, batches[0]), name_of(side))

    def step(batch):
        return scalar(driver, called(side, "step", precision, model, optimizer, batch), name_of(side))
    driver.without_dropout(model)
    rungs["parameters"] = keep(weights_.parameters(model))
    rungs["trainable"] = {name: np.array(float(moves)) for name, moves in weights_.trained(model).items()}
    model.eval()
    rungs["forward"] = keep(out())
    model.train()
    optimizer = side.make_optimizer(model, config)
    zero, zeros = zeroing(model, driver, zero_gradients, precision)
    let_go = driver.before_step(optimizer, zero)
    unwatch = driver.watch_gradients(model, optimizer, seen)
    losses = [step(batches[0])]
    unwatch()
    if not seen:
        raise ParityError(f"the {name_of(side)} side's step never called optimizer.step()")
    rungs["loss"] = {"loss": losses[0]}
    rungs["gradients"] = keep({name: np.zeros_like(g) if name in zeros else g for name, g in seen.pop().items()})
    rungs["one step"] = keep(weights_.parameters(model))
    losses += [step(batch) for batch in batches[1:]]
    after = keep(weights_.parameters(model)) if batches[1:] else rungs["one step"]
    rungs["k steps"] = {**after, "losses": np.array(losses)}
    rungs["train mode"] = keep({**weights_.buffers(model), **out()})
    let_go()
    lacking = [name for name, gradient in rungs["gradients"].items() if gradient is None]
    return Record(name_of(side), precision, rungs, driver.place(model), unused(model, lacking, out) if lacking else ())


def called(side, function: str, precision: str, *arguments):
    """Call a side's function; where float64 meets a tensor that was made in float32, say so.

    Raises
    ------
    ParityError
        The framework complains of two precisions in one operation.
    """
    try:
        return getattr(side, function)(*arguments)
    except (RuntimeError, ValueError, TypeError) as error:
        said = str(error).lower()
        if precision == "float64" and any(word in said for word in ("dtype", "data type", "double", "float64")):
            raise ParityError(f"the {name_of(side)} side's {function} mixes precisions in a float64 climb: "
                              f"{str(error).strip().splitlines()[0]}. A tensor that it makes itself (torch.zeros, paddle.zeros) is "
                              "float32; make it with the dtype of the input: torch.zeros(..., dtype=x.dtype)") from error
        raise


def unused(model, lacking: list, out) -> tuple:
    """Of the parameters without a gradient those that do not move the logits in eval mode."""
    driver, before, found = weights_.driver_of(model), weights_.parameters(model), []
    put, training = driver.writer(model), model.training
    model.eval()
    right = out()
    for name in lacking:
        put(name, before[name] + 1)
        if all(np.array_equal(value, right[at]) for at, value in out().items()):
            found.append(name)
        put(name, before[name])
    model.train() if training else model.eval()
    return tuple(found)


def zeroing(model, driver, patterns, precision):
    """A function that sets the named gradients to zero, after a look that they are nothing but rounding, and their names.

    Raises
    ------
    ParityError
        A pattern fits no trained parameter, or a gradient is not zero.
    """
    known = {name: one for name, one in names_.entries(model, driver).items() if one.kind == "trained"}
    named = [name for pattern in patterns for name in known if fnmatch.fnmatchcase(name, pattern)]
    alone = [pattern for pattern in patterns if not any(fnmatch.fnmatchcase(name, pattern) for name in known)]
    if alone:
        raise ParityError(f"zero_gradients: {alone[0]!r} fits no trained parameter; there are {', '.join(list(known)[:8])} ...")
    allowed = ZERO[precision]

    def zero(*_):
        gradients = weights_.gradients_of(model) if named else {}
        largest = max((float(np.max(np.abs(g), initial=0)) for g in gradients.values() if g is not None), default=0.0)
        for name in named:
            if gradients[name] is None:
                continue
            size = float(np.max(np.abs(gradients[name]), initial=0))
            if not size <= allowed * largest:
                raise ParityError(f"zero_gradients: {name} was named as having no gradient, but it has one of {size:.2g}, "
                                  f"{size / largest:.2g} of the largest; more than rounding ({allowed:.0e}) in {precision}")
            driver.put_gradient(known[name], np.zeros_like(gradients[name]))
    return zero, named


def rung_of(record: Record, name: str) -> dict:
    """A record's arrays on a rung; what is trained is told by the gradients where the record does not say it."""
    if name == "trainable" and name not in record.rungs:
        return {n: np.array(1.0) for n in record.rungs.get("gradients", {})}
    return record.rungs.get(name, {})


def moved_by_one(exact: tuple, given: list, shared: list) -> str:
    """Parameters that one side trains and the other freezes, in words."""
    said = [f"{n} is trained on the {exact[0].side} side and frozen on the {exact[1].side} side" if np.any(given[0][n]) else f"{n} is frozen on the {exact[0].side} side and trained on the {exact[1].side} side"
            for n in shared if np.any(given[0][n] != given[1][n])]
    return "; ".join(said[:4]) + (f"; and {len(said) - 4} more" if len(said) > 4 else "")

"""A record: what one side computed on its way up the ladder, as named NumPy arrays, rung by rung."""
import gc
import math
from dataclasses import dataclass, field, replace

import numpy as np

from labs.parity import names as names_
from labs.parity import weights as weights_
from labs.parity.arrays import as_batches, cast, loud, outputs_of, scalar
from labs.parity.errors import ParityError
from labs.parity.guards import called, unused, zeroing
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
NEEDED = ("build", "make_optimizer", "step", "logits")
ALSO = "also: "         # a rung of a side's further functions is called "also: NAME"
LOUD = "logits of loud inputs"
OTHERS = "logits of batch "     # logits of the batches that have another shape than all before them
LOUD_LAYER = "logits of a loud last layer"
OPTIONAL = (LOUD, LOUD_LAYER, OTHERS, "logits in eval mode", "loss with shared masks")      # records from elsewhere may lack what begins so
LOUDER = 2.0**14        # inputs, or a last layer, times this: logits 100 apart; no loss is asked, for Paddle cuts its own at 64


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
    traits : dict of str to str, or None
        What has no numbers: each dropout layer's kind, rate and mode, by its path. None where nobody looked.
    random : str
        The first layer whose output changed when the same batch was read twice in training mode, dropout layers off.
    norms : list of float
        The joint norm of the gradients at each step, as the optimizer got them.
    rates : list of float
        The learning rate of each step.
    unused : list of str
        Parameters without a gradient that do not move the logits either: layers that nobody calls.
    bounds : dict
        What the optimizer and the layers themselves bound: "clip", the joint norm of the gradients, and "max_norm", that of an
        embedding's rows, by name.
    last : str, or None
        Path of the layer whose weights were made loud: tokens cannot be, and a normalisation takes loud inputs back.
    """
    side: str
    precision: str
    rungs: dict = field(repr=False)
    place: str = "cpu"
    traits: dict | None = None
    random: str = ""
    norms: list = field(default_factory=list, repr=False)
    rates: list = field(default_factory=list, repr=False)
    unused: list = field(default_factory=list, repr=False)
    bounds: dict = field(default_factory=dict, repr=False)
    last: str | None = None


def name_of(side) -> str:
    """How a side is called in tables: its `NAME`, or its module's name."""
    known = {"paddle_side": "Paddle", "torch_side": "PyTorch", "fluid_side": "Fluid"}
    own = getattr(side, "__name__", "").split(".")[-1]
    return getattr(side, "NAME", None) or known.get(own, own or type(side).__name__)


def record(side, config, weights: dict, batches: list, precision: str = "float64", sketch: int | None = None,
           also: dict | None = None, zero_gradients: tuple = (), last: str | None = None) -> Record:
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
    also : dict of str to callable, optional
        Further functions to climb, by name: `function(side, model, batches)` gives an array, or a dict of arrays, of the
        trained model in eval mode (a score, a cache's logits, a moving average). Each is a rung of its own, "also: NAME".
    zero_gradients : sequence of str, optional
        Parameters, by name or pattern, whose true gradient is zero: a bias in front of BatchNorm, attention's key bias.
        Their rounding noise is checked to be that, and set to zero before each optimizer step.
    last : str, optional
        The layer whose weights are made loud for another look at the logits, by the record's names; the same for all sides
        (see `last_layer`; the side's own if not given).

    Raises
    ------
    ParityError
        If the side lacks one of its functions, its step never reaches the optimizer, or what goes in or comes out
        cannot be compared.
    """
    return list(climbing(side, config, weights, batches, precision, sketch, also, zero_gradients, last))[-1]


def climbing(side, config, weights, batches, precision="float64", sketch=None, also=None, zero_gradients=(), last=None):
    """The same climb, one rung at a time: yields the record so far after each, so that who has seen enough can stop."""
    missing = [f for f in NEEDED if not callable(getattr(side, f, None))]
    if missing:
        raise ParityError(f"the {name_of(side)} side has no {', '.join(missing)}: a side needs {', '.join(NEEDED)}")
    batches = as_batches(batches)
    model = ready(side, config, weights, precision)
    undo = weights_.driver_of(model).tf32_off()
    try:
        yield from climb_alone(side, model, config, [cast(b, precision) for b in batches], precision, sketch, also or {}, zero_gradients,
                               last)
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


def other_shapes(batches) -> list:
    """Pairs of number, from 1, and batch: those whose shapes no batch before has, but for the first; three at most."""
    found = {}
    for number, batch in enumerate(batches, 1):
        parts = batch.values() if isinstance(batch, dict) else batch
        found.setdefault(tuple(np.shape(part) for part in parts if isinstance(part, np.ndarray)), (number, batch))
    return list(found.values())[1:4]


def last_layer(model) -> str | None:
    """Path of the layer that was registered last, by the record's names; None where no layer has parameters."""
    known = list(names_.entries(model, weights_.driver_of(model)).values())
    return next((one.name.rpartition(".")[0] for one in reversed(known) if one.kind != "state"), None)


def louder_layer(model, path: str, evaluated) -> dict:
    """What `evaluated()` gives while the weights of a layer are LOUDER times what they are."""
    put = weights_.driver_of(model).writer(model)
    own = {name: value for name, value in weights_.parameters(model).items() if name.rpartition(".")[0] == path}
    for name, value in own.items():
        put(name, value * value.dtype.type(LOUDER))
    found = evaluated()
    for name, value in own.items():
        put(name, value)
    return found


def climb_alone(side, model, config, batches, precision, sketch, also, zero_gradients=(), last=None):
    """The climb itself, one rung after another."""
    driver, rungs, seen = weights_.driver_of(model), {}, []
    last = None if sketch else last_layer(model) if last is None else last
    traits = driver.dropouts(model)
    made = Record(name_of(side), precision, rungs, driver.place(model), traits, last=last)

    def keep(arrays):
        return sketches(arrays, sketch)

    def evaluated(batch=batches[0]):
        model.eval()
        found = outputs_of(driver, called(side, "logits", precision, model, batch), name_of(side))
        model.train()
        return found
    driver.without_dropout(model)
    rungs["parameters"] = keep(weights_.weights_of(model))
    rungs["trainable"] = {name: np.array(float(moves)) for name, moves in weights_.trained(model).items()}
    yield made
    rungs["forward"] = keep(evaluated())
    for number, batch in other_shapes(batches) if not sketch else ():
        rungs["forward"] |= {name.replace("logits", f"{OTHERS}{number}", 1): out for name, out in evaluated(batch).items()}
    louder = loud(batches[0], LOUDER)
    for name, looked in ((LOUD, lambda: evaluated(louder) if louder is not None else {}),
                         (LOUD_LAYER, lambda: louder_layer(model, last, evaluated) if last is not None else {})):
        rungs["forward"] |= keep({key.replace("logits", name, 1): out for key, out in looked().items() if np.isfinite(out).all()})
    yield made
    optimizer = side.make_optimizer(model, config)
    made.bounds.update(clip=driver.clip_norm(optimizer), max_norm=driver.max_norms(model))
    zero, zeros = zeroing(model, driver, zero_gradients, precision)
    if zeros:
        driver.before_step(optimizer, zero)
    unwatch = driver.watch_gradients(model, optimizer, seen)

    def loss_of(batch):
        return scalar(driver, called(side, "step", precision, model, optimizer, batch), name_of(side))

    def step(batch):
        rate = driver.learning_rate(optimizer)
        loss = loss_of(batch)
        found = seen.pop() if seen else {}
        seen.clear()
        made.rates.append(rate)
        made.norms.append(float(np.sqrt(sum(float(np.vdot(g, g)) for g in found.values() if g is not None))))
        return loss, found
    loss, gradients = step(batches[0])
    if not gradients:
        raise ParityError(f"the {name_of(side)} side's step never called optimizer.step()")
    losses = [loss]
    rungs["loss"] = {"loss": loss}
    yield made
    made.unused.extend(unused(model, [name for name, g in gradients.items() if g is None], evaluated))
    rungs["gradients"] = keep({name: np.zeros_like(g) if name in zeros else g for name, g in gradients.items()})
    yield made
    rungs["one step"] = keep(weights_.weights_of(model))
    yield made
    if precision == "float32":
        unwatch()                           # norms are asked of float64 alone: reading all gradients takes time
    for batch in batches[1:]:
        losses.append(step(batch)[0] if precision == "float64" else loss_of(batch))
    if precision == "float64":
        unwatch()
    after = keep(weights_.weights_of(model)) if batches[1:] else rungs["one step"]
    rungs["k steps"] = {**after, "losses": np.array(losses)}
    yield made
    made = train_mode(side, model, optimizer, batches[0], made, keep, evaluated)
    yield made
    model.eval()
    for name, function in also.items():
        found = function(side, model, batches)
        rungs[ALSO + name] = {n: np.asarray(a) for n, a in (found if isinstance(found, dict) else {name: found}).items()}
        yield made


def train_mode(side, model, optimizer, batch, made, keep, evaluated) -> Record:
    """The last rung: logits in both modes, running statistics, and one step more with dropout masks that all sides share."""
    driver = weights_.driver_of(model)
    late = keep({name.replace("logits", "logits in eval mode", 1): out for name, out in evaluated().items()}
                | weights_.buffers(model))
    (logits, first), (_, again) = (outputs_by_layer(side, model, batch) for _ in range(2))
    made.rungs["train mode"] = late | keep(logits)
    differing = [path for path in first if path in again and first[path].shape == again[path].shape
                 and np.abs(first[path] - again[path]).max(initial=0) > 1e-3 * np.abs(first[path]).max(initial=0)]
    if differing:
        made = replace(made, random=differing[0] or "the model itself")
    if made.traits:
        order = list(made.traits)           # the n-th layer's mask is the same on both sides, whatever it is called
        undo = driver.with_masks(model, order, lambda path, shape: mask(str(order.index(path)), shape))
        made.rungs["train mode"]["loss with shared masks"] = scalar(driver, side.step(model, optimizer, batch), name_of(side))
        for take_away in undo:
            take_away()
    return made


def outputs_by_layer(side, model, batch) -> tuple:
    """The logits in training mode, and what each layer gives out."""
    driver, found = weights_.driver_of(model), {}
    undo = []
    for path, layer in driver.layers(model).items():
        def look(out, path=path):
            if hasattr(out, "detach") and path not in found:
                found[path] = driver.to_numpy(out)
        undo.append(driver.after(layer, look))
    logits = outputs_of(driver, side.logits(model, batch), name_of(side))
    for take_away in undo:
        take_away()
    return logits, found


def mask(path: str, shape: tuple) -> np.ndarray:
    """Zeros and twos for a dropout layer, drawn from its path: the same for every side."""
    stream = np.random.PCG64([len(path), *path.encode()])
    return (2.0 * (stream.random_raw(math.prod(shape)) >> 63)).reshape(shape)

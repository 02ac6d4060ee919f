"""What goes into a side and what comes out of it, as NumPy arrays: batches, logits, losses."""
import math

import numpy as np

from labs.parity.errors import ParityError


def outputs_of(driver, value, side: str) -> dict:
    """What `logits` gave, as arrays by name: a tensor, an array, or several of them in a tuple or dict.

    Raises
    ------
    ParityError
        There is nothing in it that can be compared.
    """
    if isinstance(value, dict) or hasattr(value, "keys"):
        parts = {f"logits.{key}": value[key] for key in value.keys() if value[key] is not None}
    elif isinstance(value, (tuple, list)):
        parts = {f"logits[{at}]": one for at, one in enumerate(value)}
    else:
        parts = {"logits": value}
    flat = {}
    for name, one in parts.items():
        if isinstance(one, (tuple, list)):
            flat |= {f"{name}[{at}]": each for at, each in enumerate(one)}
        else:
            flat[name] = one
    made = {name: array_of(driver, one) for name, one in flat.items()}
    if not made or any(one is None or one.dtype.kind not in "fiub" for one in made.values()):
        raise ParityError(f"the {side} side's logits gave {type(value).__name__}; expected a tensor or an array, or a tuple or dict "
                          "of them")
    return made


def array_of(driver, value):
    """An array out of a tensor of the driver's framework, an array or a number; None of anything else."""
    if isinstance(value, (np.ndarray, np.generic, float, int)):
        return np.array(value)
    return driver.to_numpy(value) if hasattr(value, "detach") else None


def scalar(driver, loss, side: str) -> np.ndarray:
    """The loss as an array without dimensions; a plain number will do.

    Raises
    ------
    ParityError
        It is no number, or several.
    """
    value = array_of(driver, loss)
    if value is None:
        raise ParityError(f"the {side} side's step gave {type(loss).__name__}: it must return the loss, a scalar tensor")
    if value.size != 1:
        raise ParityError(f"step must return one loss, a scalar; it returned shape {value.shape}")
    return value.reshape(())


def as_batches(batches) -> list:
    """Batches as a list of tuples or dicts of NumPy arrays, from a generator or a DataLoader too.

    Raises
    ------
    ParityError
        There are none, or one is no tuple or dict of arrays.
    """
    if not hasattr(batches, "__iter__") or isinstance(batches, (dict, str)) or hasattr(batches, "shape"):
        raise ParityError(f"batches: expected a list of tuples of arrays, got {type(batches).__name__}")
    made = [as_batch(batch) for batch in batches]
    if not made:
        raise ParityError("no batches: the ladder needs at least one, and twenty to be convincing")
    return made


def as_batch(batch):
    """A batch with its tensors as NumPy arrays."""
    if isinstance(batch, dict) or hasattr(batch, "keys"):
        return {key: neutral(batch[key], key) for key in batch.keys()}
    if isinstance(batch, (tuple, list)):
        return tuple(neutral(value, at) for at, value in enumerate(batch))
    raise ParityError(f"a batch is a tuple or a dict of arrays, got {type(batch).__name__}"
                      + (": write (x,)" if hasattr(batch, "shape") else ""))


def neutral(value, where):
    """A part of a batch in NumPy, which both sides can read."""
    if hasattr(value, "detach"):
        return np.asarray(value.detach().cpu().numpy())
    if isinstance(value, np.ndarray) or value is None or isinstance(value, (str, bool, int, float, np.generic)):
        return value
    if isinstance(value, (list, tuple)):
        return tuple(neutral(one, where) for one in value)
    raise ParityError(f"part {where!r} of a batch: expected an array, got {type(value).__name__}")


def cast(batch, precision: str):
    """A copy of a batch with its floats in the given precision; integers stay.

    A copy, for PyTorch's `from_numpy` shares an array's memory: a side that writes into its batch must not hand what it wrote
    to the other side.
    """
    if isinstance(batch, dict):
        return {key: cast(value, precision) for key, value in batch.items()}
    if isinstance(batch, tuple):
        return tuple(cast(value, precision) for value in batch)
    if not isinstance(batch, np.ndarray):
        return batch
    return batch.astype(precision) if batch.dtype.kind == "f" else batch.copy()


def wave(shape) -> np.ndarray:
    """What a plain step pulls the outputs to: cosines of 0, 1, 2 ... in the outputs' shape."""
    return np.cos(np.arange(math.prod(shape), dtype=float)).reshape(tuple(shape))


def floats(value) -> list:
    """The tensors of floats in what a model gives."""
    if isinstance(value, (tuple, list)):
        return [each for one in value for each in floats(one)]
    if hasattr(value, "keys"):
        return floats([value[key] for key in value.keys()])
    return [value] if hasattr(value, "detach") and value.is_floating_point() else []


def loud(batch, factor: float):
    """A batch whose floating inputs are times a factor; None where it has none, such as tokens.

    Of a tuple the first array alone is the input; of a dict every array of floats is that is no mask of zeros and ones.
    """
    if isinstance(batch, dict):
        floating = [key for key, value in batch.items() if isinstance(value, np.ndarray) and value.dtype.kind == "f"
                    and not np.isin(value, (0, 1)).all()]
        return batch | {key: batch[key] * batch[key].dtype.type(factor) for key in floating} if floating else None
    first = batch[0]
    if not isinstance(first, np.ndarray) or first.dtype.kind != "f":
        return None
    return (first * first.dtype.type(factor), *batch[1:])

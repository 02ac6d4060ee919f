"""What a climb looks at before it believes: mixed precisions, layers that nobody calls, gradients said to be zero."""
import fnmatch

import numpy as np

from labs.parity import names as names_
from labs.parity import weights as weights_
from labs.parity.errors import ParityError, SideError

ZERO = {"float64": 1e-11, "float32": 1e-3}      # of the largest gradient: what rounding alone leaves of a zero


def called(side, function: str, precision: str, *arguments):
    """Call a side's function; where float64 meets a tensor that was made in float32, say so.

    Raises
    ------
    ParityError
        The framework complains of two precisions in one operation.
    """
    try:
        return getattr(side, function)(*arguments)
    except (RuntimeError, ValueError, TypeError, SideError) as error:
        own = error.__cause__ if isinstance(error, SideError) else error
        said = str(own).lower()
        # autograd names the type of a tensor that was changed in place
        if precision == "float64" and "inplace" not in said and any(
                word in said for word in ("dtype", "data type", "double", "float64")):
            raise ParityError(f"the {getattr(side, 'NAME', 'other')} side's {function} mixes precisions in a float64 climb: "
                              f"{str(own).strip().splitlines()[0]}. A tensor that it makes itself (torch.zeros, paddle.zeros) is "
                              "float32; make it with the dtype of the input: torch.zeros(..., dtype=x.dtype)") from error
        raise


def unused(model, lacking: list, out) -> tuple:
    """Of the parameters without a gradient those that do not move the logits; `out()` gives them, in eval mode."""
    driver, before, found = weights_.driver_of(model), weights_.parameters(model), []
    if not lacking:
        return ()
    put, right = driver.writer(model), out()
    for name in lacking:
        put(name, before[name] + 1)
        if all(np.array_equal(value, right[at]) for at, value in out().items()):
            found.append(name)
        put(name, before[name])
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


def like_zero(records: list) -> dict:
    """Parameters whose float64 gradient is zero up to rounding on every side, and not zero itself: {name: (sizes, largest)}.

    Of records of one climb; what was kept as a sketch is left out.
    """
    found = {}
    for record in (one for one in records if one.precision == "float64"):
        sizes = {n: float(np.max(np.abs(g), initial=0)) for n, g in record.rungs.get("gradients", {}).items()
                 if isinstance(g, np.ndarray)}
        largest = max(sizes.values(), default=0.0)
        found[record.side, id(record)] = {n: (size, largest) for n, size in sizes.items() if size <= ZERO["float64"] * largest}
    if len(found) < 2:
        return {}
    shared = set.intersection(*(set(one) for one in found.values()))
    return {n: ([one[n][0] for one in found.values()], max(one[n][1] for one in found.values()))
            for n in next(iter(found.values())) if n in shared and any(one[n][0] for one in found.values())}

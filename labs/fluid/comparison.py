"""Whether a run gives what its recording claims; the one place that says how near is near enough.

A recording is made on one processor and checked on others, which add in another order. So each number is held
to what it claims:

- integers, truth values: equal.
- text: the same words and whole numbers. A number with a point or an exponent is held to the precision in which the
  cell computed: float64 to EXACT of the number; float32 (a cell marked `-p float32`) to FLOOR_ULP, or to one unit of
  its last printed place.
- float64: within EXACT of the array's size (its largest entry; where an array is a thousand times smaller than the
  largest beside it, of a thousandth of that: a gradient that is zero but for rounding).
- float32 with its float64 twin beside it (`.../float32/...` and `.../float64/...`): the ladder's rule. Each
  side's error against its own float64 twin is at most ALLOWED times the other's. Errors below FLOOR_ULP of the
  array's size are not told apart, nor are those below the recording's *spread*: how far the cell's float32 moved when
  its inputs moved by a few ulp, measured when it was recorded. Twenty steps in float32 end percents apart on two
  processors, and honestly so; a doubled loss or another rate is seen on the rung where it begins. Where both errors
  are larger than that, they are no rounding but a finding (Fluid's LSTM whose gates learn nothing), and the two
  float32 arrays themselves are held to the spread.
- float32 (or float16) without a twin: within FLOOR_ULP of its precision, of the array's size. So is all that a cell
  marked `-p float32` prints and gives.

What may not be claimed that tightly needs its float64 twin on the page.
"""
import re

import numpy as np

from labs.fluid.kernel.fluid_crossing import SEPARATOR, flat
from labs.parity.comparing import ALLOWED, FLOOR_ULP

EXACT = 1e-9            # float64: twenty steps of a deep network amplify its rounding a million times
NUMBER = re.compile(r"[-+]?\d+\.\d*(?:e[-+]?\d+)?|[-+]?\d+e[-+]?\d+")
SINGLE, DOUBLE = "float32", "float64"


def by_path(values):
    """{path: array} of all that is in some values."""
    return {path: array for name, value in values.items() for path, array in flat(value, name)}


def twin(path):
    """The path of the same array in float64; None for what was not computed in both precisions."""
    parts = path.split(SEPARATOR)
    return SEPARATOR.join(DOUBLE if part == SINGLE else part for part in parts) if SINGLE in parts else None


def twinned(values):
    """{path of a float32 array: path of its float64 twin}, where both are there and of one shape."""
    found = {path: twin(path) for path, array in values.items() if array.dtype.kind == "f"}
    return {path: other for path, other in found.items()
            if other in values and values[other].shape == values[path].shape}


def error(one, other):
    """The root mean square of an array's difference from another."""
    return float(np.sqrt(np.mean(np.square(np.asarray(one, float) - other)))) if np.size(other) else 0.0


def spread(values, draws):
    """How far rounding may take float32: the largest distance of some runs from moved inputs to the unmoved one.

    To float32, not to float64: a mistake that float32 alone makes is in all of these runs, and must not hide itself.

    Parameters
    ----------
    values : dict of str to array
        By path.
    draws : list of dict
        The same, from inputs moved by a few ulp.

    Returns
    -------
    dict of str to float
        By path of a float32 array that has a twin.
    """
    return {path: max(error(draw[path], values[path]) for draw in draws) for path in twinned(values)} if draws else {}


def drift(recording, outputs, values, precision=DOUBLE):
    """Where a run differs from its recording.

    Parameters
    ----------
    recording : labs.fluid.recordings.Recording
    outputs : list of dict
        In nbformat's terms.
    values : dict
        As a recording keeps them: large arrays as sketches.
    precision : {"float64", "float32"}
        In which the cell computed what it prints, and what it gives without a twin.

    Returns
    -------
    list of str
        In words; empty if every number is what the recording claims.
    """
    wrong, kept, now = [], by_path(recording.values), by_path(values)
    judged, scale = twinned(kept), scales(kept)
    for path in sorted({**kept, **now}):
        a, b = kept.get(path), now.get(path)
        if a is None or b is None or a.shape != b.shape or a.dtype.kind != b.dtype.kind:
            wrong.append(f"{path}: recorded {describe(a)}, now {describe(b)}")
        elif a.dtype.kind == "U":
            if not all(map(alike, a.ravel().tolist(), b.ravel().tolist(), [precision] * a.size)):
                wrong.append(f"{path}: other words")
        elif a.dtype.kind not in "fc":
            if not np.array_equal(a, b):
                wrong.append(f"{path}: other values")
        elif path in judged and judged[path] in now and now[judged[path]].shape == b.shape:
            said = by_error((a, kept[judged[path]]), (b, now[judged[path]]), recording.spread.get(path, 0.0))
            wrong += [f"{path}: {said}"] if said else []
        elif not within(a, b, rounding(a, precision), scale[path]):
            with np.errstate(invalid="ignore"):             # infinity less infinity
                wrong.append(f"{path}: other values, up to {np.max(np.abs(a - b)):.2g} apart")
    if len(recording.outputs) != len(outputs):
        return [*wrong, f"recorded the outputs {kinds(recording.outputs)}, now {kinds(outputs)}"]
    return wrong + [f"output {number} differs: recorded {shown(a)}, now {shown(b)}"
                    for number, (a, b) in enumerate(zip(recording.outputs, outputs), 1)
                    if not alike(a, b, precision)]


def by_error(recorded, now, measured):
    """The ladder's rule for two float32 arrays, each beside its float64 twin; words where it is broken."""
    exact = np.asarray(recorded[1], float)
    size = float(np.sqrt(np.mean(np.square(exact)))) if exact.size else 0.0
    least = max(FLOOR_ULP * float(np.finfo(SINGLE).eps) * size, measured, float(np.finfo(SINGLE).tiny))
    before, after = error(*recorded), error(*now)
    equal = before <= ALLOWED * max(after, least) and after <= ALLOWED * max(before, least)      # false for NaN too
    if equal and min(before, after) > ALLOWED * least:      # no rounding: a finding, and the same one on both sides
        apart = error(now[0], recorded[0])
        return "" if apart <= ALLOWED * least else f"other values, {apart:.2g} apart where rounding takes {least:.2g}"
    return "" if equal else f"its float32 error against float64 is {after:.2g}, recorded {before:.2g}; allowed are {ALLOWED:g} times"


def rounding(array, precision=DOUBLE):
    """What rounding may do, relative to an array's size: EXACT in float64, FLOOR_ULP in what is shorter."""
    if precision == DOUBLE and array.dtype.itemsize >= 8 * (1 + (array.dtype.kind == "c")):
        return EXACT
    return FLOOR_ULP * max(float(np.finfo(array.dtype).eps), float(np.finfo(SINGLE).eps))


def scales(values):
    """{path: scale} of arrays: the largest entry, or a thousandth of the largest in the same dict."""
    own = {path: largest(array) for path, array in values.items() if array.dtype.kind in "fc"}
    inside = {path: inside_of(path) for path in own}
    beside = {}
    for path, size in own.items():
        beside[inside[path]] = max(beside.get(inside[path], 0.0), size)
    return {path: max(size, 1e-3 * beside[inside[path]] if inside[path] else 0.0) for path, size in own.items()}


def inside_of(path):
    """The dict that an array lies in: all of its path but its own name (and its sketch)."""
    parts = [part for part in path.split(SEPARATOR) if not part.startswith("sketch:")]
    return SEPARATOR.join(parts[:-1])


def largest(array):
    """The largest entry of an array, without its sign; NaN and infinities left out."""
    finite = np.abs(array[np.isfinite(array)]) if np.ndim(array) else np.abs(np.atleast_1d(array))
    return float(np.max(finite[np.isfinite(finite)], initial=0.0))


def within(a, b, tolerance, size):
    """Are two arrays equal within a tolerance relative to a size? Infinities and NaN must stand in the same places."""
    a, b = np.atleast_1d(a), np.atleast_1d(b)
    finite = np.isfinite(a)
    if not np.array_equal(finite, np.isfinite(b)) or not np.array_equal(a[~finite], b[~finite], equal_nan=True):
        return False
    wide = complex if a.dtype.kind == "c" else float
    gap = np.max(np.abs(a[finite].astype(wide) - b[finite]), initial=0.0)
    return bool(gap <= tolerance * size)


def alike(a, b, precision=DOUBLE):
    """Are two outputs alike: the same words, numbers within rounding, pictures of the same kind?"""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(name.startswith("image/") or alike(a[name], b[name], precision) for name in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(alike(x, y, precision) for x, y in zip(a, b))
    if isinstance(a, str) and isinstance(b, str):
        return NUMBER.sub("#", a) == NUMBER.sub("#", b) and all(
            map(printed_alike, NUMBER.findall(a), NUMBER.findall(b), [precision] * len(NUMBER.findall(a))))
    if isinstance(a, float) and isinstance(b, float):
        return printed_alike(repr(a), repr(b), precision)
    return a == b


def printed_alike(a, b, precision=DOUBLE):
    """Two printed numbers: no further apart than rounding goes; in float32 that may turn the last printed digit."""
    x, y = float(a), float(b)
    last = 1.01 * min(place(a), place(b)) if precision != DOUBLE else 0.0
    return a == b or abs(x - y) <= max(last, rounding(np.zeros(1), precision) * max(abs(x), abs(y)))


def place(text):
    """The value of one unit in the last place of a printed number: 0.001 of "2.045", 1e-9 of "1.25e-07", 0 of "14."."""
    digits, _, exponent = text.partition("e")
    places = len(digits.partition(".")[2])
    return 10.0 ** (int(exponent or 0) - places) if places else 0.0


def kinds(outputs):
    """Outputs in words."""
    return ", ".join(output.get("name", output["output_type"]) + f" {str(output.get('text', ''))[:200]!r}"
                     for output in outputs) or "none"


def shown(output):
    """An output in few words."""
    return repr(output.get("text") or output.get("data", {}).get("text/plain", output["output_type"]))[:200]


def describe(array):
    """An array in words."""
    return "nothing" if array is None else f"{array.dtype} {array.shape}"

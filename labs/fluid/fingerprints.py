"""What a recording remembers of its inputs, so that it is shown for the same inputs alone.

Integers, bytes, truth values and text are remembered exactly, by a hash. Floats may differ in their last
digits from machine to machine (a product of matrices in NumPy does), so of them PLACES sums are kept. Each entry
goes into one sum, with a weight of its own between 0.5 and 1.5 and a sign, both drawn once and for all: a changed
entry, a changed sign and two exchanged rows change a sum. Two inputs are the same when every sum agrees within
what ALLOWED_ULP roundings of the entries, with random signs, can do. What is smaller is not seen: in a float32
array of n entries a single change of ALLOWED_ULP * 1.2e-7 * sqrt(n / PLACES) times the root mean square.
"""
import hashlib
import math

import numpy as np

from labs.fluid.kernel.fluid_crossing import SEPARATOR, flat

PLACES = 8
ALLOWED_ULP = 16        # of each entry's size, with random signs: far more than one rounding, far less than a change
PART = 1 << 20          # entries at a time, a multiple of PLACES
DIGITS = {"float64": 17, "complex128": 17}      # written per sum; 9 for what has fewer


def fingerprint(values):
    """What a recording remembers of its inputs.

    Parameters
    ----------
    values : dict
        What crosses: arrays, numbers, text and dicts of them, by name.

    Returns
    -------
    dict of str to str
        By path: kind, shape and either "#hash" or the root mean square and the sums.
    """
    return {path: one(array) for name, value in values.items() for path, array in flat(value, name)}


def one(array):
    """The fingerprint of one array."""
    kind, shape = array.dtype.kind, "x".join(map(str, array.shape)) or "-"
    if kind not in "fc" or not array.size or not np.all(np.isfinite(array)):
        plain = array.astype("<i8") if kind in "ib" else array
        mark = hashlib.sha256(np.ascontiguousarray(plain).tobytes()).hexdigest()[:32]
        return f"{array.dtype.name if kind in 'fc' else kind} {shape} #{mark}"
    real = np.ascontiguousarray(array).reshape(-1)
    real = real.view(real.real.dtype) if kind == "c" else real
    digits = DIGITS.get(array.dtype.name, 9)
    square, sums = weighed(real)
    numbers = [math.sqrt(square / real.size), *sums[:real.size]]
    return f"{array.dtype.name} {shape} " + " ".join(f"{x:.{digits}g}" for x in numbers)


def weighed(real):
    """The sum of squares and the PLACES weighed sums of a flat array, in float64."""
    stream, square, total = np.random.PCG64(1), 0.0, np.zeros(PLACES)   # NumPy promises this stream for ever
    for at in range(0, real.size, PART):
        part = real[at:at + PART].astype("float64")
        raw = stream.random_raw(part.size)
        weights = (raw >> np.uint64(11)) / 2.0 ** 53 + 0.5
        padded = np.zeros(-(-part.size // PLACES) * PLACES)
        padded[:part.size] = part * np.where(raw & np.uint64(1), weights, -weights)
        square, total = square + float(part @ part), total + padded.reshape(-1, PLACES).sum(0)
    return square, total.tolist()


def same(recorded, given):
    """Are two fingerprints of one array those of the same input, but for rounding?"""
    if recorded is None or given is None or "#" in recorded + given:
        return recorded == given
    (kind, shape, *a), (other_kind, other_shape, *b) = recorded.split(), given.split()
    if (kind, shape, len(a)) != (other_kind, other_shape, len(b)):
        return False
    a, b = np.array(a, float), np.array(b, float)
    entries = math.prod(map(int, shape.replace("-", "1").split("x"))) * (2 if kind[0] == "c" else 1)
    epsilon = float(np.finfo(kind).eps)
    within = ALLOWED_ULP * epsilon * max(a[0], b[0]) * math.sqrt(-(-entries // PLACES))
    return bool(np.all(np.abs(a - b) <= within))


def differing(recorded, given):
    """Names of the inputs in which two fingerprints differ, beyond the last digits of floats."""
    wrong = [path for path in {**recorded, **given} if not same(recorded.get(path), given.get(path))]
    return sorted({path.split(SEPARATOR)[0] for path in wrong})


def mark(seen):
    """A short name for some inputs, the same wherever floats differ in their last digits alone."""
    coarse = {}
    for path, text in seen.items():
        kind, shape, first, *_ = text.split()
        coarse[path] = [kind, shape, first if first[0] == "#" else f"{float(first):.4g}" if shape == "-" else ""]
    return hashlib.sha256(repr(sorted(coarse.items())).encode()).hexdigest()[:8]

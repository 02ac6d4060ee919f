"""Record batches by the thousand, given to our writer and reader and to pyarrow."""
import numpy as np

from labs.tasks.datasets import arrow

LETTERS = list("ab c\0\n\"\\é李😀\u0301") + ["\ud7ff", "\uffff"]


def columns(rng):
    """A drawn batch: columns as `arrow.record_batch` takes them; lengths around the eighths, nothing, some or all missing."""
    rows = int(rng.choice([1, 7, 8, 9, 16, 17, 63, 64, 65, rng.integers(1, 40)]))
    found = []
    for _ in range(rng.integers(1, 6)):
        kind = str(rng.choice([*arrow.NUMBERS, "string", "string", "string"]))
        missing = rng.random(rows) < rng.choice([0, 0, 0.3, 0.9, 1])
        found.append(([None if gone else value for value, gone in zip(values(rng, rows, kind), missing)], kind))
    return found


def values(rng, rows, kind):
    """Drawn numbers, the ends of the type among them, or drawn texts, the empty among them."""
    if kind == "string":
        return ["".join(rng.choice(LETTERS, rng.choice([0, 1, 1, 3, 12]))) for _ in range(rows)]
    if kind.startswith("float"):
        ends = [0.0, -0.0, np.inf, -np.inf, np.finfo(kind).max, np.finfo(kind).tiny / 4]
        return [float(rng.choice(ends)) if rng.random() < 0.3 else float(np.dtype(kind).type(rng.normal())) for _ in range(rows)]
    info = np.iinfo(kind)
    ends = [int(info.min), int(info.max), 0]
    return [ends[rng.integers(3)] if rng.random() < 0.3 else int(rng.integers(info.min, info.max, dtype=kind, endpoint=True)) for _ in range(rows)]


def by_pyarrow(some):
    """The batch as pyarrow's."""
    import pyarrow as pa
    kinds = {kind: pa.from_numpy_dtype(code) for kind, code in arrow.NUMBERS.items()} | {"string": pa.string()}
    return pa.record_batch({f"c{i}": pa.array(values, kinds[kind]) for i, (values, kind) in enumerate(some)})


def stream(batch, message):
    """A file: pyarrow's schema, then a message."""
    return np.frombuffer(batch.schema.serialize().to_pybytes() + message, np.uint8)


def compare(count, seed, versions):
    """Write and read drawn batches.

    Parameters
    ----------
    count, seed : int
    versions : dict of str to module
        `arrow`, or the same with a mistake.

    Returns
    -------
    dict of str to int
        By version, the batches that it writes otherwise than pyarrow, or reads otherwise than they were.
    """
    rng, wrong = np.random.default_rng(seed), dict.fromkeys(versions, 0)
    for _ in range(count):
        some = columns(rng)
        batch = by_pyarrow(some)
        theirs = batch.serialize().to_pybytes()
        right = [[*map(repr, values)] for values, _ in some]
        for name, version in versions.items():
            try:
                same = version.record_batch(some) == theirs
                fields, (found,) = version.read(stream(batch, theirs))
                same &= [[*map(repr, found[field.name].to_list())] for field in fields] == right
            except Exception:
                same = False
            wrong[name] += not same
    return wrong

"""What Fluid cells showed and gave, kept for machines without the runtime.

A recording is NUMBER-KEY-INPUTS.json (outputs, what the inputs looked like, date and versions) and, where values
came out, NUMBER-KEY-INPUTS.npz. The number counts the Fluid cells; the key is a hash of all Fluid cells so far, because the process over
there keeps what earlier cells have made.
"""
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from labs.fluid.errors import FluidError
from labs.fluid.kernel.fluid_crossing import SEPARATOR, flat, unpack
from labs.parity.sketches import sketch

TASKS = Path(__file__).resolve().parents[1] / "tasks"        # each task keeps its own: TASK/recordings/
LARGE, PLACES = 1024, 256       # of an array with more entries than LARGE a sketch with so many places is kept
MEGABYTE = 1_000_000            # the most that one cell's recording may take
NUMBER = re.compile(r"[-+]?\d+\.\d*(?:e[-+]?\d+)?|[-+]?\d+e[-+]?\d+")
CLOSE = {"f4": 1e-4, "f8": 1e-9, "text": 1e-4, "input": 1e-4}      # relative to an array's size
USED = set()                    # files that this process has shown


@dataclass(frozen=True)
class Recording:
    """One cell, as it was recorded."""

    path: Path
    inputs: dict
    outputs: list
    values: dict
    date: str
    versions: str


def key(cells):
    """The key of the last of some cells: a hash of all of them, in order."""
    return hashlib.sha256("\n%%\n".join(cell.strip() for cell in cells).encode()).hexdigest()[:16]


def fingerprint(values):
    """What a recording remembers of its inputs: integers and text exactly, of floats 32 entries and the size."""
    seen = {}
    for name, value in values.items():
        for path, array in flat(value, name):
            if array.dtype.kind in "fc" and array.size:
                picks = array.ravel()[np.linspace(0, array.size - 1, min(array.size, 32)).astype(int)]
                content = [float(x) for x in picks.astype(float)] + [float(np.sqrt(np.mean(np.square(array, dtype=float))))]
            else:
                plain = array.astype("<i8") if array.dtype.kind in "iub" else array
                content = hashlib.sha256(np.ascontiguousarray(plain).tobytes()).hexdigest()[:16]
            kind = array.dtype.name if array.dtype.kind in "fc" else array.dtype.kind
            seen[path] = [kind, list(array.shape), content]
    return seen


def differing(recorded, given):
    """Names of the inputs in which two fingerprints differ, beyond the last digits of floats."""
    def same(a, b):                             # [kind, shape, entries of floats or a hash]
        if a is None or b is None or a[:2] != b[:2] or isinstance(a[2], str) or isinstance(b[2], str):
            return a == b
        return near(np.array(a[2]), np.array(b[2]), CLOSE["input"])
    wrong = [path for path in {**recorded, **given} if not same(recorded.get(path), given.get(path))]
    return sorted({path.split(SEPARATOR)[0] for path in wrong})


def near(a, b, tolerance):
    """Are two arrays equal within a tolerance relative to their size?"""
    size = max(np.max(np.abs(a), initial=0.0), np.max(np.abs(b), initial=0.0))
    gap = np.max(np.abs(np.asarray(a, float) - b), initial=0.0)
    return bool(gap <= tolerance * size) or bool(np.array_equal(a, b, equal_nan=True))


def find(cells, inputs, folder=None):
    """Look for the recording of the last of some cells.

    Returns
    -------
    (Recording or None, str)
        And why there is none, in words.
    """
    wrong, wanted = "", key(cells)
    for path in sorted((folder or TASKS).glob(f"**/*-{wanted}-*.json")):
        kept = json.loads(path.read_text(encoding="utf-8"))
        wrong = ", ".join(differing(kept["inputs"], fingerprint(inputs)))
        if not wrong:
            return Recording(path, kept["inputs"], kept["outputs"], values_of(path), kept["date"], kept["versions"]), ""
    if wrong:
        return None, f"it was recorded with other inputs ({wrong})"
    return None, "it, or a Fluid cell before it, is not as it was when recorded"


def use(recording):
    """Note that a recording was shown."""
    USED.update(file for file in (recording.path, recording.path.with_suffix(".npz")) if file.exists())


def values_of(path):
    """The values beside a recording's .json."""
    beside = path.with_suffix(".npz")
    return unpack(beside) if beside.exists() else {}


def reduced(values):
    """Values as a recording keeps them: of a large array its sketch."""
    def small(value):
        if isinstance(value, dict):
            return reduced(value)
        return sketch(value, PLACES) if isinstance(value, np.ndarray) and value.size > LARGE else value
    return {name: small(value) for name, value in values.items()}


def write(folder, cells, inputs, outputs, values, date, versions):
    """Write a recording.

    Raises
    ------
    FluidError
        It is larger than a megabyte: the outputs are too many, or what comes out.
    """
    seen, kept = fingerprint(inputs), by_path(reduced(values))
    mark = hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()[:8]
    path = Path(folder) / f"{len(cells):02}-{key(cells)}-{mark}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    if kept:
        np.savez_compressed(path.with_suffix(".npz"), **kept)
    path.write_text(json.dumps({"date": date, "versions": versions, "cell": cells[-1], "inputs": seen, "outputs": outputs},
                               indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    size = sum(file.stat().st_size for file in path.parent.glob(path.stem + ".*"))
    if size > MEGABYTE:
        largest = max(kept, key=lambda name: kept[name].nbytes, default="its outputs")
        raise FluidError(f"the recording of this cell takes {size:,} bytes, {MEGABYTE:,} are allowed; the largest value is {largest}")
    return path


def drift(recording, outputs, values):
    """Where a run differs from its recording, in words; empty if every number is within tolerance."""
    wrong, kept, now = [], by_path(recording.values), by_path(reduced(values))
    for path in sorted({**kept, **now}):
        a, b = kept.get(path), now.get(path)
        if a is None or b is None or a.shape != b.shape or a.dtype.kind != b.dtype.kind:
            wrong.append(f"{path}: recorded {describe(a)}, now {describe(b)}")
        elif not (near(a, b, CLOSE[f"f{a.dtype.itemsize}"]) if a.dtype.kind == "f" else np.array_equal(a, b)):
            wrong.append(f"{path}: other values" + (f", up to {np.max(np.abs(a - b)):.2g} apart" if a.dtype.kind == "f" else ""))
    if len(recording.outputs) != len(outputs):
        return [*wrong, f"recorded the outputs {kinds(recording.outputs)}, now {kinds(outputs)}"]
    return wrong + [f"output {number} differs" for number, (a, b) in enumerate(zip(recording.outputs, outputs), 1)
                    if not alike(a, b)]


def by_path(values):
    """{path: array} of all that is in some values."""
    return {path: array for name, value in values.items() for path, array in flat(value, name)}


def kinds(outputs):
    """Outputs in words."""
    return ", ".join(output.get("name", output["output_type"]) + f" {str(output.get('text', ''))[:200]!r}" for output in outputs) or "none"


def describe(array):
    """An array in words."""
    return "nothing" if array is None else f"{array.dtype} {array.shape}"


def alike(a, b):
    """Are two outputs alike: the same text but for the last digits of its numbers, pictures of the same kind?"""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(name.startswith("image/") or alike(a[name], b[name]) for name in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, str) and isinstance(b, str):
        numbers = [list(map(float, NUMBER.findall(text))) for text in (a, b)]
        return NUMBER.sub("#", a) == NUMBER.sub("#", b) and all(near(np.array([x]), np.array([y]), CLOSE["text"])
                                                                for x, y in zip(*numbers))
    if isinstance(a, float) and isinstance(b, float):
        return near(np.array([a]), np.array([b]), CLOSE["text"])
    return a == b

"""What Fluid cells showed and gave, kept for machines without the runtime.

A recording is NUMBER-KEY-INPUTS.json (outputs, what the inputs looked like, date, versions, processor) and, where
values came out, NUMBER-KEY-INPUTS.npz. The number counts the Fluid cells; the key is a hash of all Fluid cells so
far, because the process over there keeps what earlier cells have made. The .json holds its own checksum and that of
the .npz, and both are verified on reading: a number changed by hand is an error, not a result.

The .npz holds few arrays, one of each dtype with all values end to end, an index of them, and the spread of float32
(see `labs.fluid.comparison`): a thousand small arrays in a file of their own each would take twice as much.
"""
import hashlib
import io
import json
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from labs.fluid.comparison import DOUBLE, by_path, spread
from labs.fluid.errors import FluidError
from labs.fluid.fingerprints import differing, fingerprint, mark
from labs.fluid.kernel.fluid_crossing import nested
from labs.parity.sketches import sketch

TASKS = Path(__file__).resolve().parents[1] / "tasks"        # each task keeps its own: TASK/recordings/
LARGE, PLACES = 512, 128        # of an array with more entries than LARGE a sketch with so many places is kept
MEGABYTE = 1_000_000            # the most that a chapter's recordings may take
USED = set()                    # files that this process has shown
SAID = ("date", "versions", "processor", "precision", "cell", "inputs", "outputs")
RENEW = "`git checkout` brings back what was recorded, `make recordings` records anew"


@dataclass(frozen=True)
class Recording:
    """One cell, as it was recorded.

    Attributes
    ----------
    path : Path
        Of the .json.
    date, versions, processor : str
        When, with what and on what it was made.
    precision : {"float64", "float32"}
        In which the cell computed what it prints.
    cell : str
    inputs : dict of str to str
        Their fingerprints.
    outputs : list of dict
        In nbformat's terms.
    values : dict
        What came out.
    spread : dict of str to float
        By path of a float32 array: how far from float64 rounding took it, when recorded.
    """

    path: Path
    date: str
    versions: str
    processor: str
    precision: str
    cell: str
    inputs: dict = field(repr=False)
    outputs: list = field(repr=False)
    values: dict = field(repr=False)
    spread: dict = field(repr=False)


def key(cells):
    """The key of the last of some cells: a hash of all of them, in order."""
    return hashlib.sha256("\n%%\n".join(cell.strip() for cell in cells).encode()).hexdigest()[:16]


def find(cells, inputs, folder=None):
    """Look for the recording of the last of some cells.

    Returns
    -------
    (Recording or None, str)
        And why there is none, in words.

    Raises
    ------
    FluidError
        There is one, and it is not as it was written.
    """
    wrong, seen = "", None
    for path in sorted((folder or TASKS).glob(f"**/*-{key(cells)}-*.json")):
        kept, seen = read(path), seen or fingerprint(inputs)
        if kept.cell != cells[-1]:
            raise FluidError(f"the recording {path.parent.parent.name}/{path.parent.name}/{path.name} is of another cell than its name "
                             f"says; {RENEW}")
        wrong = ", ".join(differing(kept.inputs, seen))
        if not wrong:
            return kept, ""
    if wrong:
        return None, f"it was recorded with other inputs ({wrong})"
    return None, "it, or a Fluid cell before it, is not as it was when recorded"


def use(recording):
    """Note that a recording was shown."""
    USED.update(file for file in (recording.path, recording.path.with_suffix(".npz")) if file.exists())


def read(path):
    """Read a recording, and verify that it is what was written.

    Raises
    ------
    FluidError
        Its text or its values were changed, or it has another form; the message says which.
    """
    def refuse(why):
        return FluidError(f"the recording {path.parent.parent.name}/{path.parent.name}/{path.name} {why}; {RENEW}")
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise refuse(f"cannot be read ({error})") from None
    if not isinstance(kept, dict) or not {*SAID, "values", "checksum"} <= kept.keys():
        raise refuse("has another form: expected " + ", ".join((*SAID, "values", "checksum")))
    checksum = kept.pop("checksum")
    if checksum != checksum_of(kept):
        raise refuse(f"was changed after it was written: its checksum is {checksum_of(kept)}, expected {checksum}")
    arrays, measured = {}, {}
    if kept["values"]:
        try:
            content = path.with_suffix(".npz").read_bytes()
        except OSError as error:
            raise refuse(f"lacks its values ({error})") from None
        found = hashlib.sha256(content).hexdigest()
        if found != kept["values"]:
            raise refuse(f"has other values than were written: the checksum of the .npz is {found[:16]}, "
                         f"expected {kept['values'][:16]}")
        arrays, measured = unpacked(content)
    return Recording(path, values=nested(arrays), spread=measured, **{name: kept[name] for name in SAID})


def checksum_of(kept):
    """The checksum of a recording's text: of its content, not of its bytes, which git may end otherwise."""
    return hashlib.sha256(json.dumps(kept, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:32]


def reduced(values):
    """Values as a recording keeps them: of a large array its sketch."""
    def small(value):
        if isinstance(value, dict):
            return reduced(value)
        return sketch(value, PLACES) if isinstance(value, np.ndarray) and value.size > LARGE else value
    return {name: small(value) for name, value in values.items()}


def packed(arrays, measured):
    """Arrays by path, and the spread by path, as the bytes of an .npz."""
    groups, index = {}, []
    for path, array in arrays.items():
        group = f"{array.dtype.kind}{array.dtype.itemsize}"
        groups.setdefault(group, []).append(np.ascontiguousarray(array).reshape(-1))
        index.append([path, group, list(array.shape), f"{measured[path]:.3g}" if path in measured else ""])
    content = io.BytesIO()
    text = json.dumps(index, ensure_ascii=False, separators=(",", ":")).encode()
    np.savez_compressed(content, index=np.frombuffer(text, np.uint8),
                        **{group: np.concatenate(parts) for group, parts in groups.items()})
    return content.getvalue()


def unpacked(content):
    """What `packed` made: (arrays by path, spread by path)."""
    arrays, measured, at = {}, {}, {}
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as given:
            groups = {name: given[name] for name in given.files}
    except (ValueError, zipfile.BadZipFile) as error:
        raise FluidError(f"the values of a recording cannot be read ({error}); {RENEW}") from None
    for path, group, shape, far in json.loads(groups["index"].tobytes()):
        size, start = int(np.prod(shape)), at.get(group, 0)
        arrays[path] = groups[group][start:start + size].reshape(shape)
        at[group] = start + size
        if far:
            measured[path] = float(far)
    return arrays, measured


def write(folder, cells, inputs, outputs, values, made, draws=(), precision=DOUBLE):
    """Write a recording.

    Parameters
    ----------
    folder : Path
    cells : list of str
        The Fluid cells up to this one.
    inputs, values : dict
        What went in and what came out.
    outputs : list of dict
        In nbformat's terms.
    made : dict of str to str
        `date`, `versions` and `processor`.
    draws : list of dict
        What came out when the inputs were moved by a few ulp.
    precision : {"float64", "float32"}
        In which the cell computed what it prints.

    Returns
    -------
    Path
        Of the .json.

    Raises
    ------
    FluidError
        It is larger than a megabyte: the outputs are too many, or what comes out.
    """
    seen, kept = fingerprint(inputs), by_path(reduced(values))
    path = Path(folder) / f"{len(cells):02}-{key(cells)}-{mark(seen)}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = packed(kept, spread(kept, [by_path(reduced(draw)) for draw in draws])) if kept else b""
    said = {**made, "precision": precision, "cell": cells[-1], "inputs": seen, "outputs": outputs,
            "values": hashlib.sha256(beside).hexdigest() if kept else ""}
    text = json.dumps({"checksum": checksum_of(said), **said}, indent=1, ensure_ascii=False) + "\n"
    size = len(text.encode()) + len(beside)
    if size > MEGABYTE:
        largest = max(kept, key=lambda name: kept[name].nbytes, default="its outputs")
        raise FluidError(f"the recording of this cell takes {size:,} bytes, {MEGABYTE:,} are allowed to a chapter; "
                         f"the largest value is {largest}")
    if kept:
        path.with_suffix(".npz").write_bytes(beside)
    path.write_text(text, encoding="utf-8")
    return path

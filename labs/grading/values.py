"""Values that cross between the grader and a submission, as the bytes of an .npz file.

Numbers, text, lists, tuples, dicts and arrays, nested. No pickle and no object arrays: reading runs
no code. Nothing is
compressed, and every size is held against the bytes that came, so that a small message cannot
become a large one.
"""

import base64
import io
import json
import zipfile

import numpy as np
from numpy.lib import format as npy

KINDS = "biufcSU"  # truth values, integers, floats, complex, bytes, text
LIMIT = 64 << 20  # bytes of one message
MEMBERS = 10_000
DEPTH = 60
EMPTY = 1_000_000  # entries of an array that takes no bytes: as lists they would take many
TREE = "tree.json"
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the same value gives the same bytes


class ValueRefused(ValueError):
    """A value that cannot cross, or bytes that hold none."""


def to_bytes(value, limit: int = LIMIT) -> bytes:
    """Write a value.

    Raises
    ------
    ValueRefused
        It holds something of another kind, is nested too deep, or is too large.
    """
    arrays: list = []
    written, room = {}, limit
    tree = json.dumps(_write(value, arrays, DEPTH)).encode("ascii")
    for name, array in [(TREE, None), *((f"{i}.npy", each) for i, each in enumerate(arrays))]:
        written[name] = tree if array is None else _npy(array)
        room -= len(written[name])
        if room < 0:
            raise ValueRefused(f"it is larger than {limit:,} bytes")
    if len(written) > MEMBERS:
        raise ValueRefused(f"it holds more than {MEMBERS:,} arrays")
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, data in written.items():
            archive.writestr(zipfile.ZipInfo(name, LONG_AGO), data)
    return file.getvalue()


def from_bytes(data: bytes, limit: int = LIMIT):
    """Read a value that `to_bytes` wrote; from a stranger, anything else is refused.

    Raises
    ------
    ValueRefused
    """
    if len(data) > 2 * limit:
        raise ValueRefused(f"it is larger than {limit:,} bytes")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            if len(members) > MEMBERS:
                raise ValueRefused(f"it holds more than {MEMBERS:,} members")
            if any(one.compress_type != zipfile.ZIP_STORED or one.flag_bits & 1 for one in members):
                raise ValueRefused("it is compressed or encrypted")
            if sum(one.file_size for one in members) > limit:
                raise ValueRefused(f"it unpacks to more than {limit:,} bytes")
            if len({one.filename for one in members}) != len(members):
                raise ValueRefused("a name occurs twice in it")
            parts = {one.filename: archive.read(one) for one in members}
        arrays = [_array(parts[f"{i}.npy"]) for i in range(len(parts) - 1)]
        return _read(json.loads(parts[TREE].decode("ascii")), arrays, DEPTH)
    except ValueRefused:
        raise
    except (Exception, RecursionError, MemoryError) as error:
        raise ValueRefused(f"it is no message ({type(error).__name__})") from None


def plain(value):
    """A tensor as its array, a NumPy number as Python's; every other value as it is."""
    if callable(getattr(value, "detach", None)) and callable(getattr(value, "numpy", None)):
        value = value.detach().cpu().numpy()
    return value.item() if isinstance(value, np.generic) else value


def _write(value, arrays, depth):
    if depth < 0:
        raise ValueRefused(f"it is nested more than {DEPTH} deep")
    if value is None or type(value) in (bool, str, int, float):
        return value
    value = plain(value)
    for kind in (bool, str, int, float):  # and what is derived from them
        if isinstance(value, kind):
            return kind(value)
    if isinstance(value, (list, tuple)):
        kind = "list" if isinstance(value, list) else "tuple"
        return [kind, *[_write(each, arrays, depth - 1) for each in value]]
    if isinstance(value, dict):
        pairs = (
            [_write(key, arrays, depth - 1), _write(each, arrays, depth - 1)]
            for key, each in value.items()
        )
        return ["dict", *pairs]
    if isinstance(value, (bytes, bytearray)):
        return ["bytes", base64.b64encode(value).decode("ascii")]
    if isinstance(value, complex):
        return ["complex", value.real, value.imag]
    if isinstance(value, np.ndarray) and value.dtype.kind in KINDS:
        arrays.append(np.asarray(value))
        return ["array", len(arrays) - 1]
    what = (
        f"an array of {value.dtype}"
        if isinstance(value, np.ndarray)
        else f"a {type(value).__name__}"
    )
    raise ValueRefused(
        f"it holds {what}: hand over numbers, text, lists, tuples, dicts, arrays or tensors"
    )


def _read(node, arrays, depth):
    if depth < 0:
        raise ValueRefused(f"it is nested more than {DEPTH} deep")
    if not isinstance(node, list):
        if isinstance(node, dict):
            raise ValueRefused("its tree is not as it is written here")
        return node
    kind, *rest = node
    if kind in ("list", "tuple"):
        made = [_read(each, arrays, depth - 1) for each in rest]
        return made if kind == "list" else tuple(made)
    if kind == "dict":
        return {_read(key, arrays, depth - 1): _read(each, arrays, depth - 1) for key, each in rest}
    if kind == "bytes":
        return base64.b64decode(rest[0], validate=True)
    if kind == "complex":
        return complex(*rest)
    if kind == "array" and type(rest[0]) is int and 0 <= rest[0] < len(arrays):
        return arrays[rest[0]]
    raise ValueRefused("its tree is not as it is written here")


def _npy(array):
    file = io.BytesIO()
    npy.write_array(file, array, allow_pickle=False)
    return file.getvalue()


def _array(data):
    """An .npy whose shape asks for exactly the bytes that are there."""
    file = io.BytesIO(data)
    version = npy.read_magic(file)
    read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}[version]
    shape, fortran, dtype = read(file)
    if dtype.kind not in KINDS or dtype.hasobject:
        raise ValueRefused(f"it holds an array of {dtype}")
    count = spread = 1
    for length in shape:
        count *= length  # Python's integers: no overflow
        spread *= length or 1
    if min(shape, default=0) < 0 or count * dtype.itemsize != len(data) - file.tell():
        raise ValueRefused("an array's shape does not fit its bytes")
    if not count * dtype.itemsize and spread > EMPTY:
        raise ValueRefused("an array without bytes has too many entries")
    flat = (
        np.frombuffer(data, dtype, count=count, offset=file.tell())
        if count and dtype.itemsize
        else np.zeros(count, dtype)
    )
    return flat.reshape(shape, order="F" if fortran else "C").copy()

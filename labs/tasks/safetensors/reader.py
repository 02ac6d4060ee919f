"""Read and write safetensors files with NumPy alone: whole tensors, slices, and models that lie in several files."""
import json
import struct
from pathlib import Path

import numpy as np

from labs.tasks.safetensors import header

DTYPES = {"BOOL": "bool", "U8": "u1", "I8": "i1", "U16": "<u2", "I16": "<i2", "U32": "<u4", "I32": "<i4", "U64": "<u8", "I64": "<i8",
          "F16": "<f2", "F32": "<f4", "F64": "<f8", "C64": "<c8", "BF16": "<u2", "F8_E4M3": "u1", "F8_E5M2": "u1", "F8_E8M0": "u1",
          "F8_E4M3FNUZ": "u1", "F8_E5M2FNUZ": "u1"}         # what NumPy has no number for comes as its bits
NAMES = {np.dtype(code): name for name, code in DTYPES.items() if name != "BF16" and not name.startswith("F8")}
INDEX = "model.safetensors.index.json"


class ShardError(ValueError):
    """The index of a model in several files does not fit to the files."""


class File:
    """A safetensors file, mapped: nothing but the header is read before a tensor is asked for.

    Parameters
    ----------
    path : path

    Raises
    ------
    header.HeaderError
    """

    def __init__(self, path):
        if Path(path).stat().st_size == 0:
            raise header.HeaderError("too small", f"{Path(path).name} is empty")
        self.bytes = np.memmap(path, np.uint8, "r")
        self.tensors, self.metadata = header.parse(self.bytes)

    def __getitem__(self, name):
        """A tensor as an array that shows the file's own bytes."""
        if name not in self.tensors:
            raise KeyError(f"no tensor {name!r}; there are: {', '.join(sorted(self.tensors))}")
        dtype, shape, start, stop = self.tensors[name]
        if dtype not in DTYPES:
            raise TypeError(f"{name!r} is {dtype}, whose numbers share bytes: NumPy has no view of it")
        return self.bytes[start:stop].view(DTYPES[dtype]).reshape(shape)


def write(path, arrays, metadata=None, dtypes=None):
    """Write arrays as a safetensors file.

    Parameters
    ----------
    path : path
    arrays : dict of str to array
    metadata : dict of str to str, optional
    dtypes : dict of str to str, optional
        Where the array holds bits, what they are: {"weight": "BF16"}.
    """
    described, at = {"__metadata__": metadata} if metadata else {}, 0
    arrays = {name: np.asarray(array, order="C") for name, array in arrays.items()}      # ascontiguousarray would make a vector of a number
    for name, array in arrays.items():
        dtype = (dtypes or {}).get(name) or NAMES.get(array.dtype)
        if dtype is None:
            raise TypeError(f"{name!r}: no name in the format for {array.dtype}")
        described[name] = {"dtype": dtype, "shape": np.shape(array), "data_offsets": [at, at := at + array.nbytes]}
    text = json.dumps(described, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)         # so that the data begin where eight bytes begin
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for array in arrays.values():
            file.write(array.tobytes())


def plan(sizes, limit):
    """Which tensors go into which file.

    Parameters
    ----------
    sizes : dict of str to int
        Bytes by name.
    limit : int
        Bytes of a file.

    Returns
    -------
    list of list of str
    """
    files, current, used = [], [], 0
    first, *rest = [name for name in sizes if not sizes[name]] or [None]
    for name, size in sizes.items():
        if size > limit:                # too large: a file of its own
            files.append([name])
        elif name not in rest:
            if used + size > limit:
                files.append(current)
                current, used = [], 0
            current.append(name)
            used += size
    files += [current] if current else []
    return [names + rest if first in names else names
            for names in files]         # the empty ones together


def write_sharded(folder, arrays, limit):
    """Write a model as several files and the index that says where each tensor is; return the index."""
    files = plan({name: array.nbytes for name, array in arrays.items()}, limit)
    where = {name: f"model-{k:05}-of-{len(files):05}.safetensors" for k, names in enumerate(files, 1) for name in names}
    for file in dict.fromkeys(where.values()):
        write(Path(folder) / file, {name: arrays[name] for name in arrays if where[name] == file}, {"format": "pt"})
    index = {"metadata": {"total_size": sum(array.nbytes for array in arrays.values())}, "weight_map": where}
    (Path(folder) / INDEX).write_text(json.dumps(index, indent=2))
    return index


def read_sharded(folder):
    """All tensors of a model in several files, after a look whether index and files agree.

    Raises
    ------
    ShardError
        A file is missing, lies elsewhere, is left over, or has other tensors than the index says.
    """
    folder = Path(folder)
    where = json.loads((folder / INDEX).read_text())["weight_map"]
    left = {path.name for path in folder.glob("model-*.safetensors")} - set(where.values())
    if left:
        raise ShardError(f"{INDEX} names no tensor of {', '.join(sorted(left))}, which lies beside it")
    found = {}
    for file in dict.fromkeys(where.values()):
        if Path(file).name != file or not (folder / file).is_file():
            raise ShardError(f"{INDEX} names {file!r}, which is no file of this folder")
        one, named = File(folder / file), {name for name in where if where[name] == file}
        if set(one.tensors) != named:
            raise ShardError(f"{file}: the index says {sorted(named - set(one.tensors)) or 'fewer'}, "
                              f"the file has {sorted(set(one.tensors) - named) or 'fewer'}")
        found |= {name: one[name] for name in one.tensors}
    return {name: found[name] for name in where}

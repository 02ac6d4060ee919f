"""Read a GGUF file by hand: its metadata, and its tensors turned back into float32.

The format is llama.cpp's (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md): a head with key-value
pairs, a table of tensors, then the tensors, each on an aligned offset. A quantised row is a run of blocks of
32 weights; a block holds small integers q and a float16 scale d, and stands for

    Q8_0    d * q            q in -128 .. 127
    Q4_1    d * q + m        q in 0 .. 15, m a second float16
    Q4_0    d * (q - 8)      q in 0 .. 15
"""
import struct
from pathlib import Path

import numpy as np

from labs.data.errors import DataError

BLOCK = 32
SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
STRING, ARRAY = 8, 9
LAYOUTS = {         # GGUF's number of a type -> (name, weights in a block, NumPy layout of a block)
    0: ("F32", 1, np.dtype("<f4")),
    1: ("F16", 1, np.dtype("<f2")),
    2: ("Q4_0", BLOCK, np.dtype([("d", "<f2"), ("q", "u1", 16)])),
    3: ("Q4_1", BLOCK, np.dtype([("d", "<f2"), ("m", "<f2"), ("q", "u1", 16)])),
    8: ("Q8_0", BLOCK, np.dtype([("d", "<f2"), ("q", "i1", 32)])),
}


class GGUF:
    """A GGUF file, its head read: `.fields` (metadata by key) and `.tensors` (name to shape, type, offset).

    Parameters
    ----------
    path : path

    Raises
    ------
    DataError
        It is no GGUF file of version 2 or 3, it ends early, or a tensor has a type that is not read here.
    """

    def __init__(self, path):
        self.path, self.fields, self.tensors = Path(path), {}, {}
        with open(self.path, "rb") as stream:
            self._stream = stream
            magic = stream.read(4)
            if magic != b"GGUF":
                raise DataError(f"{self.path.name}: not a GGUF file: it starts with {magic!r}")
            version = self._scalar("<I")
            if version not in (2, 3):
                raise DataError(f"{self.path.name}: expected GGUF version 2 or 3, got {version}")
            tensors, fields = self._scalar("<Q"), self._scalar("<Q")
            for _ in range(fields):
                key = self._text()
                self.fields[key] = self._value(self._scalar("<I"))
            for _ in range(tensors):
                self._entry()
            align = self.fields.get("general.alignment", 32)
            self._data = -(-stream.tell() // align) * align
        end = max((self._data + offset + size for _, _, offset, size in self.tensors.values()), default=0)
        if self.path.stat().st_size < end:
            raise DataError(f"{self.path.name}: truncated: its tensors end at byte {end:,}, the file at {self.path.stat().st_size:,}")
        del self._stream

    def _take(self, count):
        found = self._stream.read(count)
        if len(found) < count:
            raise DataError(f"{self.path.name}: the file ends inside its head")
        return found

    def _scalar(self, form):
        return struct.unpack(form, self._take(struct.calcsize(form)))[0]

    def _text(self):
        return self._take(self._scalar("<Q")).decode("utf-8")

    def _value(self, kind):
        if kind == STRING:
            return self._text()
        if kind == ARRAY:
            inner, count = self._scalar("<I"), self._scalar("<Q")
            return [self._value(inner) for _ in range(count)]
        if kind not in SCALARS:
            raise DataError(f"{self.path.name}: metadata of the unknown type {kind}")
        return self._scalar(SCALARS[kind])

    def _entry(self):
        name = self._text()
        shape = tuple(self._scalar("<Q") for _ in range(self._scalar("<I")))[::-1]      # stored innermost first
        number, offset = self._scalar("<I"), self._scalar("<Q")
        if number not in LAYOUTS:
            known = ", ".join(layout[0] for layout in LAYOUTS.values())
            raise DataError(f"{self.path.name}: {name}: expected one of the types {known}, got GGUF's type {number}")
        _, block, layout = LAYOUTS[number]
        self.tensors[name] = (shape, number, offset, int(np.prod(shape)) // block * layout.itemsize)

    def type(self, name):
        """Return how a tensor is stored: "Q4_1", say."""
        return LAYOUTS[self.tensors[name][1]][0]

    def tensor(self, name):
        """Return a tensor as float32, in the shape of the matrix: (out, in)."""
        shape, number, offset, size = self.tensors[name]
        kind, _, layout = LAYOUTS[number]
        blocks = np.fromfile(self.path, layout, count=size // layout.itemsize, offset=self._data + offset)
        return dequantise(blocks, kind).reshape(shape)


def dequantise(blocks, kind):
    """Turn blocks back into float32 weights, in the order of the file.

    Parameters
    ----------
    blocks : numpy.ndarray
        One entry a block, in the layout of `LAYOUTS`.
    kind : {"F32", "F16", "Q8_0", "Q4_1", "Q4_0"}
    """
    if kind in ("F32", "F16"):
        return blocks.astype(np.float32)
    scale = blocks["d"].astype(np.float32)[:, None]
    if kind == "Q8_0":
        return scale * blocks["q"].astype(np.float32)
    # a byte holds two weights: its low half is weight i of the block, its high half weight i + 16
    q = np.concatenate([blocks["q"] & 15, blocks["q"] >> 4], axis=1).astype(np.float32)
    return scale * (q - 8) if kind == "Q4_0" else scale * q + blocks["m"].astype(np.float32)[:, None]

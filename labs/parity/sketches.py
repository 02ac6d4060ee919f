"""Sketches: a large array folded into a short one, in which every entry counts.

A network of 27 million parameters leaves records of gigabytes; their sketches take a megabyte or two and can
be kept, recorded and compared. Folding is linear, so two arrays that differ have sketches that differ, and by
as much: the root mean square of the difference is kept, up to chance. The file runs in the Fluid process too,
under Python 3.7, so it imports nothing but NumPy.
"""
from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

PLACES = 1024           # numbers of a sketch: 161 arrays of SE-ResNeXt-50 make 1.3 MB in float64
PART = 1 << 10          # folds at a time; a multiple of 64 entries, as the signs come in words of 64


@dataclass(frozen=True)
class Sketch:
    """A large array's stand-in in a record: it knows the array's shape and keeps the folded numbers.

    Attributes
    ----------
    shape : tuple of int
        Of the whole array.
    values : array, shape (places,)
    """
    shape: tuple
    values: np.ndarray = field(repr=False)

    @property
    def size(self) -> int:
        """Entries of the whole array."""
        return int(np.prod(self.shape))

    @property
    def dtype(self):
        """Of the array."""
        return self.values.dtype

    def __array__(self, *arguments, **options):
        raise TypeError(f"of this array of shape {self.shape} only a sketch was kept, which the ladder can compare and nothing "
                        "else can use; a recorded Fluid cell gives whole arrays where the runtime is (python -m labs fluid install)")


def fold(array, places: int = PLACES) -> np.ndarray:
    """Add entry i of an array, with a sign drawn once and for all, to place i modulo `places`.

    Returns
    -------
    array, shape (places,)
        Divided by the square root of the entries a place, so that the root mean square stays.
    """
    flat = np.asarray(array).reshape(-1)
    stream, folds = np.random.PCG64(0), -(-flat.size // places)                 # NumPy promises this stream for ever
    total, at = np.zeros(places, flat.dtype), 0
    while at < flat.size:                       # in parts, so that a large array needs no second one beside it
        part = flat[at:at + PART * places]
        bits = stream.random_raw(-(-part.size // 64)).astype("<u8")
        signs = np.unpackbits(bits.view("u1"), bitorder="little")[:part.size].astype(flat.dtype) * 2 - 1
        padded = np.zeros((1 + -(-part.size // places)) * places, flat.dtype)
        padded[:places], padded[places:places + part.size] = total, part * signs
        total, at = padded.reshape(-1, places).sum(0), at + part.size
    return total / flat.dtype.type(math.sqrt(folds))


def sketch(array, places: int = PLACES):
    """A `Sketch` of an array; one that has no more entries than places, or holds no floats, stays as it is."""
    if isinstance(array, Sketch) or array.size <= places or array.dtype.kind != "f":
        return array
    return Sketch(tuple(array.shape), fold(array, places))


def sketches(arrays: dict, places: int | None = PLACES) -> dict:
    """Sketches of named arrays; a missing one (None) stays missing, and with places None all stay as they are."""
    if places is None:
        return arrays
    return {name: None if array is None else sketch(array, places) for name, array in arrays.items()}


def level(arrays: list) -> list:
    """The arrays in one form: as they are, or where one is a sketch, the folded numbers of all.

    Raises
    ------
    ValueError
        Two sketches have different numbers of places.
    """
    sizes = {array.values.size for array in arrays if isinstance(array, Sketch)}
    if not sizes:
        return arrays
    if len(sizes) > 1:
        raise ValueError(f"expected sketches with one number of places, got {', '.join(map(str, sorted(sizes)))}")
    places = sizes.pop()
    return [array.values if isinstance(array, Sketch) else fold(array, places) for array in arrays]

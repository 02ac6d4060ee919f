"""The checks of chapter 24: right answers pass, each near-miss gets its own hint, nothing else passes."""

import json
import re

import exercise_attacks as attacks
import numpy as np

from labs.tasks.safetensors import bits, exercises, header

CHAPTER = "24_safetensors.md"


def test_smallest_file():
    attacks.number(exercises.smallest_file, 10, {8: "no JSON", 9: "one character", 16: "habit", 2: "in front"})
    assert header.parse(bytes([2, 0, 0, 0, 0, 0, 0, 0]) + b"{}") == ({}, {}), "so small a file is read"


def text_of(whole):
    return whole[8:8 + int.from_bytes(whole[:8], "little")].decode()


def by_pairs(whole):
    return [name for name, _ in json.loads(text_of(whole), object_pairs_hook=list) if name != "__metadata__"]


def by_hook(whole):
    levels = []
    json.loads(text_of(whole), object_pairs_hook=lambda pairs: levels.append(tuple(key for key, _ in pairs)))
    return tuple(name for name in levels[-1] if name != "__metadata__")


def by_our_reader(whole):
    return [name for name, _ in header.read_json(text_of(whole)) if name != "__metadata__"]


NAME_MISSES = {
    "twice is to be given twice": lambda whole: [name for name in json.loads(text_of(whole)) if name != "__metadata__"],
    "__metadata__ is no tensor": lambda whole: [name for name, _ in json.loads(text_of(whole), object_pairs_hook=list)],
    "with an escape": lambda whole: re.findall(r'"([^"]*)":\{"dtype"', text_of(whole)),
    "order of the header": lambda whole: sorted(by_pairs(whole)),
    "list of texts": lambda whole: " ".join(by_pairs(whole)),
    "a number of eight bytes": lambda whole: by_pairs(bytes([whole[0], *bytes(7)]) + whole[8:]),
    "of eight bytes: your function raised": lambda whole: by_pairs(whole[:2] + bytes(6) + whole[8:]),
    "as a field is": lambda whole: [name for name in by_pairs(whole) if name not in header.FIELDS],
}


def test_all_names():
    attacks.function(exercises.all_names, [by_pairs, by_hook, by_our_reader], NAME_MISSES, draws=40, distort=False)
    assert attacks.run_cell(CHAPTER, "24.2").right is None and attacks.run_cell(CHAPTER, "24.2", names=by_pairs).right


def by_torch(values):
    import torch
    return torch.from_numpy(values).to(torch.float8_e4m3fn).view(torch.uint8).numpy()


def by_distance(values):
    table = bits.decode(np.arange(127), "F8_E4M3")
    flat = np.abs(values.astype(float)).ravel()
    out = np.zeros(flat.size, np.uint8)
    for i, x in enumerate(flat):
        if np.isnan(x):
            out[i] = 127
            continue
        apart = np.abs(table - min(x, 448))
        near = np.flatnonzero(apart == apart.min())
        out[i] = near[near % 2 == 0][0] if len(near) > 1 else near[0]
    return (out | (np.signbit(values).ravel() << 7).astype(np.uint8)).reshape(values.shape)


def changed(change):
    def to_float8(values):
        return change(values, exercises.nearest(values)).astype(np.uint8)
    return to_float8


def nearest_of(values, up):
    table = bits.decode(np.arange(127), "F8_E4M3")
    size = np.abs(values.astype(float))
    middle = (table[1:] + table[:-1]) / 2
    code = np.searchsorted(middle, size, side="right" if up else "left")
    return np.where(np.isnan(size), 127, code) | (np.signbit(values) << 7)


def down(values):
    table = bits.decode(np.arange(127), "F8_E4M3")
    code = np.searchsorted(table, np.abs(values.astype(float)), side="right") - 1
    return np.where(np.isnan(values), 127, code) | (np.signbit(values) << 7)


def test_eight_bits():
    misses = {
        "should be rounded": lambda values: down(values).astype(np.uint8),
        "even code": lambda values: nearest_of(values, up=True).astype(np.uint8),
        "the even code": lambda values: nearest_of(values, up=False).astype(np.uint8),
        "The sign is another": changed(lambda v, c: c & 0x7F),
        "of a zero too": changed(lambda v, c: np.where(v == 0, 0, c)),
        "stays none": changed(lambda v, c: np.where(np.isnan(v), 0x7E, c)),
        "the infinite too": changed(lambda v, c: np.where(np.isinf(v), 0x7F | (np.signbit(v) << 7), c)),
        "all beyond it is": changed(lambda v, c: np.where(np.abs(v) > 464, 0x7F | (np.signbit(v) << 7), c)),
        "subnormal": changed(lambda v, c: np.where(np.abs(v) < 2.0**-6, c & 0x80, c)),
        "got int16": lambda values: exercises.nearest(values).astype(np.int16),
        "of shape": lambda values: exercises.nearest(values).ravel(),
    }
    attacks.function(exercises.eight_bits, [by_torch, by_distance, exercises.nearest], misses, draws=20)
    assert attacks.run_cell(CHAPTER, "24.3").right is None and attacks.run_cell(CHAPTER, "24.3", to_float8=by_torch).right


def test_the_cell_of_the_number():
    assert attacks.run_cell(CHAPTER, "24.1").right is None and attacks.run_cell(CHAPTER, "24.1", answer_1=10).right

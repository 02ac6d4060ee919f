"""Baidu's LAC as jieba carries it: its weights read from Fluid's files, its characters and tags, its words. NumPy alone.

The network (arXiv:1807.01882): an embedding of 128 numbers, two bidirectional GRU layers of 128 units, a linear layer,
a CRF over 57 tags. A file holds one variable: a version (uint32), the level of its LoD (uint64) and, there being none,
another version, the length of a protocol buffer (int32), that buffer (element type and shape), the raw numbers.
"""
import re
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
FLOAT32 = 5             # VarType.FP32 in framework.proto of Fluid 1.8
UNKNOWN, LONGEST = "OOV", 512
# Fluid's variables, by the names that the sides here use; the second direction reads the sentence from its end.
NAMES = {"embedding.weight": "word_emb", "fc.weight": "fc_4.w_0", "fc.bias": "fc_4.b_0", "crf": "crfw"} | {
    f"layers.{layer}.{end}.{ours}": theirs.format(2 * layer + number)
    for layer in range(2) for number, end in enumerate(("forwards", "backwards"))
    for ours, theirs in (("w_x", "fc_{}.w_0"), ("b_x", "fc_{}.b_0"), ("w_h", "gru_{}.w_0"), ("b_h", "gru_{}.b_0"))}


class LacError(ValueError):
    """A file of LAC, or a text, that is not as expected."""


def variable(path):
    """Read one of Fluid's variables.

    Returns
    -------
    numpy.ndarray
        float32, of the shape that the file gives.

    Raises
    ------
    LacError
        Another version, a LoD, another element type, or more or fewer numbers than the shape has.
    """
    raw = path.read_bytes()
    if len(raw) < 20:
        raise LacError(f"{path.name}: expected a Fluid variable, got {len(raw)} bytes")
    version, lod, tensor, size = struct.unpack_from("<IQIi", raw)
    if (version, lod, tensor) != (0, 0, 0) or not 0 < size <= len(raw) - 20:
        raise LacError(f"{path.name}: expected a tensor of version 0 without a LoD, got versions {version} and {tensor}, LoD level {lod}")
    kind, shape = described(raw[20:20 + size], path.name)
    if kind != FLOAT32:
        raise LacError(f"{path.name}: expected float32 (element type {FLOAT32}), got element type {kind}")
    numbers = raw[20 + size:]
    if len(numbers) != 4 * int(np.prod(shape)):
        raise LacError(f"{path.name}: its shape {tuple(shape)} takes {4 * int(np.prod(shape)):,} bytes, {len(numbers):,} follow")
    return np.frombuffer(numbers, "<f4").reshape(shape).astype(np.float32)


def described(buffer, name):
    """Element type and shape from a protocol buffer with the fields 1 (varint) and 2 (varints)."""
    at, kind, shape = 0, None, []

    def varint():
        nonlocal at
        found, shift = 0, 0
        while True:
            if at >= len(buffer):
                raise LacError(f"{name}: the description of the tensor breaks off")
            byte = buffer[at]
            at += 1
            found |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return found
    while at < len(buffer):
        key = varint()
        if key == 1 << 3:
            kind = varint()
        elif key == 2 << 3:
            shape.append(varint())
        elif key == (2 << 3 | 2):                   # packed
            end = varint() + at
            while at < end:
                shape.append(varint())
        else:
            raise LacError(f"{name}: unknown field {key >> 3} in the description of the tensor")
    return kind, shape


def weights(folder):
    """The model's weights by name, float32."""
    missing = [theirs for theirs in NAMES.values() if not (folder / theirs).exists()]
    if missing:
        raise LacError(f"{folder.name}: no file {', '.join(missing)}")
    return {ours: laid_out(ours, variable(folder / theirs)) for ours, theirs in NAMES.items()}


def laid_out(name, value):
    """A variable as a matrix reads it.

    dynamic_gru's weight is called (H, 3 H), but its numbers are two matrices one after the other: (H, 2 H) for the
    update and the reset gate, (H, H) for the candidate.
    """
    if name.endswith("b_h"):
        return value.ravel()
    if name.endswith("w_h"):
        hidden, flat = len(value), value.ravel()
        gates, candidate = flat[:2 * hidden ** 2], flat[2 * hidden ** 2:]
        return np.hstack([gates.reshape(hidden, 2 * hidden), candidate.reshape(hidden, hidden)])
    return value


@dataclass(frozen=True)
class Words:
    """The characters that LAC knows, and its tags."""

    numbers: dict
    tags: tuple

    @classmethod
    def read(cls, folder):
        """From word.dic (NUMBER, tab, CHARACTER) and tag.dic."""
        pairs = {name: [line.split("\t") for line in (folder / name).read_text("utf-8").split("\n") if line]
                 for name in ("word.dic", "tag.dic")}
        for name, rows in pairs.items():
            for number, row in enumerate(rows, 1):
                if len(row) != 2 or not row[0].isdigit():
                    raise LacError(f"{name}, line {number}: expected a number, a tab and a text, got {row!r}")
        tags = dict((int(number), tag) for number, tag in pairs["tag.dic"])
        return cls({text: int(number) for number, text in pairs["word.dic"]}, tuple(tags[i] for i in range(len(tags))))

    def encode(self, text):
        """A text -> the numbers of its characters; those that LAC does not know share one."""
        if not text:
            raise LacError("expected at least one character, got an empty text")
        if len(text) > LONGEST:
            raise LacError(f"expected at most {LONGEST} characters, got {len(text)}: cut the text at its sentences")
        return [self.numbers.get(character, self.numbers[UNKNOWN]) for character in text]

    def read_off(self, text, path):
        """The text cut into words, each with its tag: a word begins at B, and where O follows another tag."""
        found, before = [], None
        for character, number in zip(text, path):
            tag = self.tags[number]
            if before is None or tag.endswith("-B") or (tag == "O" and before != "O"):
                found.append([character, tag.partition("-")[0]])
            else:
                found[-1][0] += character
            before = tag
        return [tuple(one) for one in found]


def padded(rows):
    """Lists of numbers -> (B, T) with zeros, and lengths (B,)."""
    lengths = np.array([len(row) for row in rows], np.int64)
    made = np.zeros((len(rows), lengths.max()), np.int64)
    for at, row in enumerate(rows):
        made[at, :len(row)] = row
    return made, lengths


def sentences(text, longest=LONGEST):
    """A text cut after 。！？ and at line ends, blanks at both ends taken away; what is longer than `longest` is cut there."""
    parts = [part.strip() for part in re.findall(r"[^。！？\n]+[。！？]*", text)]
    return [part[at:at + longest] for part in parts if part for at in range(0, len(part), longest)]

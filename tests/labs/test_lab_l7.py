"""Lab 7: its reference against the library's own parser, and chapter 24's code, which gets few points."""

import importlib
import json
import random
import struct

import numpy as np
import pytest

from labs.grading import assignment
from labs.grading import cases as drawn
from labs.grading.answering import Here
from labs.grading.climbing import climb

FILES = 4000
# what the library takes and this lab refuses, by the lab's words
STRICTER = {"twice", "metadata", "name", "fields", "dtype", "json"}


@pytest.fixture(scope="module")
def made():
    return assignment.read("L7")


def files(count, seed):
    """Files that are right or nearly so: a token of the header, a byte, the length or the end is changed."""
    draw = random.Random(seed)
    for _ in range(count):
        header, at = {}, 0
        for name in draw.sample("abcde", draw.randint(0, 3)):
            dtype, size = draw.choice([("F32", 4), ("U8", 1), ("BF16", 2), ("I64", 8)])
            shape = [draw.randint(0, 3) for _ in range(draw.randint(0, 2))]
            end = at + size * int(np.prod(shape))
            header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, end]}
            at = end
        text = json.dumps(header, separators=(",", ":"))
        if draw.random() < 0.6 and len(text) > 4:
            digits = [i for i, sign in enumerate(text) if sign.isdigit()]
            place = draw.choice(digits or [0])
            text = text[:place] + draw.choice(["0", "1", "2", "4", "8", "-1", "2.0", "true", "[]"]) + text[place + 1 :]
        whole = struct.pack("<Q", max(0, len(text) + draw.choice([0] * 9 + [1, -1, 50]))) + text.encode() + draw.randbytes(max(0, at + draw.choice([0] * 8 + [1, -1])))
        yield whole[: draw.choice([len(whole)] * 9 + [draw.randint(0, len(whole))])]


def test_the_reference_refuses_what_the_library_refuses(made):
    import safetensors
    check, words = made.reference["check"], set()
    for whole in files(FILES, 3):
        word = check(whole, len(whole), 10**8)
        words.add(word)
        try:
            safetensors.deserialize(whole)
        except safetensors.SafetensorError as error:
            assert word, f"accepted, but the library says {error}: {whole}"
        else:
            assert word == "" or word in STRICTER, f"{word}, but the library reads {whole}"
    assert words >= {"", "short", "length", "shape", "size", "layout", "offsets"}, "the files reach what they should"


def test_the_reference_decodes_what_the_library_writes(made):
    import safetensors.torch
    import torch
    draw = torch.Generator().manual_seed(0)
    kinds = {"BF16": torch.bfloat16, "F16": torch.float16, "F32": torch.float32, "F64": torch.float64, "I32": torch.int32, "I64": torch.int64,
             "U8": torch.uint8, "BOOL": torch.bool}
    tensors = {name: (10 * torch.randn(3, 5, generator=draw)).abs().to(kind) for name, kind in kinds.items()}
    whole = safetensors.torch.save(tensors)
    begin = 8 + int.from_bytes(whole[:8], "little")
    for name, entry in json.loads(whole[8:begin]).items():
        start, stop = entry["data_offsets"]
        found = made.reference["decode"](entry["dtype"], entry["shape"], whole[begin + start : begin + stop])
        right = tensors[name].float() if name == "BF16" else tensors[name]
        np.testing.assert_array_equal(found, right.numpy())
        assert found.dtype == right.numpy().dtype


def test_chapter_24s_own_code_does_not_pass(made):
    header = importlib.import_module("labs.tasks.safetensors.header")
    reader = importlib.import_module("labs.tasks.safetensors.reader")
    words = {"too small": "short", "too large": "limit", "length": "length", "UTF-8": "text", "JSON": "json", "offsets": "layout", "size": "size",
             "overflow": "size", "part of a byte": "size", "not covered": "layout"}

    def check(head, size, limit):
        try:
            header.parse(head + bytes(max(0, min(size, 10**6) - len(head))))
        except header.HeaderError as error:
            return words[error.kind]
        return ""

    def decode(dtype, shape, data):
        return np.frombuffer(data, reader.DTYPES[dtype]).reshape(shape)

    names = {"check": check, "decode": decode, "plan": lambda places, wanted, gap: [places[name] for name in wanted],
             "load": lambda fetch, index, wanted, limit, gap: {}}
    result = climb(made, drawn.make(made, "chapter", mistakes=False), Here(made, names))
    assert result.earned <= 30, result.text      # right files, lengths and the layout are judged alike

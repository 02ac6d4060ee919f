"""The checks of chapter 23: right answers pass, each near-miss gets its own hint, nothing else passes."""

import exercise_attacks as attacks
import numpy as np

from labs.tasks.datasets import exercises

CHAPTER = "23_datasets.md"


def test_text_bytes():
    attacks.number(exercises.text_bytes, 9004, {9000: "one more", 9129: "no bitmap", 13008: "four bytes", 5000: "offsets are missing",
                                                4004: "characters are missing"})
    assert len(b"".join(exercises.column(["abcde"] * 1000)[i] for i in (0, 2))) + exercises.column(["abcde"] * 1000)[1].nbytes == 9004
    assert attacks.run_cell(CHAPTER, "23.1").right is None and attacks.run_cell(CHAPTER, "23.1", answer_1=9004).right


def present_of(validity, count):
    if not validity:
        return np.ones(count, bool)
    return np.unpackbits(np.frombuffer(validity, np.uint8), count=count, bitorder="little").astype(bool)


def by_numpy(validity, offsets, data, rows):
    there = present_of(validity, len(offsets) - 1)[rows] if rows else np.ones(0, bool)
    pieces = [data[offsets[row]:offsets[row + 1]] if here else b"" for row, here in zip(rows, there)]
    packed = b"" if there.all() else np.packbits(there, bitorder="little").tobytes()
    return packed, np.cumsum([0, *map(len, pieces)]).astype(np.int32), b"".join(pieces)


def by_loop(validity, offsets, data, rows):
    made, places, bits = bytearray(), [0], [0] * (-(-len(rows) // 8))
    for at, row in enumerate(rows):
        if not validity or validity[row // 8] >> row % 8 & 1:
            bits[at // 8] |= 1 << at % 8
            made += data[offsets[row]:offsets[row + 1]]
        places.append(len(made))
    full = sum(bin(one).count("1") for one in bits) == len(rows)
    return [b"" if full else bytes(bits), places, bytes(made)]


def by_pyarrow(validity, offsets, data, rows):
    import pyarrow as pa
    column = pa.StringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets.tobytes()), pa.py_buffer(data), pa.py_buffer(validity) if validity else None)
    return exercises.column([column[row].as_py() for row in rows])


def with_pieces(change):
    """A near-miss: the right buffers, of which one is another."""
    def take(validity, offsets, data, rows):
        return change(validity, offsets, data, rows, by_numpy(validity, offsets, data, rows))
    return take


def all_bits(validity, offsets, data, rows, right):
    there = present_of(validity, len(offsets) - 1)[rows] if rows else np.ones(0, bool)
    return np.packbits(there, bitorder="little").tobytes(), *right[1:]


def from_the_left(validity, offsets, data, rows, right):
    there = present_of(validity, len(offsets) - 1)[rows] if rows else np.ones(0, bool)
    return b"" if there.all() else np.packbits(there).tobytes(), *right[1:]


def beneath(validity, offsets, data, rows, right):
    pieces = [data[offsets[row]:offsets[row + 1]] for row in rows]
    return right[0], np.cumsum([0, *map(len, pieces)]).astype(np.int32), b"".join(pieces)


def test_taken():
    misses = {
        "the bitmap is empty": with_pieces(all_bits),
        "lowest bit": with_pieces(from_the_left),
        "means nothing": with_pieces(beneath),
        "one more than there are rows": with_pieces(lambda v, o, d, r, right: (right[0], right[1][:-1], right[2])),
        "the first offset is 0": with_pieces(lambda v, o, d, r, right: (right[0], right[1] + 1, right[2])),
        "expected the bitmap": with_pieces(lambda v, o, d, r, right: (v, *right[1:]) if right[0] and len(v) == len(right[0]) else right),
        "expected the data": with_pieces(lambda v, o, d, r, right: (*right[:2], right[2][::-1])),
        "expected the offsets": with_pieces(lambda v, o, d, r, right: by_numpy(v, o, d, sorted(r))),
        "expected three buffers": with_pieces(lambda v, o, d, r, right: right[:2]),
        "expected bytes": with_pieces(lambda v, o, d, r, right: (right[0], right[1], right[2].decode())),
        "whole numbers": with_pieces(lambda v, o, d, r, right: (right[0], right[1] / 1, right[2])),
    }
    attacks.function(exercises.taken, [by_numpy, by_loop, by_pyarrow], misses, distort=False)
    assert attacks.run_cell(CHAPTER, "23.2").right is None and attacks.run_cell(CHAPTER, "23.2", take=by_loop).right


def by_slices(batch):
    rows = [(title, text[at:at + 10]) for title, text in zip(batch["title"], batch["text"]) for at in range(0, len(text), 10)]
    return {"title": [title for title, _ in rows], "piece": [piece for _, piece in rows]}


def by_while(batch):
    made = {"piece": [], "title": []}
    for title, text in zip(batch["title"], batch["text"]):
        while text:
            made["piece"].append(text[:10])
            made["title"].append(title)
            text = text[10:]
    return made


def by_textwrap(batch):
    import re
    found = [(title, piece) for title, text in zip(batch["title"], batch["text"]) for piece in re.findall("(?s).{1,10}", text)]
    return {"title": [one[0] for one in found], "piece": [one[1] for one in found]}


def cut(change):
    return lambda batch: change(batch, by_slices(batch))


def test_batched():
    misses = {
        "needs the title": cut(lambda batch, right: {"title": batch["title"], "piece": right["piece"]}),
        "may be short": cut(lambda batch, right: {name: [v for v, p in zip(right[name], right["piece"]) if len(p) == 10] for name in right}),
        "no text ends in an empty one": cut(lambda batch, right: by_slices({"title": batch["title"], "text": batch["text"]}) if all(len(t) % 10 for t in batch["text"])
                                            else {"title": right["title"] + ["t"], "piece": right["piece"] + [""]}),
        "expected the titles": cut(lambda batch, right: {"title": right["title"][::-1], "piece": right["piece"]}),
        "expected the pieces": cut(lambda batch, right: {"title": right["title"], "piece": right["piece"][::-1]}),
        "expected a dict": cut(lambda batch, right: [*zip(right["title"], right["piece"])]),
        "the lists title and piece": cut(lambda batch, right: right | {"text": right["piece"]}),
    }
    attacks.function(exercises.batched, [by_slices, by_while, by_textwrap], misses, distort=False)
    assert attacks.run_cell(CHAPTER, "23.3").right is None and attacks.run_cell(CHAPTER, "23.3", pieces=by_while).right


def test_right_pieces_work_in_map(tmp_path):
    """What the exercise asks for is what the library takes."""
    from datasets import Dataset, disable_progress_bars
    disable_progress_bars()
    made = Dataset.from_dict({"title": ["a", "b"], "text": ["x" * 25, ""]}).map(by_slices, batched=True, remove_columns=["text"])
    assert made["piece"][:] == ["x" * 10, "x" * 10, "x" * 5] and made["title"][:] == ["a"] * 3

"""Chapter 23: Arrow by hand equals pyarrow, broken files are refused, the shuffle buffer is the library's, and the page's code is the module's."""

import ast
import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from labs.tasks.datasets import arrow, draws, flat, mistakes, pages, reading, shuffling, trouble

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "chapters" / "23_datasets.md").read_text("utf-8")
BATCHES = 4000


def test_thousands_of_batches_are_pyarrows_byte_for_byte():
    assert draws.compare(BATCHES, 11, {"by hand": arrow}) == {"by hand": 0}


@pytest.fixture(scope="module")
def found():
    return draws.compare(150, 5, {name: mistakes.version(name) for name in mistakes.PLANTED})


@pytest.mark.parametrize("name", mistakes.PLANTED)
def test_a_planted_mistake_is_seen(name, found):
    assert found[name]


def test_a_mistake_whose_line_is_gone_is_said(monkeypatch):
    monkeypatch.setitem(mistakes.PLANTED, "gone", ("no such line", ""))
    with pytest.raises(ValueError, match="found it 0 times"):
        mistakes.version("gone")


def test_the_draws_reach_every_kind_and_every_state():
    rng, kinds, states = np.random.default_rng(0), set(), set()
    for _ in range(400):
        for values, kind in draws.columns(rng):
            kinds.add(kind)
            gone = sum(value is None for value in values)
            states.add("none" if not gone else "all" if gone == len(values) else "some")
    assert kinds == {*arrow.NUMBERS, "string"} and states == {"none", "some", "all"}


@pytest.fixture
def stream(tmp_path):
    """A file as pyarrow writes it: two batches, with numbers, text and lists of text."""
    import pyarrow as pa
    batch = pa.record_batch({"n": pa.array([1, None, 3], pa.int32()), "t": pa.array(["a", None, "李白"]),
                             "l": pa.array([["x", None], None, []], pa.list_(pa.string()))})
    with pa.ipc.new_stream(tmp_path / "f.arrow", batch.schema) as writer:
        writer.write(batch)
        writer.write(batch.slice(1))
    return batch, np.fromfile(tmp_path / "f.arrow", np.uint8)


def test_a_stream_with_lists_and_a_slice_is_read(stream):
    batch, whole = stream
    fields, batches = arrow.read(whole)
    assert [(field.name, field.kind) for field in fields] == [("n", "int32"), ("t", "string"), ("l", "list")]
    for part, read in zip((batch, batch.slice(1)), batches):
        assert {name: column.to_list() for name, column in read.items()} == part.to_pydict()


def test_offsets_need_not_begin_at_zero():
    """The format allows it, though no writer here does it."""
    column = arrow.Column(2, 1, "string", np.array([0b01], np.uint8), np.array([2, 3, 5], "<i4"), np.frombuffer(b"??abc", np.uint8))
    assert arrow.checked("t", column).to_list() == ["a", None]
    with pytest.raises(flat.ArrowError, match="do not rise"):
        arrow.checked("t", arrow.Column(2, 0, "string", column.validity, np.array([2, 9, 5], "<i4"), column.values))


def test_a_batch_without_rows_is_read(stream):
    import pyarrow as pa
    batch = stream[0].slice(0, 0)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write(batch)
    _, (read,) = arrow.read(np.frombuffer(sink.getvalue(), np.uint8))
    assert {name: column.to_list() for name, column in read.items()} == {"n": [], "t": [], "l": []}


def test_what_is_read_is_a_view_of_the_bytes(stream):
    _, whole = stream
    for column in arrow.read(whole)[1][0].values():
        for one in (column.validity, column.offsets, column.values if column.kind != "list" else column.values.values):
            assert not one.size or np.shares_memory(one, whole)


@pytest.mark.parametrize("cut", range(8, 800, 24))
def test_a_cut_stream_is_refused_or_ends_between_two_messages(stream, cut):
    _, whole = stream
    part = whole[:max(len(whole) - cut, 0)]
    try:
        fields, batches = arrow.read(part)
    except flat.ArrowError:
        return
    assert len(batches) < 2 or cut == 8, "what is cut off was a whole message"


def test_a_changed_byte_is_never_a_crash(stream):
    _, whole = stream
    rng, refused = np.random.default_rng(2), 0
    for _ in range(3000):
        part = whole.copy()
        part[rng.integers(len(part), size=rng.integers(1, 4))] = rng.integers(256)
        try:
            for batch in arrow.read(part)[1]:
                for column in batch.values():
                    column.to_list()
        except (flat.ArrowError, UnicodeDecodeError):
            refused += 1
    assert refused > 300, "and many are refused"


@pytest.mark.parametrize("kind", ["dictionary", "compressed", "large"])
def test_what_is_not_understood_is_refused(kind):
    import pyarrow as pa
    values = {"dictionary": pa.array(["a", "b"]).dictionary_encode(), "compressed": pa.array([1] * 100), "large": pa.array(["a"], pa.large_string())}[kind]
    batch, sink = pa.record_batch({"x": values}), pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema, options=pa.ipc.IpcWriteOptions(compression="zstd" if kind == "compressed" else None)) as writer:
        writer.write(batch)
    with pytest.raises(flat.ArrowError, match="does not understand"):
        arrow.read(np.frombuffer(sink.getvalue(), np.uint8))


@pytest.mark.parametrize("values, kind", [([1.5], "int64"), ([1, "x"], "bool"), ([0.5, None], "uint8")])
def test_what_does_not_fit_a_kind_is_not_written(values, kind):
    with pytest.raises(flat.ArrowError, match="whole numbers|expected numbers or string"):
        arrow.record_batch([(values, kind)])


@pytest.mark.parametrize("columns", [[], [([], "int64")], [([1], "int64"), ([1, 2], "int64")]])
def test_a_batch_of_no_or_unequal_rows_is_not_written(columns):
    with pytest.raises(flat.ArrowError, match="one length, at least 1"):
        arrow.record_batch(columns)


def test_an_empty_file_and_a_batch_without_schema_are_refused():
    with pytest.raises(flat.ArrowError, match="expected a schema"):
        arrow.read(np.zeros(0, np.uint8))
    with pytest.raises(flat.ArrowError, match="kind 3"):
        arrow.read(np.frombuffer(arrow.record_batch([([1], "int64")]), np.uint8))
    with pytest.raises(flat.ArrowError, match="expected a message"):
        arrow.read(np.frombuffer(struct.pack("<Q", 5) + b"{}   ", np.uint8))


@pytest.mark.parametrize("way", [shuffling.half_by_half, shuffling.one_by_one])
@pytest.mark.parametrize("size", [1, 2, 7, 50, 500])
def test_a_buffer_loses_no_row_and_gives_none_before_it_came(way, size):
    order = [*way(iter(range(100)), size, np.random.default_rng(3))]
    assert sorted(order) == [*range(100)]
    assert all(row <= at + size for at, row in enumerate(order)), "a row cannot leave before it has been read"


def test_rows_that_come_in_pieces_fill_the_buffer_beyond_its_size():
    first = [*shuffling.half_by_half(range(100), 64, np.random.default_rng(0), 6)][:34]
    assert max(first) >= 64, "the first half comes from eleven pieces of six"
    assert shuffling.tenth(5) == 1 and shuffling.tenth(64) == 6


def test_a_buffer_of_one_row_shuffles_nothing():
    assert [*shuffling.one_by_one(range(20), 1, np.random.default_rng(0))] == [*range(20)]
    assert [*shuffling.half_by_half(range(20), 1, np.random.default_rng(0))] == [*range(20)]


def test_the_measures_know_the_ends():
    rng = np.random.default_rng(0)
    assert shuffling.moved(range(1000)) == 0 and 0.95 < np.mean([shuffling.moved(rng.permutation(1000)) for _ in range(20)]) < 1.05
    assert shuffling.variety(["a"] * 10 + ["b"] * 10, range(20), 10) == 1
    assert shuffling.variety(["a", "b"] * 10, range(20), 10) == 2


def test_pages_know_a_mapped_file_from_a_copy(tmp_path):
    if not pages.known():
        assert pages.file_behind(0) is None and pages.held(tmp_path / "f") == (0, 0)
        return
    (tmp_path / "f").write_bytes(bytes(2 ** 20))
    mapped = np.memmap(tmp_path / "f", np.uint8, "r")
    assert pages.is_behind(tmp_path / "f", mapped.ctypes.data)
    assert not pages.is_behind(tmp_path / "f", np.array(mapped).ctypes.data)
    assert pages.held(tmp_path / "f")[1] == 2 ** 20
    mapped.sum()
    assert pages.held(tmp_path / "f")[0] == 2 ** 20


def test_an_excerpt_is_short_and_a_line_that_is_gone_is_said():
    assert "def excerpt" in reading.excerpt(reading.excerpt, "def excerpt", 2)
    with pytest.raises(ValueError, match="has changed"):
        reading.excerpt(reading.excerpt, "no" + "where")
    with pytest.raises(ValueError, match="1 to 10"):
        reading.excerpt(reading.excerpt, "def", 11)


def test_an_error_is_the_one_that_began_it():
    class DatasetGenerationError(Exception):
        pass

    def fails():
        raise DatasetGenerationError("outside") from ValueError("inside\n  it")
    assert trouble.says(fails) == "ValueError: inside it" and trouble.says(lambda: 3) == "3"


def bodies(text):
    """Each function as its syntax, without its docstring."""
    found = {}
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef):
            inside = node.body[1:] if ast.get_docstring(node) else node.body
            found[node.name] = ast.dump(ast.Module(inside, []))
    return found


def test_the_code_on_the_page_is_the_modules():
    cells = re.findall(r"^```\{code-cell\}\n(?!:tags)(.*?)^```$", PAGE, re.M | re.S)
    on_page, module = bodies("\n".join(cells)), bodies(Path(arrow.__file__).read_text("utf-8"))
    shared = {"buffers", "record_batch", "batch_table"}
    assert shared <= set(on_page)
    assert {name: on_page[name] for name in shared} == {name: module[name] for name in shared}


CHILD = """
import json, os, sys
import numpy as np
from labs.tasks.datasets import arrow, library, shuffling
library.quiet()
folder = sys.argv[1]
with open(folder + "/rows.jsonl", "w") as file:
    for i in range(3000):
        file.write(json.dumps({"i": i, "t": None if i % 7 == 0 else "李" * (i % 5), "l": ["a"] * (i % 3)}, ensure_ascii=False) + "\\n")
made = library.load(folder + "/rows.jsonl")
cached = made.cache_files[0]["filename"]
assert cached.startswith(folder), cached
fields, batches = arrow.read(np.memmap(cached, np.uint8, "r"))
for field in fields:
    assert [v for batch in batches for v in batch[field.name].to_list()] == made[field.name][:], field
for size in (1, 10, 64, 99, 5000):
    stream = library.load(folder + "/rows.jsonl", streaming=True).shuffle(seed=2, buffer_size=size)
    assert [row["i"] for row in stream] == [*shuffling.half_by_half(range(3000), size, np.random.default_rng(2), shuffling.tenth(size))], size
print("equal", len(fields), len(made))
"""


def test_the_librarys_own_cache_is_read_and_its_order_is_ours(tmp_path):
    """In a process of its own, whose home and cache are a folder of the test: no cache of the reader's is written to."""
    fresh = {key: value for key, value in os.environ.items() if not key.startswith("HF_")}
    home = tmp_path / "home"
    home.mkdir()
    done = subprocess.run([sys.executable, "-c", CHILD, str(tmp_path)], capture_output=True, text=True, timeout=300, cwd=ROOT,
                          env=fresh | {"HOME": str(home), "HF_HOME": str(tmp_path / "hf"), "HF_HUB_OFFLINE": "1", "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"})
    assert done.stdout.strip() == "equal 3 3000", done.stderr[-2000:]
    assert done.stderr == "", "a page would show it"
    assert not [path for path in home.rglob("*") if path.is_file()], "nothing stands in the home folder"

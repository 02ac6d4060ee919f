"""Recordings: found for the same cells and inputs, not for others; small; every number compared; all there."""
import json
import re
from pathlib import Path

import nbformat
import numpy as np
import pytest

from labs import parity
from labs.fluid import record_notebooks, recordings
from labs.fluid.errors import FluidError

ROOT = Path(__file__).parents[2]
def folder_of(notebook):
    """Where the recordings of a chapter lie: in its task."""
    return recordings.TASKS / record_notebooks.facts(notebook)["task"] / "recordings"


CELLS = ["%%fluid\nimport paddle", "%%fluid -i w -o losses\nlosses = w * 2"]
W = np.random.default_rng(0).normal(size=100)


def written(folder, values=None, outputs=(), inputs=None):
    recordings.write(folder, CELLS, {"w": W} if inputs is None else inputs, list(outputs), values or {}, "2026-11-22", "paddlepaddle 1.8.5")
    return recordings.find(CELLS, {"w": W} if inputs is None else inputs, folder)[0]


def text(words):
    return {"output_type": "stream", "name": "stdout", "text": words}


def test_what_is_written_is_found_again(tmp_path):
    found = written(tmp_path, {"losses": np.arange(3.0), "deep": {"n": 2}}, [text("hi\n")])
    assert (found.date, found.versions, found.outputs) == ("2026-11-22", "paddlepaddle 1.8.5", [text("hi\n")])
    assert np.array_equal(found.values["losses"], np.arange(3.0)) and found.values["deep"] == {"n": 2}


@pytest.mark.parametrize("cells", [CELLS[1:], [CELLS[0] + "\n", CELLS[1] + "+0"], [CELLS[0] + " as p", CELLS[1]], CELLS[::-1]])
def test_another_story_has_no_recording(tmp_path, cells):
    written(tmp_path)
    found, why = recordings.find(cells, {"w": W}, tmp_path)
    assert found is None and "not as it was when recorded" in why


def test_last_digits_of_an_input_do_not_matter(tmp_path):
    written(tmp_path)
    assert recordings.find(CELLS, {"w": W * (1 + 1e-7)}, tmp_path)[0] is not None


@pytest.mark.parametrize("wrong", [{"w": W * 1.01}, {"w": W.astype("float32")}, {"w": W[:50]}, {}, {"w": W, "v": 1}, {"w": np.arange(100)}])
def test_other_inputs_have_no_recording_and_are_named(tmp_path, wrong):
    written(tmp_path)
    found, why = recordings.find(CELLS, wrong, tmp_path)
    assert found is None and ("other inputs (w)" in why or "other inputs (v)" in why)


def test_integers_must_be_equal_to_the_last(tmp_path):
    labels = np.arange(1000)
    written(tmp_path, inputs={"labels": labels})
    changed = labels.copy()
    changed[501] += 1
    assert recordings.find(CELLS, {"labels": changed.astype("int32")}, tmp_path)[0] is None
    assert recordings.find(CELLS, {"labels": labels.astype("int32")}, tmp_path)[0] is not None


def test_a_large_array_is_kept_as_a_sketch_that_the_ladder_compares(tmp_path):
    large = np.random.default_rng(1).normal(size=(200, 100))
    kept = written(tmp_path, {"record": {"fc.weight": large}}).values["record"]["fc.weight"]
    assert kept.shape == large.shape and kept.values.size == recordings.PLACES
    here, there = parity.ladder.levelled([{"w": large}, {"w": kept}], [], ["w"])[0]
    assert np.array_equal(here["w"], there["w"])
    changed = large.copy()
    changed[7, 7] += 1e-3
    assert not np.allclose(parity.ladder.levelled([{"w": changed}, {"w": kept}], [], ["w"])[0][0]["w"], there["w"])


def test_a_sketch_taken_for_an_array_says_what_it_is(tmp_path):
    kept = written(tmp_path, {"w": np.ones(5000)}).values["w"]
    with pytest.raises(TypeError, match="only a sketch was kept"):
        np.mean(kept)


def test_a_recording_of_more_than_a_megabyte_is_refused(tmp_path):
    many = {f"w{i}": np.random.default_rng(i).normal(size=1000) for i in range(140)}
    with pytest.raises(FluidError, match="1,000,000 are allowed"):
        written(tmp_path, many)


BEFORE = {"losses": np.linspace(2.3, 0.1, 20), "large": np.random.default_rng(2).normal(size=5000), "n": 3, "name": "lenet"}
SAID = [text("loss 2.3012\n"), {"output_type": "display_data", "data": {"text/plain": "<Figure>", "image/png": "AAAA"}}]


def test_a_run_that_gives_the_same_has_not_drifted(tmp_path):
    now = {name: value * (1 + 1e-12) if isinstance(value, np.ndarray) else value for name, value in BEFORE.items()}
    said = [text("loss 2.3011\n"), {"output_type": "display_data", "data": {"text/plain": "<Figure>", "image/png": "BBBB"}}]
    assert recordings.drift(written(tmp_path, BEFORE, SAID), said, now) == []


@pytest.mark.parametrize("name, value, says", [
    ("losses", BEFORE["losses"] + 1e-7, "losses: other values, up to 1e-07 apart"), ("losses", BEFORE["losses"][:19], r"now float64 \(19,\)"),
    ("losses", BEFORE["losses"].astype("f4").astype("f8"), "losses: other values"), ("large", BEFORE["large"] * 1.001, "large.*: other values"),
    ("large", BEFORE["large"].reshape(50, 100), "sketch:50x100"), ("n", 4, "n: other values"), ("name", "mlp", "name: other values"),
    ("new", 1, "new: recorded nothing")])
def test_every_value_that_drifts_is_named(tmp_path, name, value, says):
    wrong = recordings.drift(written(tmp_path, BEFORE, SAID), SAID, {**BEFORE, name: value})
    assert re.search(says, "; ".join(wrong))


@pytest.mark.parametrize("said, says", [
    (SAID[:1], "recorded the outputs"), ([text("loss 2.4012\n"), SAID[1]], "output 1 differs"), ([text("lost 2.3012\n"), SAID[1]], "output 1 differs"),
    ([SAID[0], {"output_type": "display_data", "data": {"text/plain": "<Figure>"}}], "output 2 differs")])
def test_every_output_that_drifts_is_named(tmp_path, said, says):
    assert says in recordings.drift(written(tmp_path, BEFORE, SAID), said, BEFORE)[0]


# --- the recordings that ship ---

NOTEBOOKS = record_notebooks.notebooks()


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_fluid_cell_of_the_book_has_its_recording_and_there_is_no_other(path):
    story, wanted = [], set()
    for cell in nbformat.read(path, 4).cells:
        if cell.cell_type == "code" and cell.source.startswith("%%fluid"):
            head, _, body = cell.source.partition("\n")
            story.append(f"%%fluid {' '.join(head.split()[1:])}".rstrip() + f"\n{body.strip()}")
            wanted.add(recordings.key(story))
    kept = {file.name.split("-")[1] for file in folder_of(path).glob("*.json")}
    assert kept == wanted, "make recordings"


@pytest.mark.parametrize("folder", sorted(recordings.TASKS.glob("*/recordings")), ids=lambda path: path.parent.name)
def test_a_shipped_recording_is_small_dated_and_of_a_chapter(folder):
    assert folder in map(folder_of, NOTEBOOKS)
    for path in folder.glob("*.json"):
        assert sum(file.stat().st_size for file in folder.glob(path.stem + ".*")) <= recordings.MEGABYTE
        kept = json.loads(path.read_text(encoding="utf-8"))
        assert kept["date"] and "paddlepaddle 1.8.5" in kept["versions"]

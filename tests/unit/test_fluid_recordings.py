"""Recordings: found for the same cells and inputs, not for others; small; every number compared; all there."""
import nbformat
import numpy as np
import pytest

from labs import parity
from labs.fluid import processor, record_notebooks, recordings
from labs.fluid.errors import FluidError

MADE = {"date": "2026-11-22", "versions": "paddlepaddle 1.8.5", "processor": "AMD EPYC, AVX2"}


def folder_of(notebook):
    """Where the recordings of a chapter lie: in its task."""
    return recordings.TASKS / record_notebooks.facts(notebook)["task"] / "recordings"


CELLS = ["%%fluid\nimport paddle", "%%fluid -i w -o losses\nlosses = w * 2"]
W = np.random.default_rng(0).normal(size=100)


def written(folder, values=None, outputs=(), inputs=None):
    recordings.write(folder, CELLS, {"w": W} if inputs is None else inputs, list(outputs), values or {}, MADE)
    return recordings.find(CELLS, {"w": W} if inputs is None else inputs, folder)[0]


def text(words):
    return {"output_type": "stream", "name": "stdout", "text": words}


def test_what_is_written_is_found_again(tmp_path):
    found = written(tmp_path, {"losses": np.arange(3.0), "deep": {"n": 2}}, [text("hi\n")])
    assert {name: getattr(found, name) for name in MADE} == MADE and found.outputs == [text("hi\n")]
    assert np.array_equal(found.values["losses"], np.arange(3.0)) and found.values["deep"] == {"n": 2}


@pytest.mark.parametrize("cells", [CELLS[1:], [CELLS[0] + "\n", CELLS[1] + "+0"], [CELLS[0] + " as p", CELLS[1]], CELLS[::-1]])
def test_another_story_has_no_recording(tmp_path, cells):
    written(tmp_path)
    found, why = recordings.find(cells, {"w": W}, tmp_path)
    assert found is None and "not as it was when recorded" in why


def test_last_digits_of_an_input_do_not_matter(tmp_path):
    written(tmp_path)
    assert recordings.find(CELLS, {"w": W * (1 + 1e-15)}, tmp_path)[0] is not None


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
    here, there = parity.comparing.levelled([{"w": large}, {"w": kept}], [], ["w"])[0]
    assert np.array_equal(here["w"], there["w"])
    changed = large.copy()
    changed[7, 7] += 1e-3
    assert not np.allclose(parity.comparing.levelled([{"w": changed}, {"w": kept}], [], ["w"])[0][0]["w"], there["w"])


def test_a_sketch_taken_for_an_array_says_what_it_is(tmp_path):
    kept = written(tmp_path, {"w": np.ones(5000)}).values["w"]
    with pytest.raises(TypeError, match="only a sketch was kept"):
        np.mean(kept)


def test_a_recording_of_more_than_a_megabyte_is_refused(tmp_path):
    many = {f"w{i}": np.random.default_rng(i).normal(size=500) for i in range(280)}
    with pytest.raises(FluidError, match="1,000,000 are allowed"):
        written(tmp_path, many)


def test_many_small_arrays_take_little_more_than_their_bytes(tmp_path):
    rng = np.random.default_rng(3)
    many = {f"stages.{i}.conv.weight": rng.normal(size=40) for i in range(400)}
    written(tmp_path, {"climbed": many})
    size = sum(file.stat().st_size for file in tmp_path.iterdir())
    assert size < 1.2 * sum(array.nbytes for array in many.values())


VALUES = {"losses": np.linspace(2.3, 0.1, 20), "deep": {"float32": {"n": 3}}, "name": "lenet", "none": np.zeros((0, 2))}


def test_values_of_every_kind_come_back_as_they_were(tmp_path):
    back = written(tmp_path, VALUES).values
    assert np.array_equal(back["losses"], VALUES["losses"]) and back["none"].shape == (0, 2)
    assert back["deep"] == VALUES["deep"] and back["name"] == "lenet"


@pytest.mark.parametrize("before, after", [
    ("2.3012", "2.3013"), ("2026-11-22", "2026-11-23"), ("paddlepaddle 1.8.5", "paddlepaddle 1.8.4"), ("AMD EPYC", "Intel"),
    ("losses = w", "losses = v"), ("float64 100 ", "float64 101 ")],
    ids=["a printed loss", "the date", "a version", "the processor", "the cell", "an input's shape"])
def test_what_is_changed_in_a_recording_is_noticed_on_reading(tmp_path, before, after):
    path = written(tmp_path, VALUES, [text("loss 2.3012\n")]).path
    said = path.read_text(encoding="utf-8")
    assert before in said
    path.write_text(said.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(FluidError, match="was changed after it was written.*make recordings"):
        recordings.find(CELLS, {"w": W}, tmp_path)


def test_changed_values_are_noticed_on_reading(tmp_path):
    path = written(tmp_path, VALUES).path
    arrays, measured = recordings.unpacked(path.with_suffix(".npz").read_bytes())
    arrays["losses"][3] += 1e-3
    path.with_suffix(".npz").write_bytes(recordings.packed(arrays, measured))
    with pytest.raises(FluidError, match="has other values than were written"):
        recordings.find(CELLS, {"w": W}, tmp_path)


def test_missing_values_and_another_form_are_named(tmp_path):
    path = written(tmp_path, VALUES).path
    path.with_suffix(".npz").unlink()
    with pytest.raises(FluidError, match="lacks its values"):
        recordings.read(path)
    for content, says in (("{", "cannot be read"), ('{"date": "2026-11-22"}', "has another form"), ("[]", "has another form")):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(FluidError, match=says):
            recordings.read(path)


def test_another_end_of_line_is_no_change(tmp_path):
    path = written(tmp_path, VALUES).path
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert recordings.read(path).date == MADE["date"]


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


SHIPPED = sorted(recordings.TASKS.glob("*/recordings"))


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda path: path.parent.name)
def test_a_shipped_recording_is_as_it_was_written_and_says_on_what_it_was_made(folder):
    assert folder in map(folder_of, NOTEBOOKS)
    for path in folder.glob("*.json"):
        found = recordings.read(path)
        assert found.date and "paddlepaddle 1.8.5" in found.versions
        assert processor.named(found.processor).unit in processor.UNITS


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda path: path.parent.name)
def test_the_recordings_of_a_chapter_take_at_most_a_megabyte(folder):
    assert sum(file.stat().st_size for file in folder.iterdir()) <= recordings.MEGABYTE


def test_a_recording_under_another_ones_name_is_noticed(tmp_path):
    """Two cells without inputs: both files are as they were written, and each stands in the other's place."""
    first, second = (recordings.write(tmp_path, cells, {}, [text(f"{len(cells)}\n")], {}, MADE) for cells in (CELLS[:1], CELLS))
    second.write_bytes(first.read_bytes())
    with pytest.raises(FluidError, match="is of another cell than its name says"):
        recordings.find(CELLS, {}, tmp_path)

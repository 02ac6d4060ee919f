"""Recordings are renewed from notebooks, whole or not at all."""
import nbformat
import numpy as np
import pytest

from labs import __main__ as command
from labs.fluid import environment, record_notebooks, recordings
from labs.fluid.errors import FluidError, NoRuntime


def notebook(path, *cells):
    made = nbformat.v4.new_notebook(metadata={"parity": {"task": "early"}}, cells=[nbformat.v4.new_code_cell(source) for source in ("%load_ext labs.fluid", *cells)])
    nbformat.write(made, path)
    return path


@pytest.mark.needs("fluid")
def test_a_notebook_is_recorded_whole_and_a_failing_one_leaves_what_was(tmp_path):
    path = notebook(tmp_path / "50_early.ipynb", "%%fluid -o n\nprint('hi'); n = 1")
    (tmp_path / "kept/early/recordings").mkdir(parents=True)
    (tmp_path / "kept/early/recordings/01-old.json").write_text("{}")
    record_notebooks.record([path], say=lambda line: None, into=tmp_path / "kept")
    files = sorted(file.name for file in (tmp_path / "kept/early/recordings").iterdir())
    assert [name.split("-")[0] + name[-5:] for name in files] == ["01.json", "01" + files[1][-5:]] and len(files) == 2
    notebook(path, "%%fluid\nn = 2", "%%fluid\n1 / 0")
    with pytest.raises(FluidError, match="stay as they were"):
        record_notebooks.record([path], say=lambda line: None, into=tmp_path / "kept")
    assert files == sorted(file.name for file in (tmp_path / "kept/early/recordings").iterdir())


CELL = "%%fluid -o n\nprint('hi'); n = 1"
KEYS = [f"%%fluid -o n\n{line}" for line in ("print('hi'); n = 1", "n = 2")]
THEN = {"date": "2020-01-01", "versions": "paddlepaddle 1.8.5", "processor": "AMD EPYC, AVX2"}
NOW = dict(THEN, date="2026-11-26", processor="Intel Xeon, AVX-512")
LINE = {"output_type": "stream", "name": "stdout", "text": "hi\n"}


def recorded(tmp_path, monkeypatch, *cells, inputs=None):
    """Let `record` renew the recordings of a notebook, whose run gives these (cell, value)."""
    def play(path, box, mode):
        for number, (_, value) in enumerate(cells, 1):
            recordings.write(box, [cell for cell, _ in cells[:number]], inputs or {}, [LINE], {"n": value}, NOW)
        return []
    monkeypatch.setattr(environment, "installed", lambda: {"executable": "x"})
    monkeypatch.setattr(record_notebooks, "play", play)
    said = []
    record_notebooks.record([notebook(tmp_path / "50_early.ipynb", *(cell for cell, _ in cells))], said.append, tmp_path)
    return {file.name: file.read_bytes() for file in (tmp_path / "early/recordings").iterdir()}, said


def before(tmp_path, inputs=None):
    """What was recorded long ago."""
    folder = tmp_path / "early/recordings"
    recordings.write(folder, KEYS[:1], inputs or {}, [LINE], {"n": np.array([1.0, 2.0])}, THEN)
    recordings.write(folder, KEYS, inputs or {}, [LINE], {"n": np.array([3.0, 4.0])}, THEN)
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_recording_again_changes_no_byte_where_nothing_drifted(tmp_path, monkeypatch):
    inputs = {"w": np.linspace(0.0, 1.0, 50)}
    was = before(tmp_path, inputs)
    now, said = recorded(tmp_path, monkeypatch, (KEYS[0], np.array([1.0, 2.0]) * (1 + 1e-15)), (KEYS[1], np.array([3.0, 4.0])),
                         inputs={"w": inputs["w"] * (1 + 2e-16)})
    assert now == was and "2 Fluid cells, 0 recorded anew" in said[-1]


def test_recording_again_replaces_what_drifted_and_that_alone(tmp_path, monkeypatch):
    was = before(tmp_path)
    now, said = recorded(tmp_path, monkeypatch, (KEYS[0], np.array([1.0, 2.0])), (KEYS[1], np.array([3.0, 4.1])))
    assert now.keys() == was.keys() and "1 recorded anew" in said[-1]
    assert [name[:2] + name[-5:] for name in sorted(was) if now[name] != was[name]] == ["02.json", "02" + sorted(was)[3][-5:]]


def test_a_recording_changed_by_hand_is_replaced(tmp_path, monkeypatch):
    was = before(tmp_path)
    path = tmp_path / "early/recordings" / min(was)
    path.write_text(path.read_text().replace("2020-01-01", "2020-01-02"))
    now, _ = recorded(tmp_path, monkeypatch, (KEYS[0], np.array([1.0, 2.0])), (KEYS[1], np.array([3.0, 4.0])))
    assert b"2026-11-26" in now[min(was)] and now[max(was)] == was[max(was)]


def test_a_cell_that_is_gone_loses_its_recording(tmp_path, monkeypatch):
    was = before(tmp_path)
    now, _ = recorded(tmp_path, monkeypatch, (KEYS[0], np.array([1.0, 2.0])))
    assert now == {name: content for name, content in was.items() if name.startswith("01-")}


def test_more_than_a_megabyte_a_chapter_is_refused_and_leaves_what_was(tmp_path, monkeypatch):
    was = before(tmp_path)
    monkeypatch.setattr(record_notebooks, "MEGABYTE", 1000)
    with pytest.raises(FluidError, match="1,000 are allowed to a chapter; they stay as they were"):
        recorded(tmp_path, monkeypatch, (KEYS[0], np.arange(500.0)))
    assert {file.name: file.read_bytes() for file in (tmp_path / "early/recordings").iterdir()} == was


@pytest.mark.needs("fluid")
def test_a_proof_that_is_red_until_the_recordings_are_new_is_said_and_stops_nothing(tmp_path):
    said = []
    record_notebooks.record([notebook(tmp_path / "50_early.ipynb", CELL, "assert n == 2, 'red'")], said.append, tmp_path)
    assert said[0].endswith("failed, and is not recorded: AssertionError: red") and "1 Fluid cells, 1 recorded anew" in said[1]


def test_only_notebooks_with_fluid_cells_are_recorded(tmp_path):
    assert record_notebooks.has_fluid(notebook(tmp_path / "a.ipynb", "%%fluid -i x\nx"))
    assert not record_notebooks.has_fluid(notebook(tmp_path / "b.ipynb", "x = '%%fluid'", "# %%fluid"))


def test_without_the_runtime_nothing_is_recorded(tmp_path, monkeypatch):
    monkeypatch.setattr(environment, "installed", lambda: None)
    with pytest.raises(NoRuntime, match="labs fluid install"):
        record_notebooks.record([tmp_path / "x.ipynb"])


def test_writing_a_recording_needs_a_folder_of_its_own(monkeypatch):
    from labs.fluid import magic
    monkeypatch.delenv("LABS_FLUID_RECORDINGS", raising=False)
    with pytest.raises(FluidError, match="needs LABS_FLUID_RECORDINGS"):
        magic.folder(needed=True)
    assert magic.folder() == recordings.TASKS


def test_the_command_says_whether_the_runtime_is_here(capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("LABS_CACHE", str(tmp_path))
    monkeypatch.delenv("LABS_FLUID_PYTHON", raising=False)
    monkeypatch.delenv("LABS_FLUID", raising=False)
    assert command.main(["fluid", "status"]) == 1 and "python -m labs fluid install" in capsys.readouterr().out
    (environment.folder("3.8")).mkdir()
    (environment.folder("3.8") / "whole.json").write_text('{"executable": "x", "paddlepaddle": "1.8.5", "python": "3.8.18"}')
    assert command.main(["fluid", "status"]) == 0 and "paddlepaddle 1.8.5, Python 3.8.18" in capsys.readouterr().out

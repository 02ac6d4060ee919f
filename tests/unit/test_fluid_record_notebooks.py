"""Recordings are renewed from notebooks, whole or not at all."""
import nbformat
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

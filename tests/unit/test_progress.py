"""A loop says how far it is, and leaves nothing where outputs are kept."""
import os
import types

import IPython
import pytest

from labs import progress


@pytest.fixture
def said(monkeypatch):
    """What a notebook shows of it, in order."""
    shown = []

    class Handle:
        def update(self, bundle, raw):
            shown.append(bundle["text/plain"])

    def display(bundle, raw, display_id):
        shown.append(bundle["text/plain"])
        return Handle()
    monkeypatch.setattr(IPython, "get_ipython", lambda: types.SimpleNamespace(kernel=object()))
    monkeypatch.setattr("IPython.display.display", display)
    monkeypatch.setattr(progress, "EVERY_S", 0.0)
    monkeypatch.delenv(progress.QUIET, raising=False)
    return shown


def test_in_a_notebook_a_long_loop_shows_a_line_that_goes(said, capsys):
    assert list(progress.steps("abc", "Paddle", after_s=0)) == ["a", "b", "c"]
    assert said == ["Paddle: 1 of 3", "Paddle: 2 of 3", "Paddle: 3 of 3", ""] and capsys.readouterr().err == ""


def test_the_line_goes_when_the_loop_ends_early(said):
    with pytest.raises(ZeroDivisionError):
        [1 / x for x in progress.steps([1, 1, 0, 1], after_s=0)]
    for x in progress.steps(iter([1, 2, 3]), after_s=0):
        if x == 2:
            break
    assert said == ["1 of 4", "2 of 4", "", "1", ""]


def test_a_short_loop_shows_nothing(said):
    assert list(progress.steps(range(5), "x")) == [0, 1, 2, 3, 4] and said == []


def test_where_nobody_waits_nothing_is_shown(said, monkeypatch):
    monkeypatch.setenv(progress.QUIET, "1")
    assert list(progress.steps(range(3), "x", after_s=0)) == [0, 1, 2] and said == []


def test_why_one_waits_is_said_and_goes(said, monkeypatch, capsys):
    """A build of several notebooks must not print on a page that it waited for another."""
    with progress.waiting("Another one is timing."):
        assert said == ["Another one is timing."]
    assert said[1:] == [""] and capsys.readouterr().out == ""
    monkeypatch.setenv(progress.QUIET, "1")
    with progress.waiting("Another one is timing."):
        pass
    assert len(said) == 2


def test_in_a_terminal_there_is_a_bar_that_goes(monkeypatch, capsys):
    monkeypatch.delenv(progress.QUIET, raising=False)
    assert list(progress.steps(range(3), "epochs", after_s=0)) == [0, 1, 2]
    written = capsys.readouterr().err
    assert "epochs" in written and written.endswith("\r"), "cleared at the end"


def test_a_run_notebook_keeps_no_step_of_it():
    """As JupyterLab saves it and nbconvert exports it: the line's output is empty, and nothing went to stderr."""
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    source = ("import time\nfrom labs import progress\nfor step in progress.steps(range(4), 'Paddle', after_s=0.1):\n    time.sleep(0.2)\nprint('done')")
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    nbclient.NotebookClient(notebook, kernel_name="python3").execute(env={**os.environ, progress.QUIET: ""})
    kept = [output.get("text") or output["data"] for output in notebook.cells[0].outputs]
    assert sorted(kept, key=str) == ["done\n", {"text/plain": ""}]

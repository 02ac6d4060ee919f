"""LABS_FLUID=check compares every cell, whatever became of those before it; record measures what rounding does."""
import fluid_shell
import numpy as np
import pytest
from fluid_shell import bad, good

from labs.fluid import magic, processor, recordings
from labs.fluid.errors import CellError, Drift, FluidError

CELLS = ["%%fluid -o a\na = 1", "%%fluid -o b\nb = 2", "%%fluid -i w -o c\nc = 3"]
MADE = {"date": "2026-11-22", "versions": "paddlepaddle 1.8.5", "processor": "AMD EPYC, AVX2"}
W = np.linspace(0.5, 2.0, 7)


class Recalled:
    """Instead of the Fluid process: gives what the test says for each name, called with what was lent."""

    versions, closed = MADE["versions"], False

    def __init__(self, values):
        self.values, self.lent = values, {}

    def run(self, code, show=None, history=False):
        if "fails" in code:
            raise CellError("NameError", "name 'w' is not defined", ["NameError: name 'w' is not defined"])
        return []

    def lend(self, values):
        self.lent = values

    def take_back(self):
        self.lent = {}

    def give(self, names):
        return {name: self.values[name](**self.lent) if callable(self.values[name]) else self.values[name] for name in names}

    def close(self):
        self.closed = True


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """A shell that checks, with recordings of three cells whose values are 1, 2 and 3."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("LABS_FLUID_RECORDINGS", str(tmp_path / "recordings"))
    monkeypatch.setenv("LABS_FLUID", "check")
    monkeypatch.setattr(recordings, "USED", set())
    for number, name in enumerate("abc", 1):
        recordings.write(tmp_path / "recordings", CELLS[:number], {"w": W} if name == "c" else {}, [], {name: number}, MADE)
    with fluid_shell.opened(tmp_path) as made:
        made.user_ns["w"] = W
        yield made


def runs(shell, **values):
    """Put a process into the session that gives these values."""
    shell.magics_manager.magics["cell"]["fluid"].__self__.session.runtime = Recalled(values)


def test_a_cell_that_holds_is_silent(shell, capsys):
    runs(shell, a=1, b=2, c=3)
    assert [good(shell, capsys, cell) for cell in CELLS] == ["", "", ""]


def test_after_a_cell_that_drifted_the_next_are_compared_with_their_own(shell, capsys):
    runs(shell, a=9, b=2, c=8)
    error, shown = bad(shell, capsys, CELLS[0])
    assert isinstance(error, Drift) and "a: other values" in shown and "recorded on AMD EPYC, AVX2; run on" in shown
    good(shell, capsys, CELLS[1])
    error, shown = bad(shell, capsys, CELLS[2])
    assert isinstance(error, Drift) and "c: other values" in shown and "there is none" not in shown
    assert shell.user_ns["a"] == 9, "what a cell gave is there for the cells after it, drifted or not"


def test_after_a_cell_that_failed_the_next_are_compared_with_their_own(shell, capsys, tmp_path):
    cells = ["%%fluid\nfails", CELLS[1]]
    recordings.write(tmp_path / "recordings", cells, {}, [], {"b": 2}, MADE)
    runs(shell, b=2)
    assert isinstance(bad(shell, capsys, cells[0])[0], CellError)
    good(shell, capsys, cells[1])


def test_an_edited_cell_is_missing_and_so_are_those_after_it(shell, capsys):
    runs(shell, a=1, b=2, c=3)
    assert "there is none for this cell: it, or a Fluid cell before it" in bad(shell, capsys, CELLS[0] + " + 0")[1]
    assert "there is none for this cell: it, or a Fluid cell before it" in bad(shell, capsys, CELLS[1])[1]


def test_what_depends_on_a_vector_unit_is_compared_where_it_is_and_said_where_it_is_not(shell, capsys, tmp_path, monkeypatch):
    cell = "%%fluid -u AVX -o zeros\nzeros = 3"
    recordings.write(tmp_path / "recordings", [cell], {}, [], {"zeros": 3}, MADE)
    runs(shell, zeros=0)
    monkeypatch.setattr(processor, "here", lambda: processor.Processor("Atom", "SSE4.2"))
    said = good(shell, capsys, cell)
    assert said == "Not compared with its recording, made on AMD EPYC, AVX2: it depends on AVX; this is Atom, SSE4.2.\n"
    monkeypatch.setattr(processor, "here", lambda: processor.Processor("Xeon", "AVX-512"))
    assert "zeros: other values" in bad(shell, capsys, cell)[1]


def test_a_recording_measures_what_rounding_does_to_float32(shell, capsys, monkeypatch, tmp_path):
    monkeypatch.setenv("LABS_FLUID", "record")
    runs(shell, c=lambda w: {p: {"loss": {"loss": np.asarray(w, p)}} for p in ("float32", "float64")})
    good(shell, capsys, CELLS[2])
    found, why = recordings.find(CELLS[2:], {"w": W}, tmp_path / "recordings")
    ulp = magic.ULPS * np.finfo("float32").eps * np.sqrt(np.mean(W ** 2))
    assert found, why
    assert 0.5 * ulp < found.spread["c/float32/loss/loss"] < 2 * ulp
    assert found.processor == str(processor.here()) and not np.array_equal(magic.moved({"w": W}, 1)["w"], magic.moved({"w": W}, 2)["w"])


def test_a_cell_that_gives_something_else_each_time_is_not_recorded(shell, capsys, monkeypatch):
    monkeypatch.setenv("LABS_FLUID", "record")
    rng = np.random.default_rng(0)
    runs(shell, c=lambda w: {p: rng.normal(size=3) for p in ("float32", "float64")})
    error, shown = bad(shell, capsys, CELLS[2])
    assert isinstance(error, FluidError) and "two runs of this cell gave different values of c/float32, c/float64" in shown

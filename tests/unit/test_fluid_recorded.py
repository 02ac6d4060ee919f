"""Without the runtime, which most readers lack: %%fluid shows recordings, labelled, and says what it cannot do."""
import os

import fluid_shell
import pytest
from fluid_shell import bad, good

from labs import fluid, outputs
from labs.fluid import environment, recordings, state

FIRST, SECOND = "%%fluid\nx = 1", "%%fluid -i rate -o losses\nprint('hi'); losses = rate"
LINE = {"output_type": "stream", "name": "stdout", "text": "hi\n"}


@pytest.fixture
def shell(tmp_path, monkeypatch):
    """A shell on a machine without the runtime, with recordings of two cells."""
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("LABS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("LABS_FLUID_RECORDINGS", str(tmp_path / "recordings"))
    monkeypatch.delenv("LABS_FLUID", raising=False)
    monkeypatch.delenv("LABS_FLUID_PYTHON", raising=False)
    monkeypatch.setattr(recordings, "USED", set())
    facts = {"date": "2026-11-22", "versions": "paddlepaddle 1.8.5, Python 3.8.18", "processor": "AMD EPYC 7763, AVX2"}
    recordings.write(tmp_path / "recordings/06_mnist", [FIRST], {}, [], {}, facts)
    recordings.write(tmp_path / "recordings/06_mnist", [FIRST, SECOND], {"rate": 0.5}, [LINE], {"losses": 2.5}, facts)
    with fluid_shell.opened(tmp_path) as made:
        good_rate(made)
        yield made


def good_rate(shell):
    shell.user_ns["rate"] = 0.5


def test_a_cell_shows_what_was_recorded_labelled_and_gives_its_values(shell, capsys):
    good(shell, capsys, FIRST)
    said = good(shell, capsys, SECOND)
    assert "Recorded on 2026-11-22 with paddlepaddle 1.8.5, Python 3.8.18, on AMD EPYC 7763, AVX2; not run here." in said and said.endswith("hi\n")
    assert shell.user_ns["losses"] == 2.5


def test_the_notebook_can_ask_which_processor_computed(shell, capsys):
    with pytest.raises(fluid.FluidError, match="no Fluid cell has been run"):
        fluid.computed_on()
    good(shell, capsys, FIRST)
    assert str(fluid.computed_on()) == "AMD EPYC 7763, AVX2"
    assert fluid.computed_on().has("AVX") and not fluid.computed_on().has("AVX-512")


def test_a_changed_recording_is_not_shown(shell, capsys, tmp_path):
    path, = (tmp_path / "recordings").glob("**/02-*.json")
    path.write_text(path.read_text().replace("hi", "ho"))
    good(shell, capsys, FIRST)
    error, shown = bad(shell, capsys, SECOND)
    assert isinstance(error, fluid.FluidError) and "was changed after it was written" in shown and "ho" not in shell.user_ns


def test_a_cell_that_shows_and_gives_nothing_is_not_labelled(shell, capsys):
    assert good(shell, capsys, FIRST) == ""


def test_the_recordings_that_were_shown_are_known(shell, capsys):
    assert fluid.used() == []
    good(shell, capsys, FIRST)
    good(shell, capsys, SECOND)
    assert [os.path.splitext(path)[1] for path in fluid.used()] == [".json", ".json", ".npz"] and all(map(os.path.isfile, fluid.used()))


def test_a_cell_can_be_run_again(shell, capsys):
    for cell in (FIRST, SECOND, FIRST, SECOND):
        good(shell, capsys, cell)


def test_an_edited_cell_says_how_to_get_the_runtime_and_mending_it_mends_all(shell, capsys):
    error, shown = bad(shell, capsys, FIRST + " + 1")
    assert "not as it was when recorded" in shown and "python -m labs fluid install" in shown and "magic.py" not in shown
    good(shell, capsys, FIRST)
    good(shell, capsys, SECOND)


def test_a_cell_after_an_edited_one_is_not_shown_as_if_nothing_were(shell, capsys):
    bad(shell, capsys, FIRST + " + 1")
    assert "before it, is not as it was" in bad(shell, capsys, SECOND)[1]


def test_another_input_is_named(shell, capsys):
    good(shell, capsys, FIRST)
    shell.user_ns["rate"] = 0.25
    assert "other inputs (rate)" in bad(shell, capsys, SECOND)[1]


def test_a_name_that_the_notebook_lacks_is_named_without_our_frames(shell, capsys):
    error, shown = bad(shell, capsys, "%%fluid -i rates\n1")
    assert isinstance(error, NameError) and shown.strip() == "NameError: -i asks for `rates`, but the notebook has no name `rates`: did you mean `rate`?"


@pytest.mark.parametrize("mode", ["runtime", "check", "record"])
def test_asking_for_the_runtime_where_it_is_not_says_how_to_get_it(shell, capsys, monkeypatch, mode):
    monkeypatch.setenv("LABS_FLUID", mode)
    assert "python -m labs fluid install" in bad(shell, capsys, FIRST)[1]


def test_a_mistyped_mode_names_the_nearest(shell, capsys, monkeypatch):
    monkeypatch.setenv("LABS_FLUID", "recording")
    assert "Did you mean 'recordings'?" in bad(shell, capsys, FIRST)[1]


def test_the_status_says_that_recordings_are_shown(shell):
    said = fluid.status()
    assert "show recordings" in repr(said) and said._repr_mimebundle_()[outputs.MIME]["state"] == "recordings"


def test_a_recording_may_be_asked_for_where_the_runtime_is(shell, capsys, monkeypatch):
    monkeypatch.setattr(environment, "installed", lambda: {"executable": "/nowhere"})
    assert state.mode() == "runtime"
    monkeypatch.setenv("LABS_FLUID", "recordings")
    good(shell, capsys, FIRST)

"""python -m labs: what each command does, and its exit status."""
import os
import subprocess
import sys
import types

import pytest
from shelf import FILES, server, shelf  # noqa: F401  (fixtures)

from labs import __main__ as command_line


def test_help_names_the_commands():
    said = subprocess.run([sys.executable, "-m", "labs", "--help"], capture_output=True, text=True, check=True).stdout
    for command in ("doctor", "fetch", "parity"):
        assert command in said


def test_a_command_is_needed(capsys):
    with pytest.raises(SystemExit) as caught:
        command_line.main([])
    assert caught.value.code == 2 and "COMMAND" in capsys.readouterr().err


def test_fetch_without_names_takes_what_the_book_uses(shelf, server, capsys):
    source = server.serve("good", FILES)
    shelf.add("in_book", source, book=True)
    shelf.add("beside", source)
    assert command_line.main(["fetch"]) == 0
    assert "in_book" in capsys.readouterr().out
    assert [name.split("-")[0] for name in shelf.left()] == ["in_book"]
    assert command_line.main(["fetch", "beside"]) == 0
    assert len(shelf.left()) == 2


def test_fetch_goes_on_after_one_that_fails(shelf, server, capsys):
    shelf.add("bad", server.serve("bad", {}), book=True)
    shelf.add("good", server.serve("good", FILES), book=True)
    assert command_line.main(["fetch"]) == 1
    said = capsys.readouterr()
    assert "good: " in said.out and "not fetched: bad" in said.err and "answers 404" in said.err


def test_an_unknown_name_is_told_without_a_traceback(capsys):
    assert command_line.main(["fetch", "mnist_5"]) == 1
    said = capsys.readouterr().err
    assert "Did you mean 'mnist_5k'" in said and "Traceback" not in said


@pytest.mark.parametrize("green, status", [(True, 0), (False, 1)])
def test_parity_ends_with_the_ladders_verdict(monkeypatch, green, status):
    asked = []
    monkeypatch.setitem(sys.modules, "labs.parity", types.SimpleNamespace(climb_cases=lambda cases: asked.extend(cases) or green))
    monkeypatch.setattr("labs.device.prepare", lambda: None)
    monkeypatch.setattr("labs.tasks.cases", lambda task: {"lenet5": ()})
    assert command_line.main(["parity", "mnist"]) == status and asked == ["mnist: lenet5"]


@pytest.mark.parametrize("findings, status", [([], 0), ([("Python", "2.7", False, "install another")], 1)])
def test_doctor_ends_with_its_verdict(monkeypatch, capsys, findings, status):
    from labs import doctor
    found = [doctor.Finding("labs", "here"), *(doctor.Finding(*each) for each in findings)]
    monkeypatch.setattr(doctor, "examine", lambda: found)
    assert command_line.main(["doctor"]) == status
    assert ("install another" in capsys.readouterr().out) == bool(findings)


def test_an_error_that_is_not_ours_keeps_its_traceback(monkeypatch):
    monkeypatch.setattr("labs.doctor.examine", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        command_line.main(["doctor"])


def run(*arguments, without="", **environment):
    """A command in a process of its own, where some packages cannot be imported."""
    code = f"import sys; sys.modules.update(dict.fromkeys({without.split()!r})); from labs.__main__ import main; sys.exit(main({[*arguments]!r}))"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ, **environment}, check=False)


@pytest.mark.parametrize("arguments", [("parity", "mnist"), ("train", "rnn_lm", "shakespeare"), ("mistakes", "mnist"), ("ported",), ("port",)])
@pytest.mark.parametrize("without", ["torch", "torch paddle"])
def test_a_missing_framework_is_named_with_what_to_do(arguments, without, tmp_path):
    if arguments == ("port",):
        main = ["port", "--folder", str(tmp_path)]
        run(*main, "--init")
        arguments = main
    found = run(*arguments, without=without)
    assert found.returncode == 1 and "Traceback" not in found.stderr
    assert "is not installed here; python -m labs doctor says how to get it" in found.stderr.splitlines()[-1]


def test_training_where_labs_device_asks_for_a_gpu_that_is_not_there(monkeypatch, capsys, tmp_path):
    import torch
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setenv("LABS_DEVICE", "cuda")
    monkeypatch.setattr("labs.device.prepare", lambda: None)
    training = types.SimpleNamespace(train=lambda name, data, begin, report: begin(torch.nn.Linear(2, 2)), __package__="labs.tasks.rnn_lm")
    monkeypatch.setattr("labs.tasks.part", lambda task, name: training)
    import labs.tasks.rnn_lm  # noqa: F401  (the package that the command looks up)
    assert command_line.main(["train", "rnn_lm", "shakespeare", "--out", str(tmp_path)]) == 1
    said = capsys.readouterr().err
    assert "LABS_DEVICE='cuda' wants CUDA for PyTorch" in said and "Choose LABS_DEVICE=auto" in said


def test_fluid_status_where_the_runtime_is_asked_for_and_not_there(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("LABS_CACHE", str(tmp_path))
    monkeypatch.delenv("LABS_FLUID_PYTHON", raising=False)
    monkeypatch.setenv("LABS_FLUID", "runtime")
    assert command_line.main(["fluid", "status"]) == 1
    said = capsys.readouterr()
    assert "run here, in" not in said.out and "the runtime is not installed. python -m labs fluid install" in said.err
    monkeypatch.setenv("LABS_FLUID", "auto")
    assert command_line.main(["fluid", "status"]) == 1 and "show recordings" in capsys.readouterr().out


@pytest.mark.parametrize("command", [["fetch", "mnist_5k"], ["fluid", "status"]])
def test_a_cache_in_the_home_of_nobody_that_is_known(monkeypatch, capsys, command):
    monkeypatch.setenv("LABS_CACHE", "~no-such-user/x")
    monkeypatch.delenv("LABS_FLUID_PYTHON", raising=False)
    assert command_line.main(command) == 1
    assert "LABS_CACHE='~no-such-user/x': this system knows no home of that user" in capsys.readouterr().err

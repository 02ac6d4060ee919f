"""A fresh Python: what it says, how it fails, and what it sees of this one."""
import os
import sys
import venv

import pytest

from labs import outputs, process


def test_the_last_line_is_the_value():
    ran = process.run_python("print('before'); print('[1, 2.5]')")
    assert ran.value == [1, 2.5] and ran.status == 0 and ran.error == "" and ran.seconds > 0 and "before" in str(ran)


def test_a_failure_is_its_last_line_and_no_value():
    ran = process.run_python("raise ValueError('as told')")
    assert ran.status == 1 and ran.error == "ValueError: as told"
    with pytest.raises(process.ProcessError, match="status 1: ValueError: as told"):
        ran.value       # noqa: B018


@pytest.mark.parametrize("lines", ["print('no json')", "pass"])
def test_no_value_is_told(lines):
    with pytest.raises(process.ProcessError, match="expected JSON as the last line"):
        process.run_python(lines).value       # noqa: B018


def test_too_long_is_told():
    with pytest.raises(process.ProcessError, match="did not end within 0.2 s"):
        process.run_python("import time; time.sleep(30)", limit_s=0.2)


def test_variables_are_set_and_taken_away(monkeypatch):
    monkeypatch.setenv("PARITY_ONE", "1")
    monkeypatch.setenv("PARITY_TWO", "2")
    ran = process.run_python("import json, os; print(json.dumps([os.environ.get('PARITY_ONE'), os.environ.get('PARITY_TWO')]))",
                       {"PARITY_ONE": None, "PARITY_TWO": "3"})
    assert ran.value == [None, "3"] and os.environ["PARITY_ONE"] == "1"


def test_nothing_is_imported_yet_and_labs_can_be():
    assert process.run_python("import json, sys, labs; print(json.dumps([name in sys.modules for name in ('torch', 'paddle', 'numpy')]))").value == [False] * 3


def test_another_environment_does_not_see_our_packages(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(process.ROOT))
    venv.create(tmp_path / "empty", symlinks=True, with_pip=False)
    ran = process.run_python("import labs", executable=tmp_path / "empty" / "bin" / "python")
    assert ran.error == "ModuleNotFoundError: No module named 'labs'"


def test_arguments_stand_in_place_of_lines():
    assert process.run_python("", arguments=("--version",)).said.split()[1] == sys.version.split()[0]


def test_silence_can_be_shown():
    shown = process.run_python("pass")._repr_mimebundle_()
    assert "nothing said" in shown["text/plain"] and shown[outputs.MIME]["kind"] == "process"

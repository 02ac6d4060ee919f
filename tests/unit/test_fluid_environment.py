"""The runtime's environment: which Python is found, what is said where there is none, what is pinned."""
import json
import os
import stat

import pytest

from labs import doctor
from labs.fluid import environment
from labs.fluid.errors import NoRuntime


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """A machine of a known kind, with an empty home, PATH and cache."""
    for name in ("PYENV_ROOT", "UV_PYTHON_INSTALL_DIR", "XDG_DATA_HOME", "CONDA_PREFIX", "CONDA_EXE", "MAMBA_ROOT_PREFIX", "LABS_FLUID_PYTHON"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}")
    monkeypatch.setenv("LABS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(environment.platform, "system", lambda: "Linux")
    monkeypatch.setattr(environment.platform, "machine", lambda: "x86_64")
    return tmp_path


def fake(path, says):
    """A file that answers as an interpreter of a version would, or (None) fails as a dead shim does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n" + (f"echo {says}\n" if says else "exit 127\n"))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.mark.parametrize("place", ["bin/python3.8", ".pyenv/versions/3.8.18/bin/python3.8", "miniforge3/envs/old/bin/python3.8",
                                   ".local/share/uv/python/cpython-3.8.20-linux-x86_64-gnu/bin/python3.8", "miniconda3/bin/python3.8"])
def test_a_python_is_found_on_the_path_and_in_pyenv_uv_and_conda(machine, place):
    made = fake(machine / place, "3.8")
    assert environment.find_python() == (made, "3.8")


def test_3_8_goes_before_3_7(machine):
    fake(machine / "bin/python3.7", "3.7")
    assert environment.find_python()[1] == "3.7"
    fake(machine / ".pyenv/versions/3.8.18/bin/python3.8", "3.8")
    assert environment.find_python()[1] == "3.8"


def test_a_shim_that_leads_nowhere_is_passed_over(machine):
    fake(machine / "bin/python3.8", None)
    real = fake(machine / ".pyenv/versions/3.8.18/bin/python3.8", "3.8")
    assert environment.find_python()[0] == real


def test_without_one_the_ways_to_get_one_are_named(machine):
    fake(machine / "bin/python3.8", "3.11")
    with pytest.raises(NoRuntime, match=r"(?s)uv python install 3.8.*pyenv install 3.8.*conda create.*labs fluid install"):
        environment.install()


def test_on_another_kind_of_machine_it_says_so_and_that_recordings_serve(machine, monkeypatch):
    monkeypatch.setattr(environment.platform, "machine", lambda: "arm64")
    with pytest.raises(NoRuntime, match="Linux on x86-64, and this is Linux arm64; Fluid cells show their recordings"):
        environment.install()
    found, = doctor.fluid()
    assert found.good is None and "arm64" in found.found and found.fix == ""


def test_the_doctor_says_how_to_get_it(machine):
    found, = doctor.fluid()
    assert found.good is None and "python -m labs fluid install" in found.fix


def test_what_was_begun_and_not_finished_is_not_installed(machine):
    (environment.folder("3.8") / "bin").mkdir(parents=True)
    assert environment.installed() is None
    (environment.folder("3.8") / "whole.json").write_text(json.dumps({"executable": "x"}))
    assert environment.installed() == {"executable": "x"}


def test_a_new_lock_is_a_new_environment(machine, monkeypatch):
    before = environment.folder("3.8")
    other = machine / "python3.8.lock"
    other.write_text("numpy==1.23.4\n")
    monkeypatch.setattr(environment, "lock", lambda version: other)
    assert environment.folder("3.8") != before


def test_an_interpreter_of_the_readers_own_is_taken(machine, monkeypatch):
    own = fake(machine / "own/python", "3.8")
    monkeypatch.setenv("LABS_FLUID_PYTHON", str(own))
    assert environment.installed() == {"executable": str(own)}
    monkeypatch.setenv("LABS_FLUID_PYTHON", str(own) + "x")
    with pytest.raises(NoRuntime, match="there is no file"):
        environment.installed()


def test_a_failing_pip_is_quoted_and_leaves_nothing_that_passes_for_whole(machine):
    broken = machine / "bin/python3.8"
    fake(broken, "3.8")
    broken.write_text("#!/bin/sh\n[ \"$2\" = venv ] && { echo no room on the disk >&2; exit 3; }\necho 3.8\n")
    with pytest.raises(NoRuntime, match="(?s)python -m venv failed with status 3.*no room on the disk"):
        environment.install(say=lambda line: None)
    assert environment.installed() is None


@pytest.mark.parametrize("version", environment.VERSIONS)
def test_the_lock_pins_every_package(version):
    lines = [line for line in environment.lock(version).read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert all(line.count("==") == 1 and "@" not in line for line in lines)
    pinned = dict(line.lower().split("==") for line in lines)
    assert pinned["paddlepaddle"] == "1.8.5" and "ipykernel" in pinned
    assert tuple(map(int, pinned["protobuf"].split(".")[:2])) < (3, 21) and tuple(map(int, pinned["numpy"].split(".")[:2])) < (1, 24)


@pytest.mark.needs("fluid")
def test_the_installed_environment_is_whole_and_outside_of_the_repository():
    found = environment.installed()
    assert os.access(found["executable"], os.X_OK)
    if "paddlepaddle" in found:
        assert found["paddlepaddle"] == "1.8.5" and environment.install(say=lambda line: None) == found

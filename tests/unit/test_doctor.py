"""The doctor looks at everything, names what fixes it, and never falls over."""
import importlib.metadata
import io
import os
import subprocess
import sys
import types

import pytest

from labs import device, doctor


def shown(findings):
    lines = []
    status = doctor.report(findings, lambda each: lines.append(str(each)))
    return status, "\n".join(lines)


@pytest.fixture
def healthy(monkeypatch):
    """Both frameworks answer at once, so that no test waits for their import."""
    monkeypatch.setattr(doctor, "_start", lambda name: answer('{"version": "3.3.1", "place": "cpu"}'))
    monkeypatch.setattr(doctor, "_ranges", dict)
    for name in ("LABS_RUN", "LABS_DEVICE"):
        monkeypatch.delenv(name, raising=False)


def answer(stdout, stderr="", status=0):
    return types.SimpleNamespace(communicate=lambda timeout=None: (stdout, stderr), returncode=status, kill=lambda: None)


def test_a_healthy_machine_is_told_that_a_chapter_can_run(healthy):
    status, text = shown(doctor.examine())
    assert status == 0 and "A chapter can run here." in text
    for word in ("Python", "labs", "PyTorch", "PaddlePaddle", "cores", "GB free", "mnist_5k"):
        assert word in text


def test_whatever_falls_over_the_others_are_still_reported(healthy, monkeypatch):
    def broken():
        raise RuntimeError("as broken as can be")
    for look in ("python", "packages", "data_cache", "data_sets"):
        monkeypatch.setattr(doctor, look, broken)
    status, text = shown(doctor.examine())
    assert text.count("could not be looked at: RuntimeError: as broken as can be") >= 4
    assert "PyTorch" in text and status == 0


def test_a_wrong_python_is_mended(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 14, 0))
    [found] = doctor.python()
    assert found.good is False and "install Python 3.11 to 3.13" in found.fix


@pytest.mark.parametrize("process, says", [
    (None, "not installed"), (answer("", "Segmentation fault", -11), "status -11: Segmentation fault"),
    (answer("", "", 1), "it said nothing"),
    (answer('{"error": "OSError: libfoo.so not found", "choice": false}'), "libfoo.so not found")])
def test_a_framework_that_does_not_work_is_reported_with_its_command(monkeypatch, process, says):
    monkeypatch.setattr(doctor, "_install", lambda wanted: f"pip install {wanted}")
    [found] = doctor.framework("paddle", process)
    assert found.good is False and says in found.found and "pip install paddlepaddle" in found.fix
    status, text = shown([found])
    assert status == 1 and found.fix in text


@pytest.mark.parametrize("installed, bad", [(["paddlepaddle"], False), (["paddlepaddle-gpu"], False), (["paddlepaddle", "paddlepaddle-gpu"], True)])
def test_two_builds_of_paddle_in_one_folder_are_found(monkeypatch, installed, bad):
    monkeypatch.setattr(doctor, "_version", lambda name: "3.3.1" if name in installed else None)
    found = doctor.paddle_builds()
    assert bool(found) is bad
    if bad:
        assert found[0].good is False and "overwrite" in found[0].found and "uninstall --yes paddlepaddle paddlepaddle-gpu" in found[0].fix


def test_a_framework_that_hangs_is_given_up(monkeypatch):
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    monkeypatch.setattr(doctor, "PROBE_LIMIT_S", 0.1)
    [found] = doctor.framework("torch", process)
    assert found.good is False and "did not end" in found.found and process.returncode is not None


@pytest.mark.parametrize("name, imported", [("torch", True), ("paddle", False)])
def test_a_framework_that_is_imported_is_asked_here_and_no_process_is_started(monkeypatch, name, imported):
    started = []
    monkeypatch.setattr(subprocess, "Popen", lambda *given, **named: started.append(given) or answer('{"version": "3.3.1", "place": "cpu"}'))
    monkeypatch.setattr(device, name, lambda: "this very device")
    monkeypatch.setattr(doctor, "_version", lambda asked: "3.3.1")
    monkeypatch.setattr(doctor, "_ranges", dict)
    monkeypatch.delitem(sys.modules, name, raising=False)
    if imported:
        monkeypatch.setitem(sys.modules, name, types.SimpleNamespace(__version__="9.8.7", get_num_threads=lambda: 5))
    [found] = doctor.framework(name, doctor._start(name))
    assert bool(started) is not imported
    assert found.found == ("9.8.7 on this very device, 5 threads" if imported else "3.3.1 on cpu")


def test_a_device_that_is_not_there_is_mended_by_the_variable():
    [found] = doctor.framework("torch", answer('{"error": "LABS_DEVICE=... wants CUDA", "choice": true}'))
    assert (found.good, found.fix) == (False, "unset LABS_DEVICE")


def test_the_probe_imports_a_framework_as_a_chapter_does(tmp_path):
    (tmp_path / "paddle.py").write_text("import os\n__version__ = os.environ['OMP_NUM_THREADS']\n"
                                        "is_compiled_with_cuda = lambda: False\nset_device = print\n")
    env = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{doctor.ROOT}", "LABS_THREADS": "3", "LABS_DEVICE": "cpu"}
    said = subprocess.run([sys.executable, "-c", doctor.PROBE, "paddle"], env=env, capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[-1] == '{"version": "3", "place": "cpu"}', "the environment was set before the import"


def test_versions_are_held_against_the_ranges(monkeypatch):
    from packaging.specifiers import SpecifierSet
    monkeypatch.setattr(doctor, "_ranges", lambda: {"numpy": SpecifierSet("<1"), "tqdm": SpecifierSet(">=1"), "not-there": SpecifierSet(">=2")})
    good, old, missing = doctor.packages()
    assert good.found == f"tqdm {importlib.metadata.version('tqdm')}"
    assert old.good is False and "expected <1" in old.found
    assert missing.found == "missing" and missing.fix


def test_ranges_come_from_the_checkout_or_else_from_the_package(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "ROOT", tmp_path)
    monkeypatch.setattr(importlib.metadata, "requires", lambda name: ["numpy>=2", 'other>=1; extra == "dev"'])
    assert {name: str(wanted) for name, wanted in doctor._ranges().items()} == {"numpy": ">=2"}
    (tmp_path / "pyproject.toml").write_text('[project]\ndependencies = ["numpy>=2"]\n')
    (tmp_path / "requirements.txt").write_text("# why\ntorch>=2.11  # reason\n\n-r other.txt\n.[hf]\n")
    assert {name: str(wanted) for name, wanted in doctor._ranges().items()} == {"torch": ">=2.11", "numpy": ">=2"}


def test_an_unknown_run_is_mended(monkeypatch):
    monkeypatch.setenv("LABS_RUN", "fast")
    [found] = doctor.mode()
    assert found.good is False and found.fix == "unset LABS_RUN"


def test_data_that_is_damaged_or_missing_is_mended_by_fetch(monkeypatch, tmp_path):
    from labs import data
    from labs.data import cache
    monkeypatch.setenv("LABS_CACHE", str(tmp_path))
    place = cache.place(data.card("mnist_5k"))
    place.mkdir()
    (place / "mnist_5k.csv.gz").write_bytes(b"damaged")
    found = {each.what: each for each in doctor.data_sets()}
    assert "damaged" in found["data mnist_5k"].found and found["data mnist_5k"].fix == "python -m labs fetch mnist_5k"
    assert "not in the cache" in found["data wqy_microhei"].found and found["data wqy_microhei"].fix
    status, _ = shown(found.values())
    assert status == 0, "a chapter fetches what it needs"


def test_missing_data_and_a_cache_that_cannot_be_written_stop_a_chapter(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("LABS_CACHE", str(tmp_path / "file"))
    status, text = shown(doctor.data_cache() + doctor.data_sets())
    assert status == 1 and "cannot be written" in text and "LABS_CACHE=~/parity-cache python -m labs fetch mnist_5k" in text


def test_a_cache_that_is_not_there_yet_is_no_trouble(monkeypatch, tmp_path):
    monkeypatch.setenv("LABS_CACHE", str(tmp_path / "later" / "cache"))
    [found] = doctor.data_cache()
    assert found.good and "0.0 MB in" in found.found
    assert not (tmp_path / "later").exists(), "looking makes nothing"


def test_the_hugging_face_cache_is_shown_where_there_is_one(monkeypatch, tmp_path):
    monkeypatch.setenv("HF_HOME", str(tmp_path / "none"))
    assert doctor.hugging_face_cache() == []
    (tmp_path / "none").mkdir()
    (tmp_path / "none" / "model").write_bytes(b"0" * 2_000_000)
    assert "2.0 MB" in doctor.hugging_face_cache()[0].found


def test_it_prints_where_only_ascii_can_be_shown(healthy):
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict")
    assert doctor.report(doctor.examine(), lambda each: doctor.plainly(each, out)) == 0
    out.flush()
    assert b"A chapter can run here" in out.buffer.getvalue()

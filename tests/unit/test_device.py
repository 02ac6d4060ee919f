"""Devices are chosen in one place, and the environment is set before a framework reads it."""
import importlib.util
import os
import subprocess
import sys
import types

import pytest

from labs import device, outputs

VARIABLES = ("OMP_NUM_THREADS", "OMP_WAIT_POLICY", "MKL_DEBUG_CPU_TYPE", "LABS_THREADS", "LABS_DEVICE", "HF_HUB_OFFLINE")


@pytest.fixture
def imported():
    """No framework is imported, and afterwards those that were are again: a second import of either fails."""
    before = {name: sys.modules.pop(name, None) for name in device.FRAMEWORKS}
    yield
    for name, module in before.items():         # a stand-in that a test imported would stay for all later tests
        sys.modules.pop(name, None)
        if module is not None:
            sys.modules[name] = module


@pytest.fixture(autouse=True)
def clean(imported, monkeypatch):       # in this order: what monkeypatch undoes, it undoes before `imported` puts back
    """No variable of ours is set, no framework is imported, and all is as before afterwards."""
    for name in VARIABLES:
        monkeypatch.setenv(name, "")        # so that what prepare sets is undone
        monkeypatch.delenv(name)
    monkeypatch.setattr(device, "_LATE", {})
    monkeypatch.setattr(device, "_vendor", lambda: "Intel")


def pretend(monkeypatch, torch_gpus=0, paddle_gpus=0, paddle_cuda=True):
    """Put small stand-ins for both frameworks where they would be imported."""
    placed = []
    torch = types.SimpleNamespace(version=types.SimpleNamespace(cuda="13.0"), __version__="2.13.0",
                                  cuda=types.SimpleNamespace(is_available=lambda: torch_gpus > 0, get_device_name=lambda i: "Some GPU"))
    gpu = types.SimpleNamespace(device_count=lambda: paddle_gpus, get_device_name=lambda i: "Some GPU")
    paddle = types.SimpleNamespace(is_compiled_with_cuda=lambda: paddle_cuda, device=types.SimpleNamespace(cuda=gpu),
                                   set_device=placed.append, __version__="3.3.1")
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "paddle", paddle)
    return placed


def states(report):
    return {row["variable"]: (row["value"], row["state"]) for row in report.rows}


def test_threads_are_the_physical_cores_when_nothing_is_said(monkeypatch):
    monkeypatch.setattr(device, "cores", lambda: 7)
    assert states(device.prepare())["OMP_NUM_THREADS"] == ("7", "set")
    assert os.environ["OMP_NUM_THREADS"] == "7"


def test_the_argument_goes_before_labs_threads_and_that_before_what_was_set(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "5")
    assert states(device.prepare())["OMP_NUM_THREADS"] == ("5", "kept")
    monkeypatch.setenv("LABS_THREADS", "3")
    assert states(device.prepare())["OMP_NUM_THREADS"] == ("3", "set, was 5")
    assert states(device.prepare(threads=2))["OMP_NUM_THREADS"] == ("2", "set, was 3")


@pytest.mark.parametrize("given", [0, -1, "many", 1.5, True])
def test_a_senseless_number_of_threads_raises(given):
    with pytest.raises(device.DeviceError, match="whole number of at least 1"):
        device.prepare(threads=given)


def test_labs_threads_is_checked_too(monkeypatch):
    monkeypatch.setenv("LABS_THREADS", "two")
    with pytest.raises(device.DeviceError, match="LABS_THREADS: expected a whole number of at least 1, got 'two'"):
        device.prepare()


def test_the_fast_path_of_mkl_is_opened_on_amd_alone(monkeypatch):
    device.prepare()
    assert "MKL_DEBUG_CPU_TYPE" not in os.environ
    monkeypatch.setattr(device, "_vendor", lambda: "AMD")
    report = device.prepare()
    assert os.environ["MKL_DEBUG_CPU_TYPE"] == "5"
    assert "rounding" in repr(report), "the report says that it changes rounding"


def test_what_the_reader_set_is_kept(monkeypatch):
    monkeypatch.setattr(device, "_vendor", lambda: "AMD")
    monkeypatch.setenv("MKL_DEBUG_CPU_TYPE", "0")
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    found = states(device.prepare())
    assert found["MKL_DEBUG_CPU_TYPE"] == ("0", "kept") and found["OMP_WAIT_POLICY"] == ("ACTIVE", "kept")
    assert os.environ["HF_HUB_OFFLINE"] == "1"


def test_it_says_when_it_comes_too_late(monkeypatch):
    pretend(monkeypatch)
    report = device.prepare()
    assert report.late == ("torch", "paddle")
    assert "Too late for PyTorch" in repr(report) and "Restart the kernel" in repr(report)
    assert "Too late for PaddlePaddle" in report._repr_mimebundle_()["text/html"]
    assert device.prepare().late == ("torch", "paddle"), "a second call does not hide that the first came too late"


def test_it_is_not_too_late_when_nothing_had_to_change(monkeypatch):
    device.prepare()
    pretend(monkeypatch)
    report = device.prepare()
    assert report.late == () and "Too late" not in repr(report)


def test_preparing_imports_no_framework():
    code = "import sys; from labs import device; device.prepare(); print(*[n for n in ('torch', 'paddle') if n in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == ""


def test_a_report_leaves_data_in_the_cell():
    data = device.prepare(threads=2)._repr_mimebundle_()[outputs.MIME]
    assert data["kind"] == "device" and data["rows"][0]["value"] == "2"


@pytest.mark.parametrize("quota, expected", [("100000 100000", 1), ("max 100000", None)])
def test_cores_heed_the_limit_of_a_container(monkeypatch, quota, expected):
    import builtins
    import io
    real = builtins.open
    free = device.cores()
    monkeypatch.setattr(builtins, "open", lambda path, *a, **k: io.StringIO(quota) if path == "/sys/fs/cgroup/cpu.max" else real(path, *a, **k))
    assert device.cores() == expected if expected else device.cores() >= free


@pytest.mark.parametrize("text, torch, paddle", [
    ("", "auto", "auto"), ("auto", "auto", "auto"), ("cpu", "cpu", "cpu"), ("cuda", "cuda", "cuda"),
    ("torch=cuda,paddle=cpu", "cuda", "cpu"), (" torch = cuda ", "cuda", "auto"), ("paddle=cpu", "auto", "cpu")])
def test_labs_device_is_read_for_each_framework(monkeypatch, text, torch, paddle):
    monkeypatch.setenv("LABS_DEVICE", text)
    assert (device.choice("torch"), device.choice("paddle")) == (torch, paddle)


@pytest.mark.parametrize("text, says", [("cudda", "Did you mean 'cuda'"), ("gpu", "expected one of auto, cpu, cuda, got 'gpu'"),
                                        ("torch=tpu", "got 'tpu'"), ("tensorflow=cpu", "expected one of torch, paddle"),
                                        ("torch=cpu,torch=cuda", "twice"), ("torch=cpu,cuda", "got 'cuda'")])
def test_a_choice_that_cannot_be_read_raises(monkeypatch, text, says):
    monkeypatch.setenv("LABS_DEVICE", text)
    with pytest.raises(device.DeviceError, match=says):
        device.choice("torch")


def test_auto_gives_each_framework_its_best(monkeypatch):
    placed = pretend(monkeypatch, torch_gpus=1, paddle_gpus=0)
    assert (device.torch(), device.paddle()) == ("cuda", "cpu")
    assert placed == ["cpu"], "Paddle is told where to compute"
    assert not device.same_kind()
    placed = pretend(monkeypatch, torch_gpus=1, paddle_gpus=1)
    assert (device.torch(), device.paddle()) == ("cuda", "gpu:0") and placed == ["gpu:0"]
    assert device.same_kind()


def test_cpu_is_kept_to_where_there_is_a_gpu(monkeypatch):
    placed = pretend(monkeypatch, torch_gpus=1, paddle_gpus=1)
    monkeypatch.setenv("LABS_DEVICE", "cpu")
    assert (device.torch(), device.paddle()) == ("cpu", "cpu") and placed == ["cpu"]


def test_a_device_that_is_not_there_raises_and_says_what_is(monkeypatch):
    pretend(monkeypatch, torch_gpus=1, paddle_cuda=False)
    monkeypatch.setenv("LABS_DEVICE", "cuda")
    assert device.torch() == "cuda"
    with pytest.raises(device.DeviceError, match="for processors only. Here PaddlePaddle has: cpu.*LABS_DEVICE=auto: each framework takes the best"):
        device.paddle()
    pretend(monkeypatch, torch_gpus=0)
    with pytest.raises(device.DeviceError, match="finds no GPU"):
        device.torch()


def test_a_missing_framework_is_named(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    monkeypatch.setattr(device.importlib, "import_module", missing)
    with pytest.raises(device.DeviceError, match="PaddlePaddle is not installed here; `python -m labs doctor`"):
        device.paddle()


def test_describe_works_with_a_framework_missing(monkeypatch):
    pretend(monkeypatch, torch_gpus=1)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "paddle" else object())
    shown = {row["what"]: row["value"] for row in device.describe().rows}
    assert shown["PyTorch"] == "2.13.0 on cuda (Some GPU)"
    assert shown["PaddlePaddle"] == "not installed"
    assert "cores" in shown["processor"]


def test_paddles_two_warnings_are_not_shown_and_others_are(monkeypatch, tmp_path, capsys):
    (tmp_path / "paddle.py").write_text(
        "import sys, warnings\nwarnings.warn('No ccache found. Please ...')\n"
        "print('WARNING: OMP_NUM_THREADS set to 2, not 1.', file=sys.stderr)\n"
        "print('PLEASE USE OMP_NUM_THREADS WISELY.', file=sys.stderr)\nprint('something else', file=sys.stderr)\n"
        "is_compiled_with_cuda = lambda: False\nset_device = print\n")
    monkeypatch.syspath_prepend(tmp_path)
    assert device.paddle() == "cpu"
    assert capsys.readouterr().err == "something else\n"


def test_prepare_says_which_framework_is_missing(monkeypatch):
    monkeypatch.setattr(device.importlib.util, "find_spec", lambda name: None)
    for name in device.FRAMEWORKS:
        monkeypatch.delitem(device.sys.modules, name, raising=False)
    said = [row for row in device.prepare().rows if row["state"] == "not installed"]
    assert [row["variable"] for row in said] == list(device.FRAMEWORKS.values())


@pytest.mark.parametrize("lines", ["device.prepare(); import paddle", "import paddle; device.prepare()", "device.paddle()"])
def test_paddles_import_leaves_the_root_loggers_level(lines):
    code = f"import logging; from labs import device; {lines}; print(logging.getLogger().level == logging.WARNING)"
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split()[-1] == "True", "INFO messages of every library would stand on the page"

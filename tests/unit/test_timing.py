"""Timing: its logic, on clocks and sides that are made up. No test here depends on how fast anything is."""
import gc
import math
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import labs
from labs import limits, memory, outputs, timing

ROOT = Path(labs.__file__).parents[1]


class Proof:
    """Stands for a ladder: green or red."""

    def __init__(self, green=True):
        self.green = green

    def check(self):
        if not self.green:
            raise AssertionError("rung 3, loss: 0.1 apart")
        return self


class Clock:
    """A clock that moves only when a side says how long it took."""

    def __init__(self):
        self.now, self.calls = 0.0, []

    def __call__(self):
        return self.now

    def side(self, name, *seconds):
        """A callable that takes `seconds[0]`, `seconds[1]`, ... and then always the last."""
        left = list(seconds)

        def call():
            self.calls.append(name)
            self.now += left.pop(0) if len(left) > 1 else left[0]
        return call


def measured(*, first=(1.0,), second=(1.0,), **keywords):
    clock = Clock()
    result = timing.paired(clock.side("A", *first), clock.side("B", *second), Proof(), clock=clock,
                           wait_for_gpu=lambda: None, **{"names": ("A", "B"), **keywords})
    return result, clock


@pytest.mark.parametrize("proof", [None, True, "green", Proof(False)])
def test_nothing_is_timed_before_equality_is_proven(proof):
    clock = Clock()
    with pytest.raises(timing.TimingError, match="prove equality first"):
        timing.paired(clock.side("A", 1.0), clock.side("B", 1.0), proof, clock=clock)
    assert clock.calls == []


def test_a_red_proof_says_what_is_red():
    with pytest.raises(timing.TimingError, match="rung 3, loss: 0.1 apart"):
        timing.paired(int, int, Proof(False))


def test_sides_are_called_in_turn_and_the_order_changes_with_each_pair():
    _, clock = measured(pairs=6, warmup=2)
    assert "".join(clock.calls) == "AB" * 2 + "ABBA" * 3


def test_the_ratio_is_the_median_of_the_pairs_and_warm_up_does_not_count():
    result, _ = measured(first=(90.0, 50.0, 2.0, 2.2, 1.8, 2.1, 1.9, 2.0), second=(70.0, 1.0), pairs=6, warmup=2)
    assert result.ratio == pytest.approx(2.0) and result.first_seconds == (90.0, 70.0)
    assert result.seconds[0] == pytest.approx([2.0, 2.2, 1.8, 2.1, 1.9, 2.0])


def test_a_machine_that_slows_down_moves_both_sides_of_a_pair():
    drift = [1.0, *(1.0 + 0.5 * i for i in range(8))]
    result, _ = measured(first=[3 * d for d in drift], second=drift, pairs=8, warmup=1)
    assert result.ratio == pytest.approx(3.0) and result.interval == pytest.approx((3.0, 3.0))


@pytest.mark.parametrize("n", [6, 7, 15, 16, 40])
def test_the_interval_covers_the_median_as_often_as_it_says(n):
    random = np.random.default_rng(n)
    low, high, coverage = timing.interval(list(range(n)))
    assert low + high == n - 1, "as many values below as above"
    samples = np.sort(random.lognormal(size=(20000, n)), axis=1)
    held = np.mean((samples[:, low] <= 1) & (1 <= samples[:, high]))
    assert coverage >= 0.95 and abs(held - coverage) < 5 * math.sqrt(0.05 * 0.95 / 20000)


def test_the_interval_of_fifteen_is_that_of_the_books():
    assert timing.interval(range(1, 16)) == (4, 12, pytest.approx(0.96484375))


def test_too_few_pairs_or_no_warm_up_raise():
    with pytest.raises(ValueError, match="at least 6 pairs"):
        timing.interval([1.0] * 5)
    for wrong in ({"pairs": 5}, {"warmup": 0}):
        with pytest.raises(ValueError, match="at least 6 pairs and 1 call"):
            measured(**wrong)


def test_the_verdict_names_the_slower_side():
    assert measured(first=(1.31,))[0].words == "A takes 1.31 times as long as B [1.31, 1.31]"
    assert measured(second=(2.0,))[0].words == "B takes 2.00 times as long as A [2.00, 2.00]"


def test_an_interval_that_holds_one_is_no_difference():
    result, _ = measured(first=(1.0, 1.1, 0.9, 1.2, 0.8, 1.3, 0.7), pairs=6, warmup=1)
    assert result.words.startswith("no difference beyond the noise: A / B = ")


def test_sides_on_different_devices_are_shown_but_not_compared():
    result, _ = measured(first=(3.0,), devices=("cpu", "gpu:0"))
    assert result.ratio is None and result.interval is None and not result.compared
    text = repr(result)
    assert "Not compared: A is on cpu, B on gpu:0" in text and "3000" in text and "times as long" not in text
    with pytest.raises(timing.TimingError, match="LABS_DEVICE=cpu"):
        result.check()


@pytest.mark.parametrize("devices", [("cpu", "cpu"), ("gpu:0", "cuda"), ("cuda:0", "cuda")])
def test_sides_on_one_kind_of_device_are_compared(devices):
    result, _ = measured(devices=devices)
    assert result.check() is result and result.ratio == 1


def test_a_side_that_names_no_framework_has_no_device_stated():
    assert "not stated" in repr(measured()[0])


def test_devices_are_asked_of_the_device_module_by_the_names(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", sys.modules.get("torch", object()))
    monkeypatch.setitem(sys.modules, "paddle", sys.modules.get("paddle", object()))
    monkeypatch.setattr("labs.device.torch", lambda: "cuda")
    monkeypatch.setattr("labs.device.paddle", lambda: "cpu")
    monkeypatch.setattr(timing, "_framework_on_gpu", lambda name, place: None)
    result, _ = measured(names=("Paddle, eager", "PyTorch"))
    assert result.devices == ("cpu", "cuda") and not result.compared


def test_the_gpu_is_waited_for_before_each_reading_of_the_clock():
    clock, seen = Clock(), []

    def wait():
        seen.append(len(clock.calls))
        clock.now += 0.25                   # what was still running on the GPU
    result = timing.paired(clock.side("A", 1.0), clock.side("B", 1.0), Proof(), names=("A", "B"), pairs=6, warmup=1,
                           wait_for_gpu=wait, clock=clock)
    assert result.seconds[0] == [1.25] * 6, "work left on the GPU is in the time, work from before is not"
    assert seen == sorted([*range(14), *range(1, 15)])


def test_waiting_imports_no_framework():
    code = "import sys; from labs import timing; timing.synchronise(); print(sorted({'torch', 'paddle'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout.strip() == "[]"


def test_garbage_is_not_collected_during_a_call_and_is_afterwards():
    states = []
    timing.paired(lambda: states.append(gc.isenabled()), int, Proof(), names=("A", "B"), pairs=6)
    assert states and not any(states) and gc.isenabled()


def test_garbage_collection_is_on_again_after_an_error():
    with pytest.raises(ZeroDivisionError):
        timing.paired(lambda: 1 / 0, int, Proof(), names=("A", "B"))
    assert gc.isenabled()
    with timing.alone(wait=0):
        pass


def test_the_output_holds_table_and_data(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    made = measured(first=(2.0,))[0]._repr_mimebundle_()
    found = made[outputs.MIME]
    assert found["kind"] == "timing" and found["ratio"] == 2 and found["pairs"] == 15 and found["interval"] == [2, 2]
    assert "OMP_NUM_THREADS=1" in made["text/plain"] and "A takes 2.00 times as long as B" in made["text/html"]


HOLD = """
import sys, time
from labs import timing
with timing.alone():
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def other_notebook(tmp_path, monkeypatch):
    """Another process that holds the lock, in a temporary folder of this test's own."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    process = subprocess.Popen([sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
                               env={**os.environ, "TMPDIR": str(tmp_path)})
    assert process.stdout.readline() == "held\n"
    yield process
    process.stdin.close()
    process.wait(60)
    process.stdout.close()


def test_two_notebooks_never_time_at_once(other_notebook, capsys):
    with pytest.raises(timing.TimingError, match="another process has been timing"), timing.alone(wait=0.1):
        pytest.fail("the lock is held by another process")
    assert "waiting for it" in capsys.readouterr().out


def test_a_notebook_that_waits_goes_on_when_the_other_has_finished(other_notebook):
    other_notebook.stdin.write("\n")
    other_notebook.stdin.flush()
    with timing.alone(wait=60):
        assert other_notebook.wait(60) == 0


def test_the_lock_may_be_held_twice_by_one_notebook(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with timing.alone(wait=0), timing.alone(wait=0):
        mode = (tmp_path / timing.LOCK).stat().st_mode
    assert mode & 0o666 == 0o666, "another user can take it"


@pytest.mark.skipif(not os.access(memory.CLEAR, os.W_OK), reason="this system cannot reset the high-water mark of memory")
def test_peak_memory_is_that_of_the_call():
    code = ("import numpy as np; from labs import memory\n"
            "with memory.Peak() as large: np.ones(40_000_000, 'uint8')\n"
            "with memory.Peak() as small: np.ones(1000, 'uint8')\n"
            "print(large.bytes > 35e6 and small.bytes < 10e6 and large.note is None)")
    # in a fresh process: one that has freed much before may serve the array from what it still holds
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "True"


def test_where_the_mark_cannot_be_reset_the_result_says_so(monkeypatch):
    monkeypatch.setattr(memory, "CLEAR", "/nowhere/clear_refs")
    with memory.Peak() as peak:
        pass
    assert peak.bytes > 1e6 and peak.note == memory.HIGHEST
    assert memory.HIGHEST in repr(measured()[0])


def test_the_best_time_is_the_least_of_at_least_three():
    clock = Clock()
    assert limits.best(clock.side("A", 9.0, 3.0, 2.0, 4.0, 1.0), 0.1, lambda: None, clock) == 2.0
    assert len(clock.calls) == 4
    again = Clock()
    limits.best(again.side("A", 1.0), 10.0, lambda: None, again)
    assert len(again.calls) == 11, "one to warm up, then ten seconds' worth"
    once = Clock()
    assert limits.best(once.side("A", 9.0, 3.0, 2.0), 0.1, lambda: None, once, least=1) == 3.0 and len(once.calls) == 2


def test_fractions_are_of_the_best_or_of_one_framework():
    found = limits.Limits({"Paddle": 50e9, "PyTorch": 100e9}, {"Paddle": 20e9, "PyTorch": 10e9}, {"Paddle": "cpu", "PyTorch": "cpu"}, "1")
    assert found.fraction(25e9, 1.0) == 0.25 and found.fraction(25e9, 1.0, of="Paddle") == 0.5
    assert found.fraction_read(5e9, 0.5) == 0.5
    with pytest.raises(KeyError, match="no limit was measured for 'NumPy'"):
        found.fraction(1.0, 1.0, of="NumPy")
    assert "100.0" in repr(found) and found._repr_mimebundle_()[outputs.MIME]["flops"]["Paddle"] == 50e9


def test_limits_are_measured_with_what_is_installed(monkeypatch):
    monkeypatch.setattr(limits, "BYTES", 1 << 20)
    monkeypatch.setattr(limits, "SIZES", (64,))
    wait = lambda: time.sleep(0)        # noqa: E731
    monkeypatch.setattr(limits, "_torch", lambda: ("cpu", {64: wait}, {"sum": wait}, wait))
    monkeypatch.setattr(limits, "_paddle", lambda: pytest.fail("not installed here"))
    monkeypatch.setattr("importlib.util.find_spec", lambda name: object() if name == "torch" else None)
    found = limits.limits(seconds=0.01)
    assert set(found.flops) == set(found.bandwidth) == {"NumPy", "PyTorch"} and min(found.flops.values()) > 0
    with pytest.raises(ValueError, match="more than 0"):
        limits.limits(seconds=0)


@pytest.mark.parametrize("framework", ["torch", "paddle"])
def test_each_framework_can_measure_its_limits(framework, monkeypatch):
    pytest.importorskip(framework)
    monkeypatch.setattr(limits, "BYTES", 1 << 20)
    monkeypatch.setattr(limits, "SIZES", (64,))
    monkeypatch.setattr(limits, "SIZES_GPU", (64,))
    place, products, reading, small = {"torch": limits._torch, "paddle": limits._paddle}[framework]()
    assert set(products) == {64} and np.asarray(products[64]().cpu())[0, 0] == 64 and float(reading["sum"]().item()) == (1 << 20) // 4 and small().item() == 2
    assert {float(entry) for entry in np.asarray(reading["matrix times vector"]().cpu())} == {float(limits.COLUMNS)}

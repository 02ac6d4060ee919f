"""While one kernel times something, the others of the build stand still; and none is ever left standing."""
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil
import pytest
from test_executor import notebook

from book.make import execute
from book.make.quiet import Quiet
from labs import timing

ROOT = Path(__file__).parents[2]
STAMPS = "import time\nwith open({path!r}, 'a') as file:\n    end = time.monotonic() + {seconds}\n" \
         "    while time.monotonic() < end:\n        print(time.monotonic(), file=file, flush=True)\n        time.sleep(0.005)"


@pytest.fixture(autouse=True)
def own_lock(tmp_path, monkeypatch):
    """Other tests and builds on this machine may be timing too."""
    monkeypatch.setattr(timing, "LOCK", str(tmp_path / "timing.lock"))


def stamps(path):
    return [float(line) for line in Path(path).read_text().split()]


def test_a_training_cell_stands_still_while_the_other_notebook_times(tmp_path, monkeypatch):
    """The executor's own kernels, with a child of the training one: both stop for the second that is timed, and go on after it."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("LABS_RUN", "")
    child, parent = str(tmp_path / "child"), str(tmp_path / "parent")
    trains = notebook(["import subprocess, sys\nbelow = subprocess.Popen([sys.executable, '-c', " + repr(STAMPS.format(path=child, seconds=9)) + "])",
                       STAMPS.format(path=parent, seconds=9), "below.wait()"])
    times = notebook(["import time\nfrom labs import timing\ntiming.LOCK = " + repr(timing.LOCK) + "\ntime.sleep(3)",
                      "with timing.alone():\n    began = time.monotonic(); time.sleep(1); ended = time.monotonic()",
                      f"open({str(tmp_path / 'when')!r}, 'w').write(f'{{began}} {{ended}}')"])
    assert execute.everything({"trains": trains, "times": times}, tmp_path, 60) == []
    began, ended = stamps(tmp_path / "when")
    for path in (child, parent):
        seen = stamps(path)
        assert [at for at in seen if began < at < ended] == [], "it ran on while the other one timed"
        assert any(at < began for at in seen) and any(at > ended for at in seen), "it never ran, or never went on"


@pytest.fixture
def bystander():
    """A process that stands in for another kernel."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(120)"])
    yield psutil.Process(process.pid)
    process.kill()
    process.wait()


def becomes(process, *states):
    give_up = time.monotonic() + 20
    while process.status() not in states and time.monotonic() < give_up:
        time.sleep(0.02)
    return process.status() in states


HOLD = "import os\nfrom labs import timing\ntiming.LOCK = os.environ['LOCK']\nwith timing.alone():\n    print('quiet', flush=True)\n    input()\nprint('done', flush=True)"


def holder(address):
    """A process that times until it gets a line."""
    made = subprocess.Popen([sys.executable, "-c", HOLD], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT,
                            env=dict(os.environ, LABS_QUIET=address, LOCK=timing.LOCK))
    assert made.stdout.readline() == "quiet\n"
    return made


RUNS = (psutil.STATUS_SLEEPING, psutil.STATUS_RUNNING)


def test_a_kernel_that_dies_while_it_times_gives_the_others_free(bystander):
    with Quiet() as quiet, quiet.kernel() as runs:
        runs(bystander.pid)
        timer = holder(quiet.address)
        assert becomes(bystander, psutil.STATUS_STOPPED)
        timer.kill()
        timer.wait()
        assert becomes(bystander, *RUNS)


def test_a_build_that_dies_while_a_kernel_times_leaves_nobody_stopped(bystander, tmp_path):
    code = ("import sys, time\nfrom book.make.quiet import Quiet\nwith Quiet() as quiet, quiet.kernel() as runs:\n"
            "    runs(int(sys.argv[1])); print(quiet.address, flush=True); time.sleep(120)")
    build = subprocess.Popen([sys.executable, "-c", code, str(bystander.pid)], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    timer = holder(build.stdout.readline().strip())
    assert becomes(bystander, psutil.STATUS_STOPPED)
    build.send_signal(signal.SIGKILL)
    build.wait()
    assert timer.communicate("\n", timeout=30)[0] == "done\n"
    assert becomes(bystander, *RUNS)


def test_the_end_of_a_build_wakes_all(bystander):
    with Quiet() as quiet, quiet.kernel() as runs:
        runs(bystander.pid)
        timer = holder(quiet.address)
        assert becomes(bystander, psutil.STATUS_STOPPED)
    assert becomes(bystander, *RUNS)
    assert timer.communicate("\n", timeout=30)[0] == "done\n"


def test_no_kernel_starts_into_a_timing(bystander):
    with Quiet() as quiet:
        timer, started = holder(quiet.address), threading.Event()

        def start():
            with quiet.kernel():
                started.set()
        thread = threading.Thread(target=start)
        thread.start()
        assert not started.wait(0.5)
        timer.communicate("\n", timeout=30)
        assert started.wait(20)
        thread.join()


def test_without_a_build_nobody_is_asked(monkeypatch, tmp_path):
    for address in ("", str(tmp_path / "gone")):
        monkeypatch.setenv("LABS_QUIET", address)
        with timing.alone():
            pass

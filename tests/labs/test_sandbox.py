"""No submission gets a point that it did not earn, harms the machine, its neighbour or the next
one.
"""

import dataclasses
import os
import re
import socket
import subprocess
import threading
import time

import hostile
import pytest

from labs.grading import pipes, pool, sandbox, seccomp
from labs.grading.assignment import Lab, Limits, Rung
from labs.grading.call import Call
from labs.grading.cases import Case
from labs.grading.climbing import climb

pytestmark = pytest.mark.needs("bubblewrap")
PATIENT = Limits(load_s=60, call_s=60, total_s=120, memory_gb=1, answer_mb=1)  # of a busy machine
HASTY = dataclasses.replace(PATIENT, call_s=1)
LAB = Lab(
    "L0",
    "probe",
    1,
    {"double": "", "half": ""},
    (Rung("double", "double", 4), Rung("half", "half", 6)),
    limits=PATIENT,
)
CASES = {
    "double": [Case(Call("double", ([1, 5, 3],)), [2, 10, 6])],
    "half": [Case(Call("half", ([3, 8],)), [1.5, 4.0])],
}


def graded(code, slot=0, suffix=".py", limits=PATIENT, warm=None):
    lab = dataclasses.replace(LAB, limits=limits)
    content = code if isinstance(code, bytes) else code.encode()
    box = sandbox.Sandbox(slot, warm)
    with pipes.Process(lab, pipes.Submission(content, suffix), box) as process:
        result = climb(lab, CASES, process)
        return result, bytes(process.printed)


@pytest.fixture(scope="module")
def warm():
    """The warm worker where we are root, else nothing: then every process is a cold one."""
    if not sandbox.as_root():
        yield None
        return
    with pool.Pool() as made:
        yield made


def of_slot(slot):
    """The processes of a slot's user that run; one that has ended and waits for its parent to look is none."""
    found = subprocess.run(
        ["ps", "-U", str(sandbox.FIRST_UID + slot), "-o", "pid=,stat=,args="], capture_output=True, text=True
    )
    return [line for line in found.stdout.splitlines() if not line.split()[1].startswith("Z")]


@pytest.fixture(scope="module", autouse=True)
def users_of_our_own():
    """Another suite, or another worker of this one, grades as other users: what runs as ours is ours."""
    first = sandbox.FIRST_UID
    sandbox.FIRST_UID = 62_000 + 100 * int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    yield
    sandbox.FIRST_UID = first


@pytest.fixture(scope="module")
def port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.fixture(autouse=True)
def canary(tmp_path, monkeypatch):
    (tmp_path / "CANARY").write_text("another student's work")
    monkeypatch.setenv("CANARY", "CANARY")


def test_an_honest_submission_gets_its_points():
    result, said = graded(hostile.RIGHT + "\nprint('hello')\n")
    assert result.earned == hostile.POINTS and said == b""
    result, said = graded(hostile.RIGHT.replace("return [i", "print('hello'); return [1 + i"))
    assert result.earned == 4 and said == b"hello\n"


@pytest.mark.parametrize("name", hostile.HOSTILE)
def test_hostile(name, port, warm):
    code, points, says = hostile.HOSTILE[name]
    limits = HASTY if "did not end" in says else PATIENT
    if name == "loops for ever when loaded":
        limits = dataclasses.replace(PATIENT, load_s=2)
    result, said = graded(code.replace("PORT", str(port)), limits=limits, warm=warm)
    told = " ".join(filter(None, (rung.says for rung in result.rungs)))
    assert result.earned == points, told
    assert bool(told) == bool(says) and re.search(says, told), told
    assert len(said) <= pipes.OUTPUT
    if sandbox.as_root():
        ends = time.monotonic() + 10            # the kernel clears away what was killed
        while of_slot(0) and time.monotonic() < ends:
            time.sleep(0.05)
        assert of_slot(0) == [], "something survived"


IN_BOTH = [
    "ptrace",
    "/proc/1",
    "a second user namespace",
    "becomes root",
    "fork bomb",
    "segfault",
    "uses up inodes",
    "os._exit",
    "the network",
    "looks up the stack",
    "changes its arguments",
    "invalid UTF-8",
]


@pytest.mark.parametrize("name", IN_BOTH)
def test_a_cold_process_is_judged_as_a_warm_one(name, port, warm):
    code, points, says = hostile.HOSTILE[name]
    limits = HASTY if "did not end" in says else PATIENT
    cold, _ = graded(code.replace("PORT", str(port)), limits=limits)
    assert cold.earned == points
    hot, _ = graded(code.replace("PORT", str(port)), limits=limits, warm=warm)
    assert [rung.state for rung in cold.rungs] == [rung.state for rung in hot.rungs]
    if name not in ("fork bomb",):
        assert [rung.says for rung in cold.rungs] == [rung.says for rung in hot.rungs]


def test_a_warm_worker_that_is_gone_is_not_the_students_fault():
    if not sandbox.as_root():
        return
    with pool.Pool() as made:
        assert graded(hostile.RIGHT, warm=made)[0].earned == hostile.POINTS
        made.process.kill()
        made.process.wait()
        with pytest.raises(pipes.NotStarted, match="warm worker"):
            graded(hostile.RIGHT, warm=made)


@pytest.mark.parametrize("how", ["import no_such_thing", "from no_such_thing.nn import no_such_thing"])
def test_a_framework_that_cannot_be_imported_is_not_the_students_fault(how):
    lab = dataclasses.replace(LAB, frameworks=("no_such_thing",))
    code = f"{how}\n{hostile.RIGHT}\n\ndef double(x, own=double):\n    x if x else no_such_thing\n    return own(x)"
    for box in (None, sandbox.Sandbox(0)):
        with (
            pipes.Process(lab, pipes.Submission(code.encode(), ".py"), box) as process,
            pytest.raises(pipes.NotStarted, match="no_such_thing could not be imported: ModuleNot"),
        ):
            climb(lab, CASES, process)
    mine = dataclasses.replace(lab, frameworks=())  # what no lab promises, is the student's own
    code = f"import no_such_thing\n{hostile.RIGHT}"
    with pipes.Process(mine, pipes.Submission(code.encode(), ".py")) as process:
        assert climb(mine, CASES, process).earned == hostile.POINTS


def test_a_slot_is_one_graders_at_a_time():
    with sandbox.slot() as one, sandbox.slot() as other:
        assert one != other or not sandbox.as_root()
    with sandbox.slot() as again:
        assert again == one


def test_the_attacks_would_be_seen_outside_of_the_sandbox():
    seen = []
    for name in ("inotify", "/etc and the home", "looks up the stack"):
        code = hostile.HOSTILE[name][0].replace("{'right', ", "{'order', ")
        with pipes.Process(LAB, pipes.Submission(code.encode(), ".py")) as process:
            seen.append(climb(LAB, CASES, process).earned)
    assert seen == [hostile.POINTS] * 3


def test_nothing_is_left_for_the_next_one(warm):
    leave = hostile.instead(
        "import os\nfor place in ('/tmp', '/dev/shm', '/var/tmp', '/course', '/'):\n"
        "    try: open(place + '/residue', 'w').write('x')\n    except OSError: pass\nreturn [0]"
    )
    look = hostile.attack(
        "import os\nreturn any(os.path.exists(place + '/residue') for place in ('/tmp', '/dev/shm', '/var/tmp', '/course', '/'))"
    )
    for worker in (warm, None):
        assert graded(leave, warm=worker)[0].earned == graded(look, warm=worker)[0].earned == 0


def test_a_neighbour_of_a_fork_bomb_is_not_hurt(warm):
    bomb = threading.Thread(
        target=graded, args=(hostile.HOSTILE["fork bomb"][0], 1, ".py", HASTY, warm)
    )
    bomb.start()
    time.sleep(0.7)
    result, _ = graded(hostile.RIGHT, 0, warm=warm)
    bomb.join()
    assert result.earned == hostile.POINTS, result.text
    assert graded(hostile.RIGHT, 1, warm=warm)[0].earned == hostile.POINTS


def test_survivors_in_the_background_are_ended(warm):
    code = ("import os, time\n" + hostile.RIGHT).replace(
        "    return [2",
        "    if os.fork() == 0:\n        os.setsid()\n"
        "        if os.fork() == 0: time.sleep(300)\n        os._exit(0)\n    return [2",
    )
    assert graded(code, 2, warm=warm)[0].earned == hostile.POINTS
    assert not sandbox.as_root() or of_slot(2) == []


@pytest.mark.parametrize(
    "content, suffix, says",
    [
        (b"{", ".ipynb", "no notebook"),
        (b'{"cells": 3}', ".ipynb", "no notebook"),
        (b"\x89PNG\r\n\xff", ".py", "not UTF-8"),
        (b"\xff\xfe{}", ".ipynb", "not UTF-8"),
        (b"[" * 100_000, ".ipynb", "no notebook"),
    ],
)
def test_what_cannot_be_read_is_refused_in_words(content, suffix, says):
    with pytest.raises(pipes.Unreadable, match=says):
        graded(content, suffix=suffix)


def test_a_sandbox_that_does_not_start_is_not_the_students_fault(monkeypatch):
    monkeypatch.setattr(sandbox, "options", lambda: ("--no-such-option",))
    with pytest.raises(pipes.NotStarted, match="no-such-option"):
        graded(hostile.RIGHT)


def test_why_there_is_no_sandbox_is_said(monkeypatch, tmp_path):
    file = tmp_path / "apparmor"
    file.write_text("1\n")
    monkeypatch.setattr(sandbox, "APPARMOR", file)
    assert "AppArmor" in sandbox.told("bwrap: setting up uid map: Permission denied")
    monkeypatch.setattr(sandbox, "APPARMOR", tmp_path / "none")
    monkeypatch.setattr(sandbox, "CONTAINER", (file,))
    assert "this container may not" in sandbox.told("bwrap: No permissions to create new namespace")
    monkeypatch.setattr(sandbox, "CONTAINER", ())
    assert "start the grader as root" in sandbox.told(
        "bwrap: No permissions to create new namespace"
    )
    monkeypatch.setattr(sandbox.shutil, "which", lambda name: None)
    assert "apt install bubblewrap" in sandbox.lacking.__wrapped__()
    monkeypatch.setattr(sandbox.platform, "system", lambda: "Darwin")
    told = sandbox.lacking.__wrapped__()
    assert "docker run" in told and "apt-get install -y bubblewrap" in told


def test_the_filter_is_a_whole_program_for_each_machine():
    for machine in seccomp.CALLS:
        code = seccomp.program(machine)
        lines = len(code) // 8
        assert len(code) % 8 == 0 and lines < 256
        for at in range(lines):
            kind, true, false = code[8 * at], code[8 * at + 2], code[8 * at + 3]
            assert kind == seccomp.RETURN or at + 1 + max(true, false) < lines
    with pytest.raises(seccomp.NoFilter, match="riscv"):
        seccomp.program("riscv64")

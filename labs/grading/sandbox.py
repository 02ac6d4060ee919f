"""The sandbox around a submission's process: bubblewrap from Debian (0.8 or newer), and
labs/grading/jail.py inside of it.

Namespaces of its own (processes, network, memory shared between processes, host name, control
groups), a read-only system
of which only what Python needs is there, and started as root one user for each slot: the kernel
counts processes by user, so
that what one submission starts never uses up the next one's.
"""

import contextlib
import functools
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import filelock

import labs

SLOTS, SLOTS_AT = 64, Path("/run/labs-slots")
FIRST_UID = 61_000  # one for each slot; no account of Debian or Ubuntu has these
OLDEST = (0, 8)
DISK_MB = 256
PACKAGE = Path(labs.__file__).resolve().parent
INSIDE, PYTHON = "/course/labs", "/course/python"
SYSTEM = (
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib64",
    "/lib32",
    "/etc/ld.so.cache",
    "/etc/alternatives",
    "/etc/localtime",
)
APPARMOR = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
CONTAINER = (Path("/.dockerenv"), Path("/run/.containerenv"))
DOCKER = (
    'docker run --rm -it -v "$PWD":/work -w /work --security-opt seccomp=unconfined '
    "--security-opt apparmor=unconfined --cap-add SYS_ADMIN python:3.11 bash -c "
    "'apt-get update && apt-get install -y bubblewrap && pip install -r requirements.txt && exec bash'"
)


class NoSandbox(RuntimeError):
    """There is no sandbox on this machine; says why, and what to do."""


@dataclass(frozen=True)
class Sandbox:
    """Starts a process in a sandbox.

    Attributes
    ----------
    slot : int
        Processes that run at the same time have different ones.
    pool : labs.grading.pool.Pool, optional
        A warm worker, which then starts the process.
    """

    slot: int = 0
    pool: object = None

    def facts(self, limits) -> dict:
        """What jail.py has to know."""
        known = {"memory_gb": limits.memory_gb, "total_s": limits.total_s, "disk_mb": DISK_MB}
        return known | ({"uid": FIRST_UID + self.slot} if as_root() else {})

    def command(self, limits, fds) -> tuple:
        """The command line that starts the worker, and the descriptor of its arguments, to be
        handed on and closed.
        """
        fd = arguments()
        inner = [
            *interpreter(),
            f"{INSIDE}/grading/jail.py",
            json.dumps(self.facts(limits)),
            *map(str, fds),
        ]
        return ["bwrap", "--args", str(fd), *inner], fd


@contextlib.contextmanager
def slot():
    """A number that no other grader on this machine has now: what counts by user is shared by all
    that runs as one.
    """
    if not as_root():
        yield 0  # every slot has our own user
        return
    folder = SLOTS_AT if SLOTS_AT.parent.is_dir() else Path(tempfile.gettempdir()) / "labs-slots"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != 0:
        raise NoSandbox(f"{folder} belongs to somebody else: remove it")
    taken = None
    while taken is None:
        for number in range(SLOTS):
            with contextlib.suppress(filelock.Timeout):
                taken = filelock.FileLock(folder / str(number)).acquire(timeout=0)
                break
        else:
            time.sleep(0.1)
    with taken:
        yield number


def arguments() -> int:
    """A descriptor that bubblewrap reads its options from: its command line stays free of this
    machine's paths.
    """
    fd = os.memfd_create("arguments")
    os.write(fd, b"\0".join(os.fsencode(each) for each in options()) + b"\0")
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def as_root() -> bool:
    """Are we root? Then each slot has a user of its own."""
    return os.geteuid() == 0


def interpreter() -> list:
    """This Python, by the path that it has in the sandbox."""
    alone = os.path.realpath(sys.prefix) == os.path.realpath(sys.base_prefix)
    place = os.path.realpath(sys.prefix) if alone else PYTHON
    return [f"{place}/bin/{Path(sys.executable).name}", "-I", "-B", "-u"]


@functools.cache
def options() -> tuple:
    """bubblewrap's options."""
    made = [
        "--unshare-pid",
        "--unshare-net",
        "--unshare-ipc",
        "--unshare-uts",
        "--unshare-cgroup-try",
        "--die-with-parent",
        "--new-session",
        "--hostname",
        "sandbox",
    ]
    if not as_root():
        made += [
            "--unshare-user",
            "--disable-userns",
            "--uid",
            "1000",
            "--gid",
            "1000",
            "--cap-drop",
            "ALL",
        ]
    made += readable("/etc/x")
    for place in SYSTEM:
        path = Path(place)
        if path.is_symlink():
            made += ["--symlink", os.readlink(path), place]
        elif path.exists():
            made += ["--ro-bind", place, place]
    made += readable(f"{INSIDE}/x")
    base, own = (os.path.realpath(prefix) for prefix in (sys.base_prefix, sys.prefix))
    if base != "/usr":
        made += [*readable(base), "--ro-bind", base, base]
    if own != base:  # an environment may lie anywhere, also in /tmp, which is another one inside
        made += ["--ro-bind", own, PYTHON]
    made += [
        "--ro-bind",
        str(PACKAGE / "__init__.py"),
        f"{INSIDE}/__init__.py",
        "--ro-bind",
        str(PACKAGE / "grading"),
        f"{INSIDE}/grading",
    ]
    if (PACKAGE / "grading/kits").is_dir():  # their answers are public; nobody needs them here
        made += ["--tmpfs", f"{INSIDE}/grading/kits"]
    size = str(DISK_MB * 2**20)
    made += ["--proc", "/proc", "--dev", "/dev"]
    made += (
        ["--dir", "/tmp"]
        if as_root()
        else [
            "--size",
            size,
            "--tmpfs",
            "/tmp",
            "--size",
            size,
            "--tmpfs",
            "/dev/shm",
            "--remount-ro",
            "/",
        ]
    )
    return (*made, "--chdir", "/tmp")


def readable(path: str) -> list:
    """The folders above a path, open to every user: bubblewrap would make them private to root."""
    above = [str(each) for each in reversed(Path(path).parents) if str(each) not in ("/", "/usr")]
    return [option for each in above for option in ("--perms", "0755", "--dir", each)]


@functools.cache
def lacking() -> str:
    """Why there is no sandbox on this machine and what to do, in words; empty where there is one.
    It is tried.
    """
    if platform.system() != "Linux":
        return f"the sandbox needs Linux. With Docker: {DOCKER}"
    if not shutil.which("bwrap"):
        return "bubblewrap is not installed: apt install bubblewrap"
    said = subprocess.run(["bwrap", "--version"], capture_output=True, text=True).stdout
    version = tuple(int(each) for each in re.findall(r"\d+", said)[:2])
    if version < OLDEST:
        return f"bubblewrap is {said.split()[-1]}: expected 0.8 or newer"
    from labs.grading.assignment import Lab, Limits, Rung
    from labs.grading.call import Call
    from labs.grading.pipes import NotStarted, Process, Submission

    lab = Lab(
        "L0",
        "probe",
        1,
        {"whoami": ""},
        (Rung("probe", "probe", 1),),
        limits=Limits(load_s=60, call_s=20, total_s=60),
    )
    probe = Submission(
        b"import os\ndef whoami():\n    return os.getuid(), len(os.listdir('/proc')) < 200", ".py"
    )
    try:
        with Process(lab, probe, Sandbox(999)) as process:
            answer = process.answer(Call("whoami"))
            said = answer.error or process.printed.decode(errors="replace")
    except NotStarted as error:
        return told(str(error))
    if answer.error or answer.value not in ((FIRST_UID + 999, True), (1000, True)):
        return told(said or f"it answered {answer.value}")
    return ""


def told(said: str) -> str:
    """What bubblewrap complained of, with what to do."""
    if "namespace" in said or "Operation not permitted" in said or "Permission denied" in said:
        if APPARMOR.exists() and APPARMOR.read_text().strip() == "1":
            return (
                "Ubuntu's AppArmor keeps users from making namespaces. Either start the grader as root, or allow it: "
                f"sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0 ({said.strip()})"
            )
        if any(mark.exists() for mark in CONTAINER):
            return f"this container may not make namespaces. Start it so: {DOCKER} ({said.strip()})"
        return f"namespaces cannot be made here; start the grader as root, or allow user namespaces ({said.strip()})"
    return f"a sandbox was tried and did not start: {said.strip() or 'it said nothing'}"


def require():
    """Raise unless there is a sandbox.

    Raises
    ------
    NoSandbox
    """
    why = lacking()
    if why:
        raise NoSandbox(f"no sandbox: {why}")

"""A submission's process that is started for it alone and imports for itself, and how it ended."""

import os
import signal
import subprocess
import time

from labs.grading import memory_of

GONE_S = 10  # until a killed namespace is empty


class Cold(subprocess.Popen):
    """A process of its own, which imports for itself."""

    def end(self):
        """Kill it and all that it started, and wait until they are gone."""
        inside = memory_of.children(self.pid)  # of bubblewrap: the first process of its namespace
        for pid in inside:
            _kill(os.kill, pid)
        _kill(os.killpg, self.pid)
        self.wait()
        ends = time.monotonic() + GONE_S
        while any(map(memory_of.is_there, inside)) and time.monotonic() < ends:
            time.sleep(0.002)  # the kernel ends it after all the others


def _kill(how, pid):
    try:
        how(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def ended(status: int | None) -> str:
    """An exit status in words."""
    if status is None:
        return "it closed its pipe and ran on"
    number = -status if status < 0 else status - 128
    if status < 0 or status > 128 and number in signal.valid_signals():
        try:
            name = signal.Signals(number).name
        except ValueError:
            name = str(number)
        return {
            "SIGKILL": "killed, for want of memory or by its own hand",
            "SIGSEGV": "segmentation fault",
            "SIGXCPU": "its processor time was used up",
        }.get(name, f"signal {name}")
    return f"exit status {status}"


def environment() -> dict:
    """What a submission's process knows of the machine: nothing of this process's variables."""
    return {
        "PATH": "/usr/bin:/bin",
        "HOME": "/tmp",
        "USER": "student",
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
    }

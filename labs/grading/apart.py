"""Another user, limits and the filter of system calls, without namespaces: less than the sandbox.

For a container that a grader such as Gradescope's throws away after each submission, and in which
namespaces cannot be made. Who hands it in sees that container's files as another user would, and
reaches no network; results and sources belong to root alone.
"""

import json
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

from labs.grading import jail
from labs.grading.sandbox import DISK_MB, FIRST_UID, NoSandbox, as_root


@dataclass(frozen=True)
class Apart:
    """Starts a process as another user.

    Attributes
    ----------
    slot : int
    pool : None
        There is no warm worker: each container grades once.
    """

    slot: int = 500
    pool: object = None

    def facts(self, limits) -> dict:
        """What jail.py has to know."""
        known = {"memory_gb": limits.memory_gb, "total_s": limits.total_s, "disk_mb": DISK_MB}
        return known | {"uid": self.uid, "apart": True}

    @property
    def uid(self) -> int:
        """The user."""
        return FIRST_UID + self.slot

    def command(self, limits, fds) -> tuple:
        """The command line that starts the worker, and a descriptor to be closed."""
        facts = json.dumps(self.facts(limits))
        line = [sys.executable, "-I", "-B", "-u", jail.__file__, facts, *map(str, fds)]
        return line, os.open(os.devnull, os.O_RDONLY)

    def sweep(self):
        """End what the submission left behind: all processes of its user."""
        for _ in range(20):  # one that starts others while we look is met in the next round
            left = [
                int(path.name)
                for path in Path("/proc").iterdir()
                if path.name.isdigit() and _user(path) == self.uid
            ]
            if not left:
                return
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass


def _user(path):
    """Whose process it is; nobody's, once it has ended or waits to be collected."""
    try:
        if ") Z" in (path / "stat").read_text(encoding="ascii", errors="replace"):
            return None
        return path.stat().st_uid
    except OSError:
        return None


def require():
    """Raise unless we are root, who alone can become another user.

    Raises
    ------
    labs.grading.sandbox.NoSandbox
    """
    if not as_root():
        raise NoSandbox("no sandbox: without it the grader must be root, to start another user")

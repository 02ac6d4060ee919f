"""A fresh Python: a few lines run where nothing is imported yet, and what became of them.

For what a notebook cannot do to itself: import in another order, set a variable before an
import, fail on purpose.
"""
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import labs
from labs import outputs

ROOT = Path(labs.__file__).resolve().parent.parent


class ProcessError(RuntimeError):
    """The lines did not come to their end, or not within the time, or left no value."""


@dataclass(frozen=True, repr=False)
class Outcome(outputs.Shown):
    """What `run_python` returns.

    Attributes
    ----------
    status : int
        0 where the lines came to their end.
    said, complained : str
        Standard output and standard error.
    seconds : float
        From the start of the process to its end.
    """

    status: int
    said: str
    complained: str
    seconds: float

    @property
    def error(self):
        """The last line of the complaint: what a traceback ends with. Empty where nothing failed."""
        lines = [line for line in self.complained.splitlines() if line.strip()]
        return lines[-1].strip() if self.status and lines else ""

    @property
    def value(self):
        """The last line of the output, read as JSON.

        Raises
        ------
        ProcessError
            The lines failed, or their last output is no JSON.
        """
        if self.status:
            raise ProcessError(f"the lines ended with status {self.status}: {self.error or 'they said nothing'}")
        lines = self.said.strip().splitlines() or [""]
        try:
            return json.loads(lines[-1])
        except ValueError:
            raise ProcessError(f"expected JSON as the last line of output, got {lines[-1][:80]!r}; print(json.dumps(...)) at the end") from None

    @property
    def text(self):
        """What the process printed and complained of."""
        return "\n".join(part.rstrip() for part in (self.said, self.complained) if part.strip()) or f"(nothing said, status {self.status})"

    @property
    def data(self):
        """The outcome for the status page."""
        return {"kind": "process", "status": self.status, "error": self.error}


def run_python(lines, env=None, executable=None, arguments=(), limit_s=300):
    """Run lines of Python in a process of their own.

    Parameters
    ----------
    lines : str
        Code; empty where `arguments` say what to do.
    env : dict of str to str or None, optional
        Variables that differ from this process's; None takes one away.
    executable : path, optional
        Another Python, of another environment. It does not see this one's packages.
    arguments : sequence of str, optional
        In place of lines, such as ("-m", "pip", "--version").
    limit_s : float

    Returns
    -------
    Outcome

    Raises
    ------
    ProcessError
        It did not end within `limit_s` seconds.
    """
    variables = {**os.environ, "PYTHONWARNINGS": "ignore:No ccache found"}
    if executable is None:
        variables["PYTHONPATH"] = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    else:
        variables.pop("PYTHONPATH", None)
        variables["PYTHONSAFEPATH"] = "1"           # nor what lies in this folder
    for name, value in (env or {}).items():
        variables.pop(name, None)
        if value is not None:
            variables[name] = value
    command = [str(executable or sys.executable), *(arguments or ("-c", lines))]
    start = time.perf_counter()
    try:
        done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=limit_s)
    except subprocess.TimeoutExpired:
        raise ProcessError(f"the lines did not end within {limit_s:g} s") from None
    return Outcome(done.returncode, done.stdout, done.stderr, time.perf_counter() - start)

"""The grader's side of the warm worker: start it once, ask it for a process for each submission.

Only where the grader is root: a user may not make namespaces inside of namespaces. Elsewhere, and
when the warm worker has
died, every submission gets a process that imports for itself; the grades are the same.
"""

import array
import contextlib
import json
import os
import select
import signal
import socket
import struct
import subprocess
import threading
import time

from labs.grading import memory_of, sandbox
from labs.grading.cold import environment

READY_S = 180  # to import both frameworks on a busy machine
ANSWER_S = 30
GONE_S = 10


class PoolError(RuntimeError):
    """The warm worker is not there, or no more."""


class Child:
    """A submission's process in the warm worker.

    Attributes
    ----------
    pid : int
        Of its supervisor; the process and all that it started are below it.
    """

    def __init__(self, pid: int, lifeline: socket.socket):
        self.pid, self.lifeline, self.status = pid, lifeline, None

    def wait(self, timeout: float = ANSWER_S):
        """The exit status, as `subprocess` has it.

        Raises
        ------
        subprocess.TimeoutExpired
        """
        if self.status is None:
            if not select.select([self.lifeline], [], [], timeout)[0]:
                raise subprocess.TimeoutExpired("a warm worker's child", timeout)
            self.status = int(self.lifeline.recv(64) or b"-9")
        return self.status

    def end(self):
        """Kill it and everything that it started, and wait until they are gone."""
        inside = memory_of.children(self.pid)
        for pid in inside:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.lifeline.close()
        ends = time.monotonic() + GONE_S
        while any(map(memory_of.is_there, [self.pid, *inside])) and time.monotonic() < ends:
            time.sleep(0.002)


_shared, _sharing = {}, threading.Lock()


def shared(frameworks=()):
    """This process's own warm worker, started when it is first asked for; None where there can be
    none. For a process that grades what comes, such as a worker of Dask: it ends with the process.
    """
    if not sandbox.as_root():
        return None
    key = tuple(frameworks)
    with _sharing:
        known = _shared.get(key)
        if known is None or known.process.poll() is not None:
            try:
                _shared[key] = Pool(key).__enter__()
            except PoolError:
                return None
        return _shared[key]


class Pool:
    """The warm worker, for all slots; a context.

    Parameters
    ----------
    frameworks : sequence of str
        Of "torch" and "paddle", what is imported.
    """

    def __init__(self, frameworks=()):
        self.frameworks, self.lock = list(frameworks), threading.Lock()
        self.process = self.control = None

    def __enter__(self):
        """Start it, and wait until it has imported.

        Raises
        ------
        PoolError
        """
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        arguments = sandbox.arguments()
        inner = [*sandbox.interpreter(), f"{sandbox.INSIDE}/grading/warm.py", str(theirs.fileno())]
        try:
            self.process = subprocess.Popen(
                ["bwrap", "--args", str(arguments), *inner, *self.frameworks],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=(arguments, theirs.fileno()),
                env=environment(),
                start_new_session=True,
            )
        except OSError as error:
            raise PoolError(f"the warm worker could not be started: {error}") from None
        finally:
            os.close(arguments)
            theirs.close()
        ready = select.select([self.control], [], [], READY_S)[0]
        if not ready or self.control.recv(16) != b"ready":
            self.close()
            said = self.process.stderr.read().decode(errors="replace").strip()
            raise PoolError(f"the warm worker did not start: {said[-500:]}")
        return self

    def __exit__(self, *error):
        self.close()

    def close(self):
        """End it, and all that it started."""
        self.control.close()
        for pid in memory_of.children(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.kill()
        self.process.wait()

    def start(self, facts: dict, into: int, out: int, said: int) -> Child:
        """Fork a process for a submission.

        Raises
        ------
        PoolError
        """
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        fds = array.array("i", [into, out, said, theirs.fileno()])
        try:
            with self.lock:
                rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)]
                self.control.sendmsg([json.dumps(facts).encode()], rights)
            theirs.close()
            if not select.select([ours], [], [], ANSWER_S)[0]:
                raise PoolError(f"the warm worker did not answer within {ANSWER_S} s")
            size = struct.calcsize("3i")
            data, ancillary, _, _ = ours.recvmsg(16, socket.CMSG_SPACE(size))
            # the kernel translates the sender's number into one of our own namespace
            pids = [struct.unpack("3i", each[:size])[0] for *_, each in ancillary]
            if data != b"here" or not pids or not pids[0]:
                raise PoolError("the warm worker could not make namespaces for a submission")
        except OSError as error:
            ours.close()
            raise PoolError(f"the warm worker has ended: {error}") from None
        except PoolError:
            ours.close()
            raise
        finally:
            theirs.close()
        return Child(pids[0], ours)

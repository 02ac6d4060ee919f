"""Quiet for timings: while one kernel measures how long something takes, the other kernels of this build stand still.

`labs.timing.alone` asks for it through a Unix socket, whose path the kernels find in LABS_QUIET. The connection stays
open for as long as the timing lasts, so a kernel that dies in the middle of one gives the others free by itself; and
the kernel that measures knows whom it stopped, so that it can wake them should this process be gone.
"""
import contextlib
import os
import signal
import socket
import tempfile
import threading
from pathlib import Path

import psutil

START_S = 60.0          # a kernel takes seconds to start; after this a timing no longer waits for it


def family(pid):
    """A process and all below it, those that are gone left out."""
    try:
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def send(pid, number):
    """Send a signal to a process and all below it; return the ids that got it.

    The process itself comes first, and is asked for its children afterwards: stopped, it can make no more of them.
    """
    got = []
    for _ in range(2):
        for process in family(pid):
            if process.pid not in got:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, number)
                    got.append(process.pid)
    return got


class Quiet:
    """Stops and wakes the kernels of one build; a context manager.

    Attributes
    ----------
    address : str
        Path of the socket, for LABS_QUIET.
    """

    def __init__(self):
        self.kernels, self.starting, self.measuring = set(), 0, []
        self.changed = threading.Condition()
        self.folder = tempfile.TemporaryDirectory(prefix="parity-quiet-")
        self.address = str(Path(self.folder.name) / "socket")
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(self.address)
        self.socket.listen()

    def __enter__(self):
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.socket.close()
        with self.changed:
            for pid in self.kernels:
                send(pid, signal.SIGCONT)
        self.folder.cleanup()

    @contextlib.contextmanager
    def kernel(self):
        """One kernel's life: gives a function to call with its process id once it runs. It does not start into a timing."""
        with self.changed:
            self.changed.wait_for(lambda: not self.measuring)
            self.starting += 1
        began = []

        def runs(pid):
            with self.changed:
                began.append(pid)
                self.kernels.add(pid)
                self.starting -= 1
                self.changed.notify_all()
        try:
            yield runs
        finally:
            with self.changed:
                for pid in began:
                    self.kernels.discard(pid)
                    send(pid, signal.SIGCONT)
                if not began:
                    self.starting -= 1
                self.changed.notify_all()

    def _listen(self):
        while True:
            try:
                asked, _ = self.socket.accept()
            except OSError:                         # closed: the build is over
                return
            threading.Thread(target=self._serve, args=(asked,), daemon=True).start()

    def _serve(self, asked):
        """One timing, from "may I" to the end of the connection."""
        with asked, contextlib.suppress(OSError, ValueError):
            who = {process.pid for pid in [int(asked.recv(64))] for process in
                   [psutil.Process(pid), *psutil.Process(pid).parents()]}
            with self.changed:
                self.changed.wait_for(lambda: self.starting == 0, START_S)
                self.measuring.append(who)
                stopped = [pid for kernel in self.kernels - who for pid in send(kernel, signal.SIGSTOP)]
            try:
                asked.sendall(" ".join(map(str, ["quiet", *stopped])).encode() + b"\n")
                asked.recv(64)                      # "done", or nothing where the other end is gone
            finally:
                with self.changed:
                    self.measuring.remove(who)
                    if not self.measuring:
                        for kernel in self.kernels:
                            send(kernel, signal.SIGCONT)
                    self.changed.notify_all()
            asked.sendall(b"done\n")

"""What notebooks take while they run: their memory, their processor seconds, and whether there is room for one more."""
import contextlib
import re
import threading
from pathlib import Path

import psutil


class Room:
    """Room in memory: a run begins when it fits beside those that run, or when none does."""

    def __init__(self, megabytes, share=0.85):
        self.most, self.taken, self.changed = share * megabytes, [], threading.Condition()

    @contextlib.contextmanager
    def of(self, megabytes):
        """Wait for room, and hold it."""
        with self.changed:
            self.changed.wait_for(lambda: not self.taken or sum(self.taken) + megabytes <= self.most)
            self.taken.append(megabytes)
        try:
            yield
        finally:
            with self.changed:
                self.taken.remove(megabytes)
                self.changed.notify_all()


class Watch(threading.Thread):
    """Watch a process: its largest memory, and the processor seconds that it and its children have taken.

    Asking once at the end would not do: labs.timing resets the kernel's own mark of its memory, and a child may be gone.
    Processor seconds hardly depend on what else the machine does; two chapters that run side by side, and wait for each
    other's timings, are held to their budgets by them.
    """

    def __init__(self, pid, every_s=0.25):
        super().__init__(daemon=True)
        self.process, self.every_s, self.megabytes, self.ended = psutil.Process(pid), every_s, 0.0, threading.Event()
        self.taken = {}

    @property
    def seconds(self):
        """Processor seconds so far."""
        return sum(self.taken.values())

    def look(self):
        for process in (self.process, *self.process.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess):
                self.taken[process.pid] = sum(process.cpu_times()[:2])          # user and system
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text()
            now = int(re.search(r"VmHWM:\s+(\d+)", status).group(1)) / 1024
        except (OSError, AttributeError):                   # not Linux, or the process is gone
            now = self.process.memory_info().rss / 1e6
        self.megabytes = max(self.megabytes, now)

    def run(self):
        while not self.ended.wait(self.every_s):
            try:
                self.look()
            except psutil.Error:
                return

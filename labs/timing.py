"""Timing of two sides that have been proven equal: in turn, alone on the machine, with an interval.

A speed is compared only after a ladder or an equality check is green. The two are called
A B, B A, A B ...; each pair gives a ratio, and the median of the ratios stands with the
interval of its order statistics, which assumes nothing about how times are distributed.
"""
import contextlib
import gc
import math
import os
import signal
import socket
import statistics
import sys
import tempfile
import time
from pathlib import Path

from labs import outputs, progress, tables
from labs.memory import Peak, give_back

__all__ = ["Paired", "TimingError", "alone", "interval", "paired", "synchronise"]

LOCK = "parity-course-timing.lock"
SETTINGS = ("OMP_NUM_THREADS", "OMP_WAIT_POLICY", "MKL_DEBUG_CPU_TYPE")


class TimingError(RuntimeError):
    """A comparison that would not be fair: nothing proven, or different devices."""


@contextlib.contextmanager
def alone(wait=600.0):
    """Hold the machine's one timing lock: two notebooks never time at once.

    Where a build executes several notebooks, the others stand still meanwhile.

    Parameters
    ----------
    wait : float
        Seconds to wait for another notebook to finish.

    Raises
    ------
    TimingError
        The other one did not finish in time.
    """
    from filelock import FileLock, Timeout
    path = Path(tempfile.gettempdir()) / LOCK
    lock = FileLock(path, mode=0o666, is_singleton=True)
    try:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            with progress.waiting("Another notebook is timing on this machine: waiting for it."):
                lock.acquire(timeout=wait)
    except Timeout:
        raise TimingError(f"another process has been timing on this machine for {wait:g} s (lock: {path}): "
                          "let it finish or stop it, then run this cell again") from None
    except PermissionError:
        print(f"Note: the lock {path} belongs to another user, so somebody else may be timing at the same time.")
        yield
        return
    try:
        with _others_stopped():
            yield
    finally:
        lock.release()


@contextlib.contextmanager
def _others_stopped():
    """Have the build stop the other notebooks that it runs (book/make/quiet.py); without a build there are none."""
    address = os.environ.get("LABS_QUIET")
    if not address:
        yield
        return
    stopped = []
    with socket.socket(socket.AF_UNIX) as asked:
        try:
            asked.settimeout(120)
            asked.connect(address)
            asked.sendall(f"{os.getpid()}\n".encode())
            with asked.makefile("r") as answer:
                stopped = [int(word) for word in answer.readline().split()[1:]]
        except OSError:
            pass                        # that build is over: nothing of it is left to stop
        try:
            yield
        finally:
            try:
                asked.sendall(b"done\n")
                gone = not asked.recv(64)
            except OSError:
                gone = True
            for pid in stopped if gone else ():         # the build ended in between: who stopped them wakes them
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, signal.SIGCONT)


def synchronise():
    """Wait until GPUs have finished what was asked of them; a processor has when a call returns."""
    torch, paddle = _gpu_of("torch"), _gpu_of("paddle")
    if torch is not None:
        torch.cuda.synchronize()
    if paddle is not None:
        paddle.device.synchronize()


def _gpu_of(framework):
    """Return the framework if it is loaded and uses a GPU, else None; imports nothing."""
    module = sys.modules.get(framework)
    if framework == "torch" and module is not None and module.cuda.is_available() and module.cuda.is_initialized():
        return module
    if framework == "paddle" and module is not None and module.is_compiled_with_cuda() and module.get_device() != "cpu":
        return module
    return None


def interval(ratios):
    """Return (low, high, coverage) of a distribution-free interval for the median.

    The k-th least and the k-th greatest value, with k as large as keeps the coverage at 95 %
    or more: 1 - 2 P(Binomial(n, 1/2) < k).

    Raises
    ------
    ValueError
        Fewer than 6 ratios, of which no interval reaches 95 %.
    """
    n, values = len(ratios), sorted(ratios)
    if n < 6:
        raise ValueError(f"expected at least 6 pairs, with fewer no interval covers 95 %, got {n}")

    def coverage(k):
        return 1 - 2 * sum(math.comb(n, i) for i in range(k)) / 2 ** n

    k = max(k for k in range(1, n // 2 + 1) if coverage(k) >= 0.95)
    return values[k - 1], values[n - k], coverage(k)


class Paired(outputs.ShownAsTable):
    """What `paired` returns.

    Attributes
    ----------
    names, devices : tuple of str
    seconds : tuple of two lists of float
        Each call's time, without the warm-up.
    first_seconds : tuple of float
        The very first call of each side.
    memory : tuple of int
        Most bytes that a call needed above what was held when it began, the first call included.
    memory_note : str or None
    ratio : float or None
        Median of first / second, pair by pair; None where devices differ.
    interval : (float, float) or None
    coverage : float or None
    """

    def __init__(self, names, devices, seconds, first_seconds, memory, memory_note, settings):
        self.names, self.devices, self.seconds = tuple(names), tuple(devices), tuple(seconds)
        self.first_seconds, self.memory, self.memory_note, self.settings = tuple(first_seconds), tuple(memory), memory_note, settings
        self.ratio = self.interval = self.coverage = None
        if self.compared:
            ratios = [a / b for a, b in zip(*self.seconds, strict=True)]
            low, high, self.coverage = interval(ratios)
            self.ratio, self.interval = statistics.median(ratios), (low, high)

    @property
    def compared(self):
        """False where one side is on a processor and the other on a GPU."""
        return len({place == "cpu" for place in self.devices if place is not None}) < 2

    @property
    def words(self):
        """The finding in a sentence."""
        if not self.compared:
            return f"not compared: {self.names[0]} is on {self.devices[0]}, {self.names[1]} on {self.devices[1]}"
        ratio, (low, high), (slow, fast) = self.ratio, self.interval, self.names
        if low <= 1 <= high:
            return f"no difference beyond the noise: {slow} / {fast} = {ratio:.2f} [{low:.2f}, {high:.2f}]"
        if ratio < 1:
            ratio, low, high, slow, fast = 1 / ratio, 1 / high, 1 / low, fast, slow
        return f"{slow} takes {ratio:.2f} times as long as {fast} [{low:.2f}, {high:.2f}]"

    def check(self):
        """Return the result if the sides were compared; raise TimingError if their devices differ."""
        if not self.compared:
            raise TimingError(f"{self.words}. For a fair comparison put both on one kind of device: LABS_DEVICE=cpu, "
                              "and restart the kernel")
        return self

    @property
    def table(self):
        rows = []
        for i, name in enumerate(self.names):
            rows.append({"side": name, "device": self.devices[i] or "not stated", "median of calls, ms": 1e3 * statistics.median(self.seconds[i]),
                         "first call, ms": 1e3 * self.first_seconds[i], "peak memory, MB": self.memory[i] / 1e6})
        used = "; ".join(f"{name}={value}" for name, value in self.settings.items() if value is not None)
        caption = f"{self.words}. {len(self.seconds[0])} pairs, in turn" + (f"; {used}" if used else "")
        if self.memory_note:
            caption += f"; peak memory: {self.memory_note}"
        return tables.table(rows, caption[0].upper() + caption[1:], formats={"peak memory, MB": "{:.1f}"})

    @property
    def data(self):
        return {"kind": "timing", "names": self.names, "devices": self.devices, "compared": self.compared, "words": self.words,
                "ratio": self.ratio, "interval": self.interval, "coverage": self.coverage, "pairs": len(self.seconds[0]),
                "seconds": self.seconds, "first_seconds": self.first_seconds, "memory": self.memory,
                "memory_note": self.memory_note, "settings": self.settings}


def paired(first, second, proof=None, names=("Paddle", "PyTorch"), pairs=15, warmup=3, devices=None,
           wait_for_gpu=synchronise, clock=time.perf_counter):
    """Time two callables against each other, in turn.

    Parameters
    ----------
    first, second : callable without arguments
        Each does one whole piece of the same work, such as a training step.
    proof : Ladder or Equality
        Anything with `.green` and `.check()`; red or missing raises.
    names : (str, str)
    pairs : int
        At least 6.
    warmup : int
        Calls of each side before anything counts, at least 1; the first of them is reported.
    devices : (str, str), optional
        Where each side computes; default what `labs.device` says of a side whose name holds Paddle or Torch.
    wait_for_gpu : callable, optional
        Called before the clock is read.
    clock : callable, optional

    Returns
    -------
    Paired

    Raises
    ------
    TimingError
        Nothing is proven.
    ValueError
        Too few pairs or warm-up calls.
    """
    _require_proof(proof)
    if pairs < 6 or warmup < 1:
        raise ValueError(f"expected at least 6 pairs and 1 call to warm up, got pairs={pairs}, warmup={warmup}")
    places = tuple(devices) if devices is not None else tuple(map(_device_of, names))
    if len(places) != 2 or len(names) != 2:
        raise ValueError(f"expected two names and two devices, got names={names!r}, devices={devices!r}")
    calls, seconds, memory, notes = (first, second), ([], []), [0, 0], set()

    def timed(side):
        with Peak(_framework_on_gpu(names[side], places[side])) as peak:
            collecting = gc.isenabled()
            gc.disable()
            try:
                wait_for_gpu()
                start = clock()
                calls[side]()
                wait_for_gpu()
                took = clock() - start
            finally:
                if collecting:
                    gc.enable()
        memory[side] = max(memory[side], peak.bytes)
        notes.add(peak.note)
        return took

    def first_time(side):
        give_back()             # else the call takes what an earlier one left, and its peak reads zero
        return timed(side)

    with alone():
        firsts = first_time(0), first_time(1)
        for _ in range(warmup - 1):
            timed(0), timed(1)
        for pair in range(pairs):
            for side in ((0, 1), (1, 0))[pair % 2]:
                seconds[side].append(timed(side))
    settings = {name: os.environ.get(name) for name in SETTINGS}
    return Paired(names, places, seconds, firsts, memory, "; ".join(sorted(notes - {None})) or None, settings)


def _require_proof(proof):
    if not hasattr(proof, "green") or not hasattr(proof, "check"):
        raise TimingError(f"prove equality first: expected proof=, a ladder or an equality check that is green, got {proof!r}. "
                          "Two programs that compute different things have no common speed")
    if not proof.green:
        try:
            proof.check()
        except Exception as error:
            raise TimingError(f"prove equality first: the proof is red. {error}") from error
        raise TimingError("prove equality first: the proof is red")


def _device_of(name):
    """Ask labs.device where a side computes, if its name says which framework it is and that one is loaded."""
    from labs import device
    for framework, place in (("paddle", device.paddle), ("torch", device.torch)):
        if framework in name.lower() and framework in sys.modules:
            return place()
    return None


def _framework_on_gpu(name, place):
    """Return the framework whose allocator counts a side's memory; None on a processor."""
    if place in (None, "cpu"):
        return None
    return next((_gpu_of(framework) for framework in ("paddle", "torch") if framework in name.lower()), None)

"""The most memory that a call needed, above what the process held when it began."""
import gc
import sys

CLEAR, STATUS = "/proc/self/clear_refs", "/proc/self/status"
HIGHEST = "the process's highest so far: this system cannot start the count anew"


def _status(field):
    with open(STATUS, encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
    raise OSError(f"{STATUS} has no {field}")


class Peak:
    """Measure a `with` block: `.bytes` above the start, `.note` where it means something else.

    Linux resets its own high-water mark (VmHWM) and reads it again. On a GPU, give the
    framework: its allocator counts what the call allocated there. Elsewhere the operating
    system only knows the highest of the whole process; `.note` says so.

    Parameters
    ----------
    framework : module, optional
        torch or paddle, when the call runs on a GPU.
    """

    def __init__(self, framework=None):
        self._gpu = self.bytes = self.note = None
        if framework is not None:
            self._gpu = framework.cuda if framework.__name__ == "torch" else framework.device.cuda
            self.note = "of GPU memory where a side is on a GPU"

    def __enter__(self):
        if self._gpu is not None:
            self._gpu.synchronize()
            reset = getattr(self._gpu, "reset_peak_memory_stats", None) or self._gpu.reset_max_memory_allocated
            reset()
            self._start = self._gpu.memory_allocated()
            return self
        try:
            with open(CLEAR, "w", encoding="ascii") as file:
                file.write("5")
            self._start = _status("VmRSS")
        except OSError:
            self._start, self.note = None, HIGHEST
        return self

    def __exit__(self, *error):
        if self._gpu is not None:
            self.bytes = max(0, self._gpu.max_memory_allocated() - self._start)
        elif self._start is not None:
            self.bytes = max(0, _status("VmHWM") - self._start)
        else:
            import resource
            self.bytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def give_back():
    """Collect what nothing refers to any more, and hand freed memory back to the system where it can be (glibc).

    After a large model is deleted, the C library keeps its memory for later; the next model then comes on top.
    """
    gc.collect()
    try:
        import ctypes
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError, TypeError):        # another C library: it does as it likes
        return

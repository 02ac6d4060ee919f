"""The one place that chooses devices and sets the environment in which comparing is fair.

`prepare()` stands in the first cell, before a framework is imported. `torch()` and `paddle()`
then say where each framework computes, each by itself: in Colab with a GPU, Paddle may sit
on the processor beside PyTorch on CUDA. The environment variable LABS_DEVICE chooses:

    auto                    each framework its best (the default)
    cpu, cuda               both the same
    torch=cuda,paddle=cpu   each its own
"""
import contextlib
import difflib
import importlib
import importlib.util
import io
import logging
import os
import platform
import sys
import warnings

from labs import outputs, tables

FRAMEWORKS = {"torch": "PyTorch", "paddle": "PaddlePaddle"}
CHOICES = ("auto", "cpu", "cuda")
_LATE = {}          # framework -> variables that were set after it was imported


class DeviceError(RuntimeError):
    """LABS_DEVICE or LABS_THREADS asks for what is not there, or a framework is missing."""


class Report(outputs.Shown):
    """What `prepare` and `describe` return: `.rows`, and for `prepare` `.late`; a notebook shows it by itself."""

    def __init__(self, caption, rows, late=()):
        self.caption, self.rows, self.late = caption, rows, tuple(late)

    @property
    def text(self):
        """The report in plain text."""
        return "\n".join([tables.table(self.rows, self.caption).text, *map(_too_late, self.late)])

    @property
    def html(self):
        """The report for a page."""
        warned = "".join(f'<p class="labs-warning"><strong>{_too_late(name)}</strong></p>' for name in self.late)
        return tables.table(self.rows, self.caption).html + warned

    @property
    def data(self):
        """The report for the status page."""
        return {"kind": "device", "what": self.caption, "rows": self.rows, "late": list(self.late)}


def _too_late(name):
    return (f"Too late for {FRAMEWORKS[name]}, which was imported before: {', '.join(sorted(_LATE[name]))} "
            "will not reach it. Restart the kernel and run this cell first.")


def prepare(threads=None):
    """Set the environment that both frameworks read when they are imported.

    OMP_NUM_THREADS is `threads`, else LABS_THREADS, else what it is already, else the number
    of physical cores that this process may use. OMP_WAIT_POLICY becomes PASSIVE, because
    PyTorch's waiting threads otherwise hold the cores that Paddle needs. On an AMD processor
    MKL_DEBUG_CPU_TYPE becomes 5, without which Paddle's matrix products take a slow path;
    it changes the rounding of float32. What the reader has set is kept.

    Parameters
    ----------
    threads : int, optional

    Returns
    -------
    Report
        What was set, what was kept, and for which framework it came too late.

    Raises
    ------
    DeviceError
        The number of threads is not a whole number of at least 1.
    """
    warnings.filterwarnings("ignore", message="No ccache found")    # Paddle's import; nothing here compiles
    _keep_log_level()
    warnings.filterwarnings("ignore", message="IProgress not found")    # tqdm's, on import of other libraries: its bar is text then
    warnings.filterwarnings("ignore", message="When training, we now always track")     # of each BatchNorm, in each step
    imported = [name for name in FRAMEWORKS if name in sys.modules]
    value, why = _threads(threads)
    wanted = [("OMP_NUM_THREADS", value, why),
              ("OMP_WAIT_POLICY", "PASSIVE", "waiting threads give their core to the other framework")]
    if _vendor() == "AMD":
        wanted.append(("MKL_DEBUG_CPU_TYPE", "5", "Paddle's matrix products on AMD: much faster; changes float32 rounding"))
    rows = []
    for name, value, why in wanted:
        before = os.environ.get(name)
        if before is not None and (before == value or name != "OMP_NUM_THREADS"):
            rows.append({"variable": name, "value": before, "state": "kept",
                         "why": why if before == value else "it was set before"})
            continue
        os.environ[name] = value
        for framework in imported:
            _LATE.setdefault(framework, set()).add(name)
        rows.append({"variable": name, "value": value, "state": "set" if before is None else f"set, was {before}", "why": why})
    for name, title in FRAMEWORKS.items():
        if name not in sys.modules and importlib.util.find_spec(name) is None:
            rows.append({"variable": title, "value": "–", "state": "not installed",
                         "why": f"its cells will fail; `python -m labs doctor` says how to get {title}"})
    return Report("The environment of this notebook", rows, [name for name in FRAMEWORKS if name in _LATE])


def _threads(given):
    """Return the number of threads as text, and the reason."""
    for value, source in ((given, "threads="), (os.environ.get("LABS_THREADS") or None, "LABS_THREADS")):
        if value is not None:
            if isinstance(value, bool) or not str(value).isascii() or not str(value).isdigit() or int(value) < 1:
                raise DeviceError(f"{source}: expected a whole number of at least 1, got {value!r}")
            return str(int(value)), f"asked for by {source.rstrip('=')}"
    if os.environ.get("OMP_NUM_THREADS"):
        return os.environ["OMP_NUM_THREADS"], "it was set before"
    return str(cores()), "one a physical core"


def cores():
    """Count the physical cores that this process may use: fewer than the machine's in a container."""
    import psutil
    counts = [psutil.cpu_count(logical=False), os.cpu_count()]
    if hasattr(os, "sched_getaffinity"):
        counts.append(len(os.sched_getaffinity(0)))
    with contextlib.suppress(OSError, ValueError):
        with open("/sys/fs/cgroup/cpu.max", encoding="ascii") as file:
            quota, period = file.read().split()
        counts.append(max(1, round(int(quota) / int(period))))      # "max" raises ValueError: no limit
    return max(1, min(count for count in counts if count))


def _cpuinfo(field):
    with contextlib.suppress(OSError):
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            for line in file:
                key, _, value = line.partition(":")
                if key.strip() == field:
                    return value.strip()
    return ""


def _vendor():
    known = {"AuthenticAMD": "AMD", "GenuineIntel": "Intel"}
    return known.get(_cpuinfo("vendor_id") or platform.processor().rpartition(" ")[2], "other")


def processor():
    """Name the processor, as the system does."""
    return _cpuinfo("model name") or platform.processor() or platform.machine()


def choice(framework):
    """Return what LABS_DEVICE wants for "torch" or "paddle": "auto", "cpu" or "cuda".

    Raises
    ------
    DeviceError
        LABS_DEVICE cannot be read.
    """
    text = os.environ.get("LABS_DEVICE", "").strip() or "auto"
    if "=" not in text:
        return _one_of(text, CHOICES, text)
    chosen = {}
    for part in text.split(","):
        name, _, value = (piece.strip() for piece in part.partition("="))
        name = _one_of(name, tuple(FRAMEWORKS), text)
        if name in chosen:
            raise DeviceError(f"LABS_DEVICE={text!r} names {name} twice")
        chosen[name] = _one_of(value, CHOICES, text)
    return chosen.get(framework, "auto")


def _one_of(value, allowed, text):
    if value in allowed:
        return value
    near = difflib.get_close_matches(value, allowed, 1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise DeviceError(f"LABS_DEVICE={text!r}: expected one of {', '.join(allowed)}, got {value!r}.{hint} "
                      "Examples: auto, cpu, cuda, torch=cuda,paddle=cpu")


def _keep_log_level():
    """Importing Paddle calls logging.basicConfig(level=INFO), and every library would then log onto the page.

    basicConfig does nothing where the root logger has a handler, so it gets one first, at its own level; where Paddle
    was imported before, its level is taken back.
    """
    root = logging.getLogger()
    if "paddle" in sys.modules and root.level == logging.INFO:
        root.setLevel(logging.WARNING)
    if not root.handlers:
        logging.basicConfig()


def _framework(name):
    """Import a framework when it is needed, and say what to do where it is missing."""
    warnings.filterwarnings("ignore", message="No ccache found")
    _keep_log_level()
    said = io.StringIO()
    try:
        with contextlib.redirect_stderr(said):
            return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise DeviceError(f"{FRAMEWORKS[name]} is not installed here; `python -m labs doctor` says how to get it") from None
    finally:                # Paddle warns of more than one thread, which concerns a build without MKL
        sys.stderr.write("".join(line for line in said.getvalue().splitlines(True) if "OMP_NUM_THREADS" not in line))


def _place(name, has_gpu, why_not):
    chosen = choice(name)
    if chosen == "cuda" and not has_gpu:
        raise DeviceError(f"LABS_DEVICE={os.environ['LABS_DEVICE']!r} wants CUDA for {FRAMEWORKS[name]}, but {why_not}. "
                          f"Here {FRAMEWORKS[name]} has: cpu. Choose LABS_DEVICE=auto: each framework takes the best that it has")
    return "gpu" if has_gpu and chosen != "cpu" else "cpu"


def torch():
    """Return where PyTorch computes: "cpu" or "cuda".

    Raises
    ------
    DeviceError
        LABS_DEVICE asks for CUDA and there is none, or PyTorch is missing.
    """
    framework = _framework("torch")
    why_not = ("this build of it is for processors only" if framework.version.cuda is None
               else "it finds no GPU (torch.cuda.is_available() is False)")
    return "cuda" if _place("torch", framework.cuda.is_available(), why_not) == "gpu" else "cpu"


def paddle():
    """Return where Paddle computes, "cpu" or "gpu:0", and make it Paddle's current device.

    Raises
    ------
    DeviceError
        LABS_DEVICE asks for CUDA and there is none, or Paddle is missing.
    """
    framework = _framework("paddle")
    compiled = framework.is_compiled_with_cuda()
    why_not = "it finds no GPU" if compiled else "this build of it is for processors only"
    has_gpu = compiled and framework.device.cuda.device_count() > 0
    place = "gpu:0" if _place("paddle", has_gpu, why_not) == "gpu" else "cpu"
    framework.set_device(place)
    return place


def same_kind():
    """Return whether both frameworks compute on the same kind of device, so that times can be compared."""
    return (torch() == "cpu") == (paddle() == "cpu")


def describe():
    """Report processor, threads and the device of each framework; imports those that are installed.

    Returns
    -------
    Report
    """
    rows = [{"what": "processor", "value": f"{processor()}, {cores()} cores for this process"},
            {"what": "threads", "value": os.environ.get("OMP_NUM_THREADS") or "not set: each framework its own choice"}]
    for name, place in (("torch", torch), ("paddle", paddle)):
        if importlib.util.find_spec(name) is None:
            rows.append({"what": FRAMEWORKS[name], "value": "not installed"})
            continue
        try:
            where = place()
            framework = sys.modules[name]
            if where != "cpu":
                gpu = framework.cuda if name == "torch" else framework.device.cuda
                where = f"{where} ({gpu.get_device_name(0)})"
            rows.append({"what": FRAMEWORKS[name], "value": f"{framework.__version__} on {where}"})
        except (DeviceError, ImportError, OSError) as error:
            rows.append({"what": FRAMEWORKS[name], "value": f"not usable: {error}"})
    return Report("Devices", rows)

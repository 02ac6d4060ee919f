"""What this machine can do at most: multiply matrices, read memory, start operations. Measured, and kept.

>>> from labs.limits import Limits, limits
>>> machine = Limits.load() or limits(seconds=2)       # what chapter 1 has saved, or a measurement now
"""
import datetime
import importlib.metadata
import importlib.util
import json
import os
import tempfile
import time
from functools import partial
from pathlib import Path

from labs import outputs, tables

BYTES = 1 << 28          # 256 MiB: more than the caches of most processors hold
SIZES, SIZES_GPU = (256, 512, 1024), (8192,)     # widths of the matrices: which is fastest hangs on the caches
COLUMNS = 4096           # of the matrix that a product with a vector reads
CALLS = 1000             # small operations that are timed together: the clock itself costs little then
REPEATS = 3              # measurements of each limit: the best counts, their range is shown
SETTINGS = ("OMP_NUM_THREADS", "OMP_WAIT_POLICY", "MKL_DEBUG_CPU_TYPE")


class LimitsError(RuntimeError):
    """Limits that cannot be kept, or were kept and cannot be read."""


class Limits(outputs.Shown):
    """What `limits` and `Limits.load` return: the machine's best, and each framework's own.

    Attributes
    ----------
    flops : dict of str to float
        FLOP/s of a float32 matrix product, by framework.
    bandwidth : dict of str to float
        Bytes read a second by the fastest of several programs, by framework.
    readers : dict of str to str
        Which program that was: "sum" or "matrix times vector".
    spread : dict of str to dict of str to (low, high)
        By "flops", "bandwidth" and "dispatch", then by framework: the best of each repeat, least and most.
    dispatch : dict of str to float
        Seconds for one operation on one number: what it costs to start anything.
    devices : dict of str to str
    threads : str
    conditions : dict of str to str
        Processor, cores, versions, devices, settings: where the numbers hold.
    date : str
        Day of the measurement (UTC), as 2026-11-22.
    """

    def __init__(self, flops, bandwidth, devices, threads, dispatch=None, conditions=None, date=None, readers=None, spread=None):
        self.flops, self.bandwidth, self.devices, self.threads = flops, bandwidth, devices, threads
        self.readers, self.spread = readers or {}, spread or {}
        self.dispatch, self.conditions = dispatch or {}, conditions
        self.date = date or datetime.datetime.now(datetime.timezone.utc).date().isoformat()

    def fraction(self, flops, seconds, of=None):
        """Return the share of the limit that `flops` floating-point operations in `seconds` reached.

        `of` names a framework, whose own product is then the limit; default the best of all.
        """
        return flops / seconds / self._limit(self.flops, of)

    def fraction_read(self, nbytes, seconds, of=None):
        """Return the share of the memory's limit that reading `nbytes` in `seconds` reached."""
        return nbytes / seconds / self._limit(self.bandwidth, of)

    @staticmethod
    def _limit(measured, of):
        if of is not None and of not in measured:
            raise KeyError(f"no limit was measured for {of!r}: here are {', '.join(measured)}")
        return max(measured.values()) if of is None else measured[of]

    def save(self, folder=None):
        """Keep these limits for later chapters.

        Where limits are kept already for the same conditions, the faster of the two counts, number
        by number: a machine that is busy with something else measures less than its limit, never more.

        Parameters
        ----------
        folder : path, optional
            Default: the cache of the course.

        Returns
        -------
        pathlib.Path
            The file: JSON, one for each set of conditions.

        Raises
        ------
        LimitsError
            Only a part was measured, or the folder cannot be written, or what is kept there cannot be read.
        """
        if self.conditions is None:
            raise LimitsError(f"only {', '.join(self.flops)} was measured; what is kept must hold all: call limits() without only=")
        path = _file(self.conditions, folder)
        record, earlier = {name: getattr(self, name) for name in FIELDS}, _read(path, self.conditions)
        if earlier is not None:
            record["readers"] = {each: earlier.readers.get(each, how) if earlier.bandwidth.get(each, 0) > self.bandwidth[each] else how
                                 for each, how in self.readers.items()}
            for name, better in (("flops", max), ("bandwidth", max), ("dispatch", min)):
                before, ranges = getattr(earlier, name), earlier.spread.get(name, {})
                record[name] = {each: better(value, before.get(each, value)) for each, value in record[name].items()}
                record["spread"] = record["spread"] | {name: {each: [min([*ends, *ranges.get(each, [])]), max([*ends, *ranges.get(each, [])])]
                                                              for each, ends in self.spread.get(name, {}).items()}}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, draft = tempfile.mkstemp(prefix=".limits-", dir=path.parent)
            with open(descriptor, "w", encoding="utf-8") as file:
                json.dump(record, file, indent=1)
            os.chmod(draft, 0o644)                  # mkstemp's own is for its user alone, and a class may share a cache
            os.replace(draft, path)                 # whole or not there, whoever else reads or writes
        except OSError as error:
            raise LimitsError(f"the limits cannot be written to {path} ({error.strerror}): "
                              "set LABS_CACHE to a folder that can be written") from error
        return path

    @classmethod
    def load(cls, folder=None):
        """Return the limits that were saved on this machine under the conditions of now.

        Parameters
        ----------
        folder : path, optional
            Default: the cache of the course.

        Returns
        -------
        Limits or None
            None where there are none: another machine, other threads, versions or devices, or never saved.

        Raises
        ------
        LimitsError
            The file is there and cannot be read.
        """
        now = conditions()
        return _read(_file(now, folder), now)

    @property
    def table(self):
        rows = [{"measured by": name, "device": self.devices[name],
                 "matrix product, GFLOP/s": self._shown("flops", name, 1e9, "{:.1f}"),
                 "reading memory, GB/s": self._shown("bandwidth", name, 1e9, "{:.1f}")}
                | ({"by": self.readers[name]} if self.readers else {})
                | ({"one small operation, µs": self._shown("dispatch", name, 1e-6, "{:.2f}")} if self.dispatch else {})
                for name in self.flops]
        repeats = "; in brackets the range of the repeats" if self.spread else ""
        return tables.table(rows, f"This machine's limits in float32 (threads: {self.threads}; {self.date}){repeats}")

    def _shown(self, kind, name, unit, form):
        """A number of the table, with its range where there is one."""
        ends = [form.format(end / unit) for end in self.spread.get(kind, {}).get(name, ())]
        return form.format(getattr(self, kind)[name] / unit) + (f" ({' to '.join(ends)})" if ends else "")

    @property
    def text(self):
        """The limits in plain text."""
        return self.table.text

    @property
    def html(self):
        """The limits for a page."""
        return self.table.html

    @property
    def data(self):
        """The limits for the status page."""
        return {"kind": "limits"} | {name: getattr(self, name) for name in FIELDS}


FIELDS = ("date", "conditions", "flops", "bandwidth", "dispatch", "devices", "threads", "readers", "spread")


def limits(seconds=1.0, only=None, repeats=REPEATS):
    """Measure the machine's limits as it is now configured, alone on the machine.

    NumPy and each framework that is installed multiply two square float32 matrices (256, 512 and
    1024 wide; 8192 on a GPU), read 256 MiB in two ways (a sum, and a matrix times a vector), and add one number
    to another, each as often as fits in its share of the time, and all of it `repeats` times; the fastest counts.

    Parameters
    ----------
    seconds : float
        For all of it, about.
    only : sequence of str, optional
        Of "NumPy", "Paddle", "PyTorch", those to measure. Such a part cannot be saved.
    repeats : int
        Measurements of each limit, at least one. Their range is the spread.

    Returns
    -------
    Limits
    """
    from labs import timing  # its lock and its synchronisation
    if not seconds > 0:
        raise ValueError(f"seconds: expected more than 0, got {seconds!r}")
    if isinstance(repeats, bool) or not isinstance(repeats, int) or repeats < 1:
        raise ValueError(f"repeats: expected a whole number from 1 on, got {repeats!r}")
    works = {"NumPy": _numpy}
    works |= {name: work for name, module, work in (("Paddle", "paddle", _paddle), ("PyTorch", "torch", _torch))
              if importlib.util.find_spec(module)}
    if only is not None:
        unknown = [name for name in only if name not in works]
        if unknown or not only:
            raise ValueError(f"only: expected some of {', '.join(works)}, got {only!r}")
        works = {name: works[name] for name in only}
    share = seconds / (4 * repeats * len(works))        # products, two readings, starts
    flops, bandwidth, dispatch, devices, readers = {}, {}, {}, {}, {}
    spread = {"flops": {}, "bandwidth": {}, "dispatch": {}}

    def repeated(call):
        """The least seconds of each repeat."""
        return [best(call, share, timing.synchronise, least=1) for _ in range(repeats)]
    with timing.alone():
        for name, work in works.items():
            devices[name], products, reading, small = work()
            found = [max(2 * size ** 3 / best(product, share / len(products), timing.synchronise, least=1)
                         for size, product in products.items()) for _ in range(repeats)]
            flops[name], spread["flops"][name] = max(found), [min(found), max(found)]
            rates = {how: [BYTES / took for took in repeated(read)] for how, read in reading.items()}
            readers[name] = max(rates, key=lambda how: max(rates[how]))     # noqa: B023
            bandwidth[name] = max(rates[readers[name]])
            spread["bandwidth"][name] = [min(rates[readers[name]]), bandwidth[name]]
            starts = [took / CALLS for took in repeated(lambda: [small() for _ in range(CALLS)])]   # noqa: B023
            dispatch[name], spread["dispatch"][name] = min(starts), [min(starts), max(starts)]
            del products, reading           # 256 MiB each
    return Limits(flops, bandwidth, devices, os.environ.get("OMP_NUM_THREADS") or "each library's own choice", dispatch,
                  conditions() if only is None else None, readers=readers, spread=spread)


def best(call, seconds, synchronise, clock=time.perf_counter, least=3):
    """Return the shortest time of `call`: once to warm up, then at least `least` times, for `seconds` in all."""
    call()
    synchronise()
    times, spent = [], 0.0
    while len(times) < least or spent < seconds:
        start = clock()
        call()
        synchronise()
        times.append(clock() - start)
        spent += times[-1]
    return min(times)


def conditions():
    """Return what decides the limits: processor, cores, threads, devices, versions and settings.

    Imports the frameworks that are installed.
    """
    from labs import device
    found = {row["what"]: row["value"] for row in device.describe().rows}
    found["NumPy"] = importlib.metadata.version("numpy")
    return found | {name: os.environ.get(name, "not set") for name in SETTINGS}


def _read(path, where):
    """The limits in a file, for these conditions; None where there is no file."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        found = Limits(**{name: record[name] for name in FIELDS if name in record or name not in ("readers", "spread")})
        if found.conditions != where or not all(value > 0 for part in (found.flops, found.bandwidth, found.dispatch) for value in part.values()):
            raise ValueError("its conditions or numbers are not those of a measurement here")
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise LimitsError(f"the limits kept in {path} cannot be read ({type(error).__name__}: {error}): remove the file and measure again") from error
    return found


def _file(where, folder):
    """The file for these conditions."""
    import hashlib

    from labs.data import cache
    name = hashlib.sha256(json.dumps(where, sort_keys=True).encode()).hexdigest()[:12]
    return Path(folder or cache.home()) / f"limits-{name}.json"


def _numpy():
    """Return the device, products of square matrices by width, readers of memory, and a small operation, to be called."""
    import numpy
    x, one = numpy.ones(BYTES // 4, "float32"), numpy.ones(1, "float32")
    matrix, vector = x.reshape(-1, COLUMNS), numpy.ones(COLUMNS, "float32")
    squares = {size: numpy.ones((size, size), "float32") for size in SIZES}
    products = {size: partial(numpy.matmul, a, a) for size, a in squares.items()}
    return "cpu", products, {"sum": x.sum, "matrix times vector": lambda: matrix @ vector}, lambda: one + one


def _paddle():
    from labs import device
    place = device.paddle()
    import paddle
    x, one = paddle.ones([BYTES // 4], "float32"), paddle.ones([1], "float32")
    matrix, vector = x.reshape([-1, COLUMNS]), paddle.ones([COLUMNS], "float32")
    squares = {size: paddle.ones([size, size], "float32") for size in (SIZES if place == "cpu" else SIZES_GPU)}
    products = {size: partial(paddle.matmul, a, a) for size, a in squares.items()}
    return place, products, {"sum": x.sum, "matrix times vector": lambda: paddle.mv(matrix, vector)}, lambda: one + one


def _torch():
    from labs import device
    place = device.torch()
    import torch
    x, one = torch.ones(BYTES // 4, device=place), torch.ones(1, device=place)
    matrix, vector = x.view(-1, COLUMNS), torch.ones(COLUMNS, device=place)
    squares = {size: torch.ones(size, size, device=place) for size in (SIZES if place == "cpu" else SIZES_GPU)}
    products = {size: partial(torch.matmul, a, a) for size, a in squares.items()}
    return place, products, {"sum": x.sum, "matrix times vector": lambda: matrix.mv(vector)}, lambda: one + one

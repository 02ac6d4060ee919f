"""What this machine can do at most, measured now: reading memory, and multiplying matrices."""
import importlib.util
import os
import time

from labs import outputs, tables

BYTES = 1 << 28          # 256 MiB: more than the caches of most processors hold
SIZE, SIZE_GPU = 1024, 8192


class Limits:
    """What `limits` returns: the machine's best, and each framework's own.

    Attributes
    ----------
    flops : dict of str to float
        FLOP/s of a float32 matrix product, by framework.
    bandwidth : dict of str to float
        Bytes read a second by a sum, by framework.
    threads : str
    """

    def __init__(self, flops, bandwidth, devices, threads):
        self.flops, self.bandwidth, self.devices, self.threads = flops, bandwidth, devices, threads

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

    @property
    def table(self):
        rows = [{"measured by": name, "device": self.devices[name], "matrix product, GFLOP/s": self.flops[name] / 1e9,
                 "reading memory, GB/s": self.bandwidth[name] / 1e9} for name in self.flops]
        numbers = {name: "{:.1f}" for name in list(rows[0])[2:]}
        return tables.table(rows, f"This machine's limits in float32 (threads: {self.threads})", formats=numbers)

    def __repr__(self):
        return self.table.text

    def _repr_mimebundle_(self, include=None, exclude=None):
        data = {"kind": "limits", "flops": self.flops, "bandwidth": self.bandwidth, "devices": self.devices, "threads": self.threads}
        return outputs.bundle(self.table.text, self.table.html, data)


def limits(seconds=1.0):
    """Measure the machine's limits as it is now configured, alone on the machine.

    NumPy and each framework that is installed multiply two square float32 matrices (1024 wide;
    8192 on a GPU) and sum 256 MiB, each as often as fits in its share of the time; the fastest counts.

    Parameters
    ----------
    seconds : float
        For all of it, about.

    Returns
    -------
    Limits
    """
    from labs import timing         # its lock and its synchronisation
    if not seconds > 0:
        raise ValueError(f"seconds: expected more than 0, got {seconds!r}")
    works = {"NumPy": _numpy}
    works |= {name: work for name, module, work in (("Paddle", "paddle", _paddle), ("PyTorch", "torch", _torch))
              if importlib.util.find_spec(module)}
    share = seconds / (2 * len(works))
    flops, bandwidth, devices = {}, {}, {}
    with timing.alone():
        for name, work in works.items():
            devices[name], size, product, total = work()
            flops[name] = 2 * size ** 3 / best(product, share, timing.synchronise)
            bandwidth[name] = BYTES / best(total, share, timing.synchronise)
            del product, total          # 256 MiB each
    return Limits(flops, bandwidth, devices,
                  os.environ.get("OMP_NUM_THREADS") or "each library's own choice")


def best(call, seconds, synchronise, clock=time.perf_counter):
    """Return the shortest time of `call`: once to warm up, then at least three times, for `seconds` in all."""
    call()
    synchronise()
    times, spent = [], 0.0
    while len(times) < 3 or spent < seconds:
        start = clock()
        call()
        synchronise()
        times.append(clock() - start)
        spent += times[-1]
    return min(times)


def _numpy():
    """Return the device, the size of the matrices, their product and the sum, ready to be called."""
    import numpy
    a, x = numpy.ones((SIZE, SIZE), "float32"), numpy.ones(BYTES // 4, "float32")
    return "cpu", SIZE, lambda: a @ a, x.sum


def _paddle():
    from labs import device
    place = device.paddle()
    import paddle
    size = SIZE if place == "cpu" else SIZE_GPU
    a, x = paddle.ones([size, size], "float32"), paddle.ones([BYTES // 4], "float32")
    return place, size, lambda: paddle.matmul(a, a), x.sum


def _torch():
    from labs import device
    place = device.torch()
    import torch
    size = SIZE if place == "cpu" else SIZE_GPU
    a, x = torch.ones(size, size, device=place), torch.ones(BYTES // 4, device=place)
    return place, size, lambda: a @ a, x.sum

"""Which processor computed: its model and its widest vector unit; what float32 gives depends on both."""
import platform
from dataclasses import dataclass
from pathlib import Path

UNITS = {"SSE4.2": "sse4_2", "AVX": "avx", "AVX2": "avx2", "AVX-512": "avx512f"}    # narrow to wide
CPUINFO = Path("/proc/cpuinfo")


@dataclass(frozen=True)
class Processor:
    """A processor, as a recording names it; never the machine's own name.

    Attributes
    ----------
    name : str
        The model: "AMD EPYC".
    unit : str
        The widest vector unit that Fluid can use: a key of UNITS, or "no vector unit".
    """

    name: str
    unit: str

    def __str__(self):
        return f"{self.name}, {self.unit}"

    def has(self, unit):
        """Has it this vector unit, or a wider one?

        Parameters
        ----------
        unit : {"SSE4.2", "AVX", "AVX2", "AVX-512"}
        """
        order = list(UNITS)
        if unit not in order:
            raise ValueError(f"expected a vector unit of {', '.join(order)}, got {unit!r}")
        return self.unit in order[order.index(unit):]


def named(text):
    """The processor that `str` wrote."""
    name, _, unit = text.rpartition(", ")
    return Processor(name, unit)


def here():
    """The processor of this machine, as Linux describes it; elsewhere the kind alone."""
    try:
        lines = CPUINFO.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    facts = {}
    for line in lines:
        what, _, value = line.partition(":")
        facts.setdefault(what.strip(), value.strip())
    flags = facts.get("flags", "").split()
    unit = [unit for unit, flag in UNITS.items() if flag in flags]
    name = facts.get("model name") or platform.processor() or platform.machine()
    return Processor(" ".join(name.split()), unit[-1] if unit else "no vector unit")

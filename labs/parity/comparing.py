"""Two records, or more, compared rung by rung.

float64 is the proof: every array agrees within TOLERANCE. float32 has no tolerance picked by hand: each side's error
against the float64 record is at most ALLOWED times the other's. Below a floor nothing is judged. It is a few ulp, and
where there are draws it is measured: how far the first side's own float32 run goes when its initial weights are moved
by a few ulp, because a ReLU that flips (some 30 of 26 million do in SE-ResNeXt-50) and an optimizer that divides by a
tiny gradient turn rounding into honest, larger differences. It is measured from the side's own unmoved float32 run,
not from float64: a mistake that is made in float32 alone, autocast say, stands in the draws and in that run alike. Both
sides draw, and the quieter one is the floor: a side that rounds to sixteen bits draws far apart. Where more than the first
batch decides, the second side draws only where the first one's floor makes a rung green that is red without it.
"""
import math
from dataclasses import dataclass

import numpy as np

from labs.parity.errors import ParityError
from labs.parity.records import ALSO, OPTIONAL, RUNGS, Record
from labs.parity.scale import scale
from labs.parity.sketches import level

TOLERANCE = 1e-12       # float64: about 4,500 ulp of 1, far above what is measured, far below any mistake
ALLOWED = 4.0           # float32: honest convolutions were measured up to 3.6 times apart
FLOOR_ULP = 8           # float32: below this, in ulp of the array's own size, errors are not told apart
EPSILON = float(np.finfo("float32").eps)


@dataclass(frozen=True)
class Rung:
    """One rung of one pair: what was promised, and how far apart the sides are."""
    name: str
    promise: str
    compared: int               # arrays compared
    error64: float              # worst float64 difference, relative to the array's size
    where64: str
    ratio32: float | None       # worst ratio of float32 errors, in units of the smaller one or the floor
    where32: str
    problem: str = ""           # a missing or misshapen array, in words
    floor32: float | None = None    # the largest float32 floor of the rung's arrays, relative to the array's size

    @property
    def green64(self) -> bool:
        return not self.problem and self.compared > 0 and self.error64 <= TOLERANCE

    @property
    def green32(self) -> bool:
        return not self.problem and self.compared > 0 and (self.ratio32 is None or self.ratio32 <= ALLOWED)

    @property
    def green(self) -> bool:
        return self.green64 and self.green32


@dataclass(frozen=True)
class Pair:
    """The climb of one side beside the first."""
    first: str
    second: str
    rungs: list

    @property
    def red(self) -> Rung | None:
        """The lowest rung that failed, or None."""
        return next((rung for rung in self.rungs if not rung.green), None)


def promise(name: str) -> str:
    """What a rung promises, in words."""
    return RUNGS.get(name) or f"{name.removeprefix(ALSO)} gives the same on all sides"


def compare(exact: tuple, single: tuple | None, yardstick: dict, names=None) -> Pair:
    """Compare two sides rung by rung.

    Parameters
    ----------
    exact : pair of Record
        Both sides in float64.
    single : pair of Record, or None
        Both sides in float32.
    yardstick : dict of str to pair of list of Record
        By rung: the first side again in float32, from weights moved by a few ulp; and the second side, or nothing.
    names : sequence of str, optional
        Which rungs; else the course's, and the further ones that both sides have.
    """
    further = [name for name in exact[0].rungs if name.startswith(ALSO) and (name in exact[1].rungs or not elsewhere(exact[1]))]
    names = [*RUNGS, *further] if names is None else names
    return Pair(exact[0].side, exact[1].side, [one_rung(name, exact, single, *yardstick.get(name, ())) for name in names])


def elsewhere(record) -> bool:
    """Was it computed where nobody looked at the layers: another process, a file?"""
    return record.traits is None


def one_rung(name: str, exact: tuple, single: tuple | None, draws: list = (), others: list = ()) -> Rung:
    """Compare two sides on one rung; `draws` of the first side, and of the other, measure the float32 floor.

    The other side's may be a function that makes them: it is called where the first side's floor alone makes the rung green.
    """
    records = exact + (single or ())
    given = [rung_of(record, name) for record in records]
    if name == "gradients":
        idle = set.intersection(*(set(record.unused) for record in exact))      # layers that neither side calls
        given = [{n: g for n, g in arrays.items() if n not in idle} for arrays in given]
    if any(elsewhere(record) for record in records):
        missing = {n for n in set().union(*given) if n.startswith(OPTIONAL) and any(n not in arrays for arrays in given)}
        given = [{n: a for n, a in arrays.items() if n not in missing} for arrays in given]
    problem = unmatched([record.side for record in records], given)
    shared = [n for n in given[0] if all(g.get(n) is not None and np.shape(g[n]) == np.shape(given[0][n]) for g in given)]
    if name == "parameters" and not problem:
        problem = other_traits(exact) or other_traits(single or exact)
    if name == "trainable" and not problem:
        problem = moved_by_one(records, given, shared)
    if not shared and not problem:
        problem = "nothing was compared"
    plain, drawn = given, [*draws, *([] if callable(others) else others)]
    given, moved = levelled(plain, [record.rungs[name] for record in drawn], shared)
    moved = moved[:len(draws)], moved[len(draws):]
    error64, where64 = worst64(given[0], given[1], shared)
    ratio32, where32, floor32 = None, "", None
    if single and name not in ("parameters", "trainable") and shared:
        ratio32, where32, floor32 = worst32(given[0], given[2], given[3], moved, shared)
        if callable(others) and ratio32 <= ALLOWED < worst32(given[0], given[2], given[3], ([], []), shared)[0]:
            both, theirs = levelled(plain, [record.rungs[name] for record in others()], shared)     # the first's floor alone decides
            ratio32, where32, floor32 = worst32(both[0], both[2], both[3], (moved[0], theirs), shared)
    if name == "parameters":
        error64 = 0.0 if not problem else np.inf        # names and shapes; the values show in the next rung
    return Rung(name, promise(name), len(shared), error64, where64, ratio32, where32, problem, floor32)


def rung_of(record: Record, name: str) -> dict:
    """A record's arrays on a rung; what is trained is told by the gradients where the record does not say it."""
    if name == "trainable" and name not in record.rungs:
        return {n: np.array(1.0) for n in record.rungs.get("gradients", {})}
    return record.rungs.get(name, {})


def moved_by_one(records: tuple, given: list, shared: list) -> str:
    """Parameters that one side trains and another freezes, in words."""
    said = []
    for n in shared:
        sides = {bool(np.any(arrays[n])): record.side for record, arrays in zip(records[::-1], given[::-1])}
        if len(sides) > 1:
            said.append(f"{n} is trained on the {sides[True]} side and frozen on the {sides[False]} side")
    return "; ".join(said[:4]) + (f"; and {len(said) - 4} more" if len(said) > 4 else "")


def other_traits(exact: tuple) -> str:
    """Which dropout layers differ in kind, rate, axis or mode, in words."""
    first, second = exact
    if first.traits is None or second.traits is None or list(first.traits.values()) == list(second.traits.values()):
        return ""
    return "; ".join(f"dropout {path or 'of the model'} is {first.traits.get(path, 'none')} on the {first.side} side and "
                     f"{second.traits.get(path, 'none')} on the {second.side} side"
                     for path in sorted(first.traits.keys() | second.traits.keys())
                     if first.traits.get(path) != second.traits.get(path))


def levelled(given: list, draws: list, shared: list) -> tuple:
    """The same arrays; where a side has but a sketch of one, all sides show their sketches of it."""
    made = {name: level([arrays[name] for arrays in given + draws]) for name in shared}
    alike = [{name: made[name][at] for name in shared} for at in range(len(given) + len(draws))]
    return alike[:len(given)], alike[len(given):]


def unmatched(sides: list, given: list) -> str:
    """Names and shapes that the sides do not share, in words; empty if all match."""
    said = []
    for name in sorted(set().union(*given)):
        lacking = sorted({side for side, arrays in zip(sides, given) if arrays.get(name) is None})
        shapes = sorted({f"{np.shape(arrays[name])}" for arrays in given if arrays.get(name) is not None})
        if lacking:
            said.append(f"{name} is missing on the {' and '.join(lacking)} side")
        elif len(shapes) > 1:
            said.append(f"{name} has shapes {' and '.join(shapes)}")
    return "; ".join(said[:4]) + (f"; and {len(said) - 4} more" if len(said) > 4 else "")


def worst64(first: dict, second: dict, shared: list) -> tuple:
    """The largest difference relative to the size of its array, and the array's name.

    An array a thousand times smaller than the largest of its rung is measured on the scale of the rung: a gradient
    that is zero but for rounding is no difference. Entries of a mask, -1e9 say, are measured on a scale of their own.
    """
    sizes = {n: scale(first[n]) for n in shared}
    largest, worst, where = max((float(np.min(size)) for size in sizes.values() if np.size(size)), default=0.0), 0.0, ""
    for n in shared:
        a, b = np.asarray(first[n]), np.asarray(second[n])
        with np.errstate(invalid="ignore"):
            gap = np.where(a == b, 0.0, np.abs(a - b))
        error = float(np.max(gap / np.maximum(sizes[n], max(1e-3 * largest, np.finfo(float).tiny)), initial=0.0))
        error = np.inf if np.isnan(error) else error
        if error > worst or not where:
            worst, where = error, n
    return worst, where


def worst32(exact: dict, first: dict, second: dict, draws: tuple, shared: list) -> tuple:
    """The largest ratio of the two sides' float32 errors, the array's name, and the largest floor of all."""
    worst, where, highest = 0.0, "", 0.0
    largest = max((rms(exact[n]) for n in shared), default=0.0) or 1.0
    for n in shared:
        size = rms(exact[n]) or np.finfo("float32").tiny
        measured = [max(apart(draw[n], own[n]) for draw in some) for some, own in zip(draws, (first, second)) if some]
        floor = max(FLOOR_ULP * EPSILON * size, min((m for m in measured if np.isfinite(m)), default=0.0))
        errors = sorted((apart(first[n], exact[n]), apart(second[n], exact[n])))
        ratio = errors[1] / max(errors[0], floor, np.finfo("float32").tiny)
        ratio = np.inf if np.isnan(ratio) or not np.isfinite(errors[1]) else ratio
        highest = max(highest, floor / max(size, 1e-3 * largest))       # an array that is zero has no share of its own
        if ratio > worst or not where:
            worst, where = ratio, n
    return worst, where, highest


def rms(values) -> float:
    """The root mean square of an array's finite entries."""
    values = np.asarray(values, float)
    values = values[np.isfinite(values)]
    return float(np.sqrt(np.mean(values ** 2))) if values.size else 0.0


def apart(a, b) -> float:
    """The root mean square of a difference; equal entries, infinities among them, are no distance."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    with np.errstate(invalid="ignore"):
        gap = np.where(a == b, 0.0, a - b)
    return float(np.sqrt(np.mean(gap ** 2))) if gap.size else 0.0


def by_side(records: list) -> dict:
    """Records grouped by side and precision."""
    grouped = {}
    for one in records:
        if not isinstance(one, Record):
            raise ParityError(f"also: expected records (labs.parity.Record), got {type(one).__name__}")
        grouped.setdefault(one.side, {})[one.precision] = one
    return grouped


def count_of(rungs: dict) -> int:
    """Entries of the parameters in a record."""
    weights = rungs.get("parameters") or rungs.get("gradients") or {}
    return sum(math.prod(w.shape) for w in weights.values() if w is not None)

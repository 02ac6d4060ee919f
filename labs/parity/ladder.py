"""The parity ladder: two records, or more, compared rung by rung.

float64 is the proof: every array agrees within TOLERANCE. float32 has no tolerance picked by hand: each side's
error against the float64 record is at most ALLOWED times the other's. Below a floor of a few ulp nothing is
judged; from the loss on the floor is measured, as the error of the first side itself after its initial
weights moved by a few ulp, because a ReLU that flips (some 30 of 26 million do in SE-ResNeXt-50) and an optimizer that
divides by a tiny gradient turn rounding into honest, larger differences.
"""
import math
from dataclasses import dataclass, field

import numpy as np

from labs import outputs
from labs.parity.errors import ParityError
from labs.parity.records import RUNGS, Record, moved_by_one, rung_of
from labs.parity.sketches import level
from labs.tables import Verdict, table

TOLERANCE = 1e-12       # float64: about 4,500 ulp of 1, far above what is measured, far below any mistake
ALLOWED = 4.0           # float32: honest convolutions were measured up to 3.6 times apart
FLOOR_ULP = 8           # float32: below this, in ulp of the array's own size, errors are not told apart
EPSILON = float(np.finfo("float32").eps)
MEASURED = ("loss", "gradients", "one step", "k steps", "train mode")       # rungs whose float32 floor is measured


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

    @property
    def green64(self) -> bool:
        return not self.problem and self.error64 <= TOLERANCE

    @property
    def green32(self) -> bool:
        return not self.problem and (self.ratio32 is None or self.ratio32 <= ALLOWED)

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


@dataclass(frozen=True)
class Ladder:
    """The proof that sides compute the same; shows itself as a table.

    Attributes
    ----------
    pairs : list of Pair
    title : str
    retry : callable or None
        Climbs again with another second side; `labs.parity.plant` uses it.
    records : list of Record
        What was compared: of all sides, in both precisions.
    planted : bool
        Climbed with a planted mistake, so red is what it should be.
    """
    pairs: list
    title: str
    parameters: int
    steps: int
    retry: object = field(default=None, repr=False)
    records: list = field(default_factory=list, repr=False)
    planted: bool = False

    @property
    def green(self) -> bool:
        """True if every rung of every pair is green in both precisions."""
        return all(pair.red is None for pair in self.pairs)

    @property
    def red(self) -> str | None:
        """Name of the lowest rung that failed in any pair, or None."""
        failed = [pair.red.name for pair in self.pairs if pair.red]
        return min(failed, key=list(RUNGS).index) if failed else None

    def check(self) -> "Ladder":
        """Return the ladder if it is green.

        Raises
        ------
        ParityError
            Names the first rung that failed, the array and the size of the gap.
        """
        for pair in self.pairs:
            if pair.red:
                raise ParityError(f"{self.title}: {pair.second} does not equal {pair.first} from rung "
                                  f"'{pair.red.name}' on ({pair.red.promise}): {explain(pair.red)}")
        return self

    def worst(self) -> dict:
        """Worst float64 error by rung, over all pairs."""
        found = {}
        for rung in (r for pair in self.pairs for r in pair.rungs):
            found[rung.name] = max(found.get(rung.name, 0.0), rung.error64)
        return found

    def _rows(self):
        for pair in self.pairs:
            for rung in pair.rungs:
                row = {"pair": f"{pair.first} and {pair.second}"} if len(self.pairs) > 1 else {}
                yield row | {
                    "rung": rung.name.replace("k steps", f"{self.steps} steps" if self.steps > 1 else "1 step"), "arrays": rung.compared,
                    "worst float64 error": rung.error64, "in": rung.where64,
                    "float32 ratio": "–" if rung.ratio32 is None else f"{rung.ratio32:.2f}",
                    "equal": Verdict(rung.green)}

    def _caption(self) -> str:
        state = "green" if self.green else f"red from rung '{self.red}' on"
        return (f"{self.title}: {state}. {self.parameters:,} parameters. Allowed: a float64 error of "
                f"{TOLERANCE:.0e} of an array's size, a float32 ratio of {ALLOWED:g}.")

    def _repr_mimebundle_(self, include=None, exclude=None):
        shown = table(list(self._rows()), caption=self._caption())
        return outputs.bundle(shown.text, shown.html, self.data())

    def __str__(self):
        return table(list(self._rows()), caption=self._caption()).text

    def data(self) -> dict:
        """The ladder as plain data, for the status page."""
        return {"kind": "ladder", "title": self.title, "green": self.green, "red": self.red, "planted": self.planted,
                "parameters": self.parameters, "steps": self.steps, "pairs": [
                    {"first": p.first, "second": p.second, "rungs": [
                        {"name": r.name, "error64": r.error64, "where64": r.where64, "ratio32": r.ratio32,
                         "where32": r.where32, "green": r.green, "problem": r.problem} for r in p.rungs]}
                    for p in self.pairs]}


def explain(rung: Rung) -> str:
    """Why a rung is red, in words."""
    if rung.problem:
        return rung.problem
    if not rung.green64:
        return f"in float64 {rung.where64} differs by {rung.error64:.2g} of its size, {TOLERANCE:.0e} is allowed"
    return (f"in float32 one side's error in {rung.where32} is {rung.ratio32:.3g} times the other's, "
            f"{ALLOWED:g} is allowed")


def compare(exact: tuple, single: tuple | None, yardstick: dict, names=tuple(RUNGS)) -> Pair:
    """Compare two sides rung by rung.

    Parameters
    ----------
    exact : pair of Record
        Both sides in float64.
    single : pair of Record, or None
        Both sides in float32.
    yardstick : dict of str to list of Record
        By rung: the first side again in float32, from weights moved by a few ulp.
    names : sequence of str
        Which rungs.
    """
    rungs = []
    for name in names:
        given = [rung_of(record, name) for record in exact + (single or ())]
        if name == "gradients":
            idle = set.intersection(*(set(record.unused) for record in exact))      # layers that neither side calls
            given = [{n: g for n, g in arrays.items() if n not in idle} for arrays in given]
        problem = unmatched([record.side for record in exact + (single or ())], given)
        shared = [n for n in given[0] if all(g.get(n) is not None and np.shape(g[n]) == np.shape(given[0][n]) for g in given)]
        draws = [record.rungs[name] for record in yardstick.get(name, [])]
        given, draws = levelled(given, draws, shared)
        error64, where64 = worst64(given[0], given[1], shared)
        ratio32, where32 = None, ""
        if name == "trainable" and not problem:
            problem = moved_by_one(exact, given, shared)
        if single and name not in ("parameters", "trainable") and shared:
            ratio32, where32 = worst32(given[0], given[2], given[3], draws, shared)
        if name == "parameters":
            error64 = 0.0 if not problem else np.inf        # names and shapes; the values show in the next rung
        rungs.append(Rung(name, RUNGS[name], len(shared), error64, where64, ratio32, where32, problem))
    return Pair(exact[0].side, exact[1].side, rungs)


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

    An array a thousand times smaller than the largest of its rung is measured on the scale of the rung: a
    gradient that is zero but for rounding is no difference.
    """
    size = {n: float(np.max(np.abs(first[n]), initial=0.0)) for n in shared}
    largest, worst, where = max(size.values(), default=0.0), 0.0, ""
    for n in shared:
        gap = np.max(np.abs(np.asarray(first[n]) - second[n]), initial=0.0)
        error = float(gap / max(size[n], 1e-3 * largest, np.finfo(float).tiny))
        error = np.inf if np.isnan(error) else error
        if error > worst or not where:
            worst, where = error, n
    return worst, where


def worst32(exact: dict, first: dict, second: dict, draws: list, shared: list) -> tuple:
    """The largest ratio of the two sides' float32 errors, and the array's name."""
    worst, where = 0.0, ""
    for n in shared:
        def error(value, n=n):
            return float(np.sqrt(np.mean((np.asarray(value, float) - exact[n]) ** 2))) if np.size(exact[n]) else 0.0
        floor = FLOOR_ULP * EPSILON * float(np.sqrt(np.mean(np.asarray(exact[n]) ** 2))) if np.size(exact[n]) else 0.0
        floor = max([floor, np.finfo("float32").tiny, *(error(draw[n]) for draw in draws)])
        errors = sorted((error(first[n]), error(second[n])))
        ratio = errors[1] / max(errors[0], floor)
        ratio = np.inf if np.isnan(ratio) else ratio
        if ratio > worst or not where:
            worst, where = ratio, n
    return worst, where


def by_side(records: list) -> dict:
    """Records grouped by side and precision."""
    grouped = {}
    for one in records:
        if not isinstance(one, Record):
            raise ParityError(f"also: expected records (labs.parity.Record), got {type(one).__name__}")
        grouped.setdefault(one.side, {})[one.precision] = one
    return grouped


def compare_records(records: list, title: str) -> Ladder:
    """Compare records on the rungs that the first of them has.

    Parameters
    ----------
    records : list of Record
        The first one's side is compared with each other side. Every side needs a float64 record; where the first
        side and another both have a float32 record, float32 is judged too.
    title : str

    Returns
    -------
    Ladder

    Raises
    ------
    ParityError
        Fewer than two sides, a side without a float64 record, or a rung that `labs.parity.RUNGS` does not know.
    """
    sides = by_side(records)
    if len(sides) < 2:
        raise ParityError(f"{title}: expected the records of at least two sides, got {', '.join(sides) or 'none'}")
    lacking = [side for side, made in sides.items() if "float64" not in made]
    if lacking:
        raise ParityError(f"{title}: the proof needs a float64 record of every side; {', '.join(lacking)} has none")
    first, *others = sides.values()
    exact, single = first["float64"], first.get("float32")
    unknown = [rung for rung in exact.rungs if rung not in RUNGS]
    if unknown or not exact.rungs:
        raise ParityError(f"{title}: expected rungs of {', '.join(RUNGS)}, got {', '.join(unknown) or 'none'}")
    pairs = []
    for other in others:
        both = (single, other["float32"]) if single and "float32" in other else None
        pairs.append(compare((exact, other["float64"]), both, {}, [name for name in RUNGS if name in exact.rungs]))
    weights = exact.rungs.get("parameters") or exact.rungs.get("gradients") or {}
    return Ladder(pairs, title, sum(math.prod(w.shape) for w in weights.values() if w is not None), 1)

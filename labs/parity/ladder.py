"""The parity ladder: the rungs of all pairs in one table, green or red, with what the batches reached below it."""
from dataclasses import dataclass, field

import numpy as np

from labs import outputs
from labs.parity import guards
from labs.parity.comparing import ALLOWED, TOLERANCE, by_side, compare, count_of
from labs.parity.errors import ParityError
from labs.parity.records import ALSO, OPTIONAL, RUNGS
from labs.parity.rounding import Explained
from labs.tables import Verdict, table

NO_NUMBER = "holds NaN on some side, or infinities that differ"
CUT = 64.0          # logits so far apart that Paddle's softmax on a processor is cut


@dataclass(frozen=True, repr=False)
class Ladder(outputs.Shown):
    """The proof that sides compute the same; shows itself as a table.

    Attributes
    ----------
    pairs : list of Pair
    title : str
    retry : Retry or None
        Climbs again with a planted mistake; `labs.parity.plant` uses it.
    records : list of Record
        What was compared: of all sides, in both precisions.
    planted : bool
        Climbed with a planted mistake, so red is what it should be.
    coverage : Coverage or None
        What the batches reached; see `labs.parity.coverage`.
    rounding : Explained
        What numbers that Paddle keeps in float32 explain of a red ladder; see `labs.parity.rounding`.
    """
    pairs: list
    title: str
    parameters: int
    steps: int
    retry: object = None
    records: list = field(default_factory=list)
    planted: bool = False
    coverage: object = None
    rounding: Explained = Explained()

    @property
    def green(self) -> bool:
        """True if there is a pair, and every rung of every pair is green in both precisions."""
        return bool(self.pairs) and all(pair.rungs and pair.red is None for pair in self.pairs)

    @property
    def verdict(self) -> str:
        """"green", "red", or "float32 numbers": equal but for numbers that Paddle keeps in float32, which was proven."""
        if self.green:
            return "green"
        alone = self.rounding.numbers and not self.rounding.beyond and not any(pair.red for pair in self.pairs[1:])
        return "float32 numbers" if alone else "red"

    @property
    def failed(self):
        """The lowest rung that failed in any pair, and that no number in float32 explains where others are red; or None."""
        found = [pair.red for pair in self.pairs if pair.red]
        if found and self.rounding.beyond:
            found[0] = self.rounding.beyond
        order = list(RUNGS)
        return min(found, key=lambda rung: order.index(rung.name) if rung.name in order else len(order), default=None)

    @property
    def red(self) -> str | None:
        """Name of that rung, or None."""
        return self.failed.name if self.failed else None

    def check(self) -> "Ladder":
        """Return the ladder if it is green, or if only numbers that Paddle keeps in float32 differ (`.verdict` says which).

        Raises
        ------
        ParityError
            Names the first rung that failed, the array and the size of the gap; or says that nothing was compared.
        """
        if not self.pairs or not all(pair.rungs for pair in self.pairs):
            raise ParityError(f"{self.title}: nothing was compared; a ladder needs two sides and at least one rung")
        if self.verdict == "red":
            pair = next(pair for pair in self.pairs if pair.red)
            rung = self.rounding.beyond if pair is self.pairs[0] and self.rounding.beyond else pair.red
            raise ParityError(f"{self.title}: {pair.second} does not equal {pair.first} from rung "
                              f"'{rung.name}' on ({rung.promise}): {explain(rung)}{self._cut()}{self.zeros()}{self._random()}{self._below()}")
        return self

    def _below(self) -> str:
        """What differs below the rung that failed, and is explained."""
        if not self.rounding.beyond or self.rounding.beyond in (pair.red for pair in self.pairs):
            return ""
        return f". Below it only numbers that Paddle keeps in float32 differ: {self._numbers()}"

    def _numbers(self) -> str:
        """The numbers that Paddle keeps in float32, in words."""
        return "; ".join(map(str, self.rounding.numbers))

    def _random(self) -> str:
        """Which side draws at random though its dropout layers are off, in words."""
        found = {f"; the {one.side} side gives another output when it reads a batch twice in training mode, from {one.random} on: "
                 "dropout that is no layer, or DropPath? Set its rate to zero" for one in self.records if one.random}
        return "".join(sorted(found))

    def _cut(self) -> str:
        """Paddle's cut of a softmax, where it may be the cause, in words."""
        failed = self.failed
        if failed is None or failed.name != "loss" or "Paddle" not in {one.side for one in self.records}:
            return ""
        widest = max((float(np.ptp(a, axis=-1).max(initial=0)) for one in self.records[:1] for n, a in one.rungs["forward"].items()
                      if n.startswith("logits") and not n.startswith(OPTIONAL) and isinstance(a, np.ndarray) and a.ndim), default=0.0)
        if widest < CUT:
            return ""
        return (f"; the logits are {widest:.3g} apart, and Paddle cuts softmax, log_softmax and cross_entropy where they are {CUT:g} apart: "
                f"cross_entropy((0, 100), 0) is 64.0 there and 100.0 in PyTorch")

    def zeros(self) -> str:
        """Parameters to name in `zero_gradients`, where the lowest red rung differs most in one of them, in words."""
        failed = self.failed
        if failed is None or failed.name in ("parameters", "trainable", "forward", "loss"):
            return ""
        found = guards.like_zero(self.records)
        if not {failed.where64, failed.where32} & found.keys():
            return ""
        name, (sizes, largest) = next(iter(found.items()))
        named = ", ".join(found)
        seen = " and ".join(f"{size:.1e}" for size in sizes)
        return (f"; zero up to rounding on every side are the gradients of {named} ({name}: {seen} beside a largest of "
                f"{largest:.1e}), and an optimizer that divides by a gradient's size makes whole steps of such noise. Where the "
                f"true gradient is zero, as that of a bias before a softmax or a normalisation, name it: zero_gradients="
                f"({', '.join(map(repr, found))},), or --zero-gradient {' --zero-gradient '.join(found)}")

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
                    "float32 floor": "–" if rung.floor32 is None else f"{rung.floor32:.1e}",
                    "equal": self._equal(rung, pair)}

    def _equal(self, rung, pair) -> Verdict:
        """A rung's verdict: below what numbers in float32 do not explain, it is neither green nor red."""
        if rung.green or pair is not self.pairs[0] or not self.rounding.numbers:
            return Verdict(rung.green)
        names, beyond = [r.name for r in pair.rungs], self.rounding.beyond
        if beyond and names.index(rung.name) >= names.index(beyond.name):
            return Verdict(False)
        return Verdict(None, "but for float32 numbers")

    def _caption(self) -> str:
        state = ("green" if self.green else self.middle() if self.verdict != "red" else
                 f"red from rung '{self.red}' on" if self.red else "red, nothing was compared")
        counted = f"{self.parameters:,} parameters. " * bool(self.parameters)      # records of a forward pass alone have none
        return (f"{self.title}: {state}. {counted}Allowed: a float64 error of "
                f"{TOLERANCE:.0e} of an array's size, a float32 ratio of {ALLOWED:g}; errors below the floor, a share of an "
                f"array's size, are not told apart{self._cut()}{self.zeros()}{self._random()}{self._below()}.")

    def middle(self) -> str:
        """The verdict between green and red, in words."""
        return (f"equal but for {'numbers' if self.rounding.numbers[1:] else 'a number'} that Paddle keeps in float32: {self._numbers()}. "
                f"Rounded to float32 on the PyTorch side too, every rung is green in float64 (worst error {self.rounding.left:.0e})")

    def _tables(self):
        rows = list(self._rows()) or [{"rung": "none", "equal": Verdict(False, "nothing was compared")}]
        return [table(rows, caption=self._caption()), *([self.coverage.table()] if self.coverage else [])]

    @property
    def text(self) -> str:
        return "\n\n".join(made.text for made in self._tables())

    @property
    def html(self) -> str:
        return "\n".join(made.html for made in self._tables())

    @property
    def data(self) -> dict:
        """The ladder as plain data, for the status page."""
        return {"kind": "ladder", "title": self.title, "green": self.green, "red": self.red, "planted": self.planted,
                "verdict": self.verdict, "numbers": [{"name": one.name, "places": list(one.places)} for one in self.rounding.numbers],
                "parameters": self.parameters, "steps": self.steps,
                "coverage": self.coverage.data() if self.coverage else None, "pairs": [
                    {"first": p.first, "second": p.second, "rungs": [
                        {"name": r.name, "error64": r.error64, "where64": r.where64, "ratio32": r.ratio32,
                         "where32": r.where32, "floor32": r.floor32, "green": r.green, "problem": r.problem} for r in p.rungs]}
                    for p in self.pairs]}


def explain(rung) -> str:
    """Why a rung is red, in words."""
    if rung.problem:
        return rung.problem
    if not rung.green64 and not np.isfinite(rung.error64):
        return f"in float64 {rung.where64} {NO_NUMBER}"
    if not rung.green64:
        return f"in float64 {rung.where64} differs by {rung.error64:.2g} of its size, {TOLERANCE:.0e} is allowed"
    return (f"in float32 one side's error in {rung.where32} is {rung.ratio32:.3g} times the other's, "
            f"{ALLOWED:g} is allowed")


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
    unknown = [rung for rung in exact.rungs if rung not in RUNGS and not rung.startswith(ALSO)]
    if unknown or not exact.rungs:
        raise ParityError(f"{title}: expected rungs of {', '.join(RUNGS)}, got {', '.join(unknown) or 'none'}")
    names = [*(name for name in RUNGS if name in exact.rungs), *(name for name in exact.rungs if name not in RUNGS)]
    pairs = []
    for other in others:
        both = (single, other["float32"]) if single and "float32" in other else None
        pairs.append(compare((exact, other["float64"]), both, {}, names))
    return Ladder(pairs, title, count_of(exact.rungs), 1, records=list(records))

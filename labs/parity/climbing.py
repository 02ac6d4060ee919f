"""Climb: let two sides run their own step functions and compare what they recorded."""
from types import SimpleNamespace

import numpy as np

from labs.parity import names
from labs.parity.arrays import as_batches
from labs.parity.comparing import by_side, compare, count_of, one_rung
from labs.parity.coverage import Coverage
from labs.parity.drawing import proof_weights
from labs.parity.errors import ParityError
from labs.parity.ladder import Ladder
from labs.parity.records import NEEDED, climbing, last_layer, name_of, record
from labs.parity.rounding import explained

DRAWS = 3               # float32 runs from moved weights that measure the floor
PRECISIONS = ("float64", "float32")
FEW = ("forward", "loss", "gradients", "one step")      # rungs that the first batch alone decides


def climb(first, second, batches: list, config, weights: dict | None = None, seed: int = 0,
          also: list = (), title: str | None = None, sketch: int | None = None,
          planted: bool = False, further: dict | None = None, zero_gradients: tuple = ()) -> Ladder:
    """Climb the ladder with two sides, or more.

    Parameters
    ----------
    first, second : module or namespace
        Each with `build`, `make_optimizer`, `step` and `logits` (see `labs.parity.records.record`): twin
        files, or `paddle_side` and `torch_side` of a notebook.
    batches : list of tuple of array
        The same for both; all of them are stepped through.
    config : object
    weights : dict of str to array, optional
        Initial weights in PyTorch's names and layout; drawn from `seed` by `labs.parity.proof_weights` if not given.
    also : list of Record, optional
        Records from elsewhere (Fluid, a recording, another process), in float64 and float32, made from
        the same weights and batches.
    title : str, optional
    sketch : int, optional
        Compare arrays of more entries by sketches with so many places, and keep no more than one side's memory at a
        time: for networks whose records would not fit.
    planted : bool
        A side is wrong on purpose, so the status page does not count the ladder as a proof.
    further : dict of str to callable, optional
        More functions to climb, by name: `function(side, model, batches)` gives arrays of the trained model in eval mode.
    zero_gradients : sequence of str, optional
        Parameters whose true gradient is zero, by name or pattern (see `labs.parity.records.record`).

    Returns
    -------
    Ladder
        Green, red, or the verdict between them: only numbers that Paddle keeps in float32 differ (see
        `labs.parity.rounding`). `.check()` raises where it is red.
    """
    start = Start(config, as_batches(batches), weights, seed, sketch, further, zero_gradients)
    one, other = start.side(first), start.side(second)
    rungs = list(one.record("float64").rungs)
    pairs = [compare(one.exact_with(other), one.single_with(other), one.beside(other, rungs))]
    rounding = explained(one, other, pairs[0])
    for side, records in by_side(also).items():
        if "float64" not in records:
            raise ParityError(f"{side}: the proof needs a float64 record; got {', '.join(records)} only")
        single = (one.record("float32"), records["float32"]) if "float32" in records else None
        pairs.append(compare((one.record("float64"), records["float64"]), single, one.beside(None, rungs)))
    exact = one.record("float64")
    records = [side.record(p) for side in (one, other) for p in PRECISIONS]
    return Ladder(pairs, title or title_of(config, pairs), count_of(exact.rungs), len(start.batches), Retry(one, other),
                  [*records, *also], planted, Coverage.of(config, start.batches, exact, start.weights, other.record("float64").bounds), rounding)


class Start:
    """Where every side of a ladder begins: config, weights, batches."""

    def __init__(self, config, batches, weights=None, seed=0, sketch=None, further=None, zero_gradients=()):
        if hasattr(weights, "items") and not hasattr(weights, "shape"):         # a state_dict() too
            weights = {name: names.as_array(name, value) for name, value in weights.items()}
            bad = [name for name, value in weights.items() if value.dtype.kind == "f" and np.isnan(value).any()]
            if bad:
                raise ParityError(f"weights: {bad[0]} holds NaN, so nothing can be compared")
        self.config, self.batches, self.weights, self.seed = config, batches, weights, seed
        self.sketch, self.further, self.zero_gradients, self.last = sketch, further, zero_gradients, None

    def side(self, side) -> "Climber":
        """A side that starts here; the first one's names decide the weights where none were given."""
        wanted = self.last is None and not self.sketch
        if self.weights is None or wanted:
            model = side.build(self.config)
            self.weights = proof_weights(model, self.seed) if self.weights is None else self.weights
            self.last = last_layer(named(side, model)) if wanted else None
        return Climber(self, side)

    def how(self) -> tuple:
        """What a record is told beside config, weights and batches."""
        return self.sketch, self.further, self.zero_gradients, self.last


class Climber:
    """One side and its records, each made when it is asked for, and once."""

    def __init__(self, start: Start, side):
        self.start, self.side, self.made = start, side, {}

    def record(self, precision: str):
        """The side's whole record."""
        if precision not in self.made:
            start = self.start
            self.made[precision] = record(self.side, start.config, start.weights, start.batches, precision, *start.how())
        return self.made[precision]

    def climbing(self, precision: str):
        """The side's record after each rung, for who may stop early."""
        start = self.start
        return climbing(self.side, start.config, start.weights, start.batches, precision, *start.how())

    def exact_with(self, other) -> tuple:
        """Both sides' float64 records."""
        return self.record("float64"), other.record("float64")

    def single_with(self, other) -> tuple:
        """Both sides' float32 records."""
        return self.record("float32"), other.record("float32")

    def floor(self, rung: str) -> list:
        """The side's float32 runs from weights moved by as many ulp as there are steps, at least four."""
        if rung in ("parameters", "trainable"):
            return []
        few = rung in FEW and len(self.start.batches) > 1
        if few not in self.made:
            self.made[few] = [self.draw(few, number) for number in range(1, DRAWS + 1)]
        return [draw(rung) for draw in self.made[few]]

    def draw(self, few: bool, number: int):
        """A function that climbs one such run as far as a rung that is asked for, and no further."""
        start = self.start
        weights = moved(start.weights, 4 if few else max(4, len(start.batches)), start.seed + number)
        run = climbing(self.side, start.config, weights, start.batches, "float32", *start.how())
        made = []

        def upto(rung):
            while few and (not made or rung not in made[0].rungs):
                made[:] = [next(run)]
            if not few and not made:
                for now in run:             # to the end: a suspended run holds its model
                    made[:] = [now]
            if few and rung == FEW[-1]:
                run.close()
            return made[0]
        return upto

    def beside(self, other, rungs) -> dict:
        """By rung, the draws that measure the floor: of this side, and of the other.

        Where one batch decides both are drawn. Higher up the other's draws cost three whole runs, so they are a function,
        which `labs.parity.comparing` calls where they may decide.
        """
        def others(rung):
            return [] if other is None else other.floor(rung) if rung in FEW else lambda: other.floor(rung)
        return {rung: (self.floor(rung), others(rung)) for rung in rungs if rung not in ("parameters", "trainable")}


class Retry:
    """The same climb with a planted mistake: what is not changed is not climbed again."""

    def __init__(self, first: Climber, second: Climber):
        self.first, self.second = first, second

    def climb(self, plant, title: str) -> Ladder:
        """The whole ladder, with the mistake in the second side."""
        wrong = Climber(self.first.start, plant(changed(self.second.side)))
        rungs = [rung for rung in self.first.record("float64").rungs if rung in wrong.record("float32").rungs]
        pair = compare(self.first.exact_with(wrong), self.first.single_with(wrong), self.first.beside(wrong, rungs))
        start = self.first.start
        return Ladder([pair], title, count_of(self.first.record("float64").rungs), len(start.batches), planted=True,
                      records=[side.record(p) for side in (self.first, wrong) for p in PRECISIONS])

    def swapped(self) -> "Retry":
        """The same two sides in the other order; all records stay."""
        return Retry(self.second, self.first)

    def lowest_red(self, plant, precision: str, on_first: bool = False) -> str | None:
        """The lowest rung that a mistake breaks in one precision alone; None if none. Climbs no further than that.

        Parameters
        ----------
        plant : callable
            side -> side with the mistake.
        precision : {"float64", "float32"}
            Float64 compares the two float64 records. Float32 judges the wrong side's float32 run, the right float64
            records beside it: a mistake that is made in float32 alone.
        on_first : bool
            Planted in the side that measures the floor.
        """
        right, other = (self.second, self.first) if on_first else (self.first, self.second)
        wrong = Climber(self.first.start, plant(changed(other.side)))
        seen = set()
        for now in wrong.climbing(precision):
            for name in [name for name in now.rungs if name not in seen]:
                seen.add(name)
                if precision == "float64":
                    good = one_rung(name, (right.record("float64"), now), None).green64
                else:
                    good = self.good32(name, now, wrong, right, on_first)
                if not good:
                    return name
        return None

    def good32(self, name: str, now, wrong: Climber, right: Climber, on_first: bool) -> bool:
        """Is a rung green in float32? The floor of the wrong side, which takes three more climbs, is measured where it decides.

        The floor makes a ratio smaller, never larger; of two sides the smaller floor counts. So what is green without any
        is green, and where one batch decides, what is red with the right side's alone is red.
        """
        exact = self.first.exact_with(self.second)
        single = (now, right.record("float32")) if on_first else (right.record("float32"), now)

        def green(draws=(), others=()):
            return one_rung(name, exact, single, draws, others).green32
        if name in ("parameters", "trainable") or green():
            return green()
        if name in FEW:
            known = right.floor(name)
            if not (green((), known) if on_first else green(known)):
                return False
        one, other = (wrong, right) if on_first else (right, wrong)
        return green(*one.beside(other, [name])[name])


def named(side, model):
    """A side's model with the side's own map of names attached."""
    return names.attach(model, side.names) if getattr(side, "names", None) else model


def title_of(config, pairs: list) -> str:
    """A title from the config's model name and the sides."""
    sides = " and ".join([pairs[0].first, *(pair.second for pair in pairs)])
    return f"{getattr(config, 'model', type(config).__name__)}, {sides}"


def moved(weights: dict, ulps: int, seed: int) -> dict:
    """Weights with each entry moved up or down by the given number of ulp (of its own size)."""
    rng, epsilon = np.random.default_rng(seed), float(np.finfo("float32").eps)
    return {name: (w * (1 + epsilon * ulps * rng.choice([-1, 1], w.shape))).astype("float32")
            for name, w in weights.items()}


def changed(side, **new) -> SimpleNamespace:
    """The same side with some of its functions replaced."""
    kept = {name: getattr(side, name) for name in (*NEEDED, "load", "names") if hasattr(side, name)}
    more = {name: value for name, value in vars(side).items() if not name.startswith("__") and callable(value)}
    return SimpleNamespace(**{**more, "NAME": name_of(side), **kept, **new})


def climb_cases(cases: dict, report=print) -> bool:
    """Climb the ladder of each case of a task; used by `python -m labs parity TASK`.

    Parameters
    ----------
    cases : dict of str to tuple
        By title: (paddle_side, torch_side, config, batches, further); see `labs.tasks.cases`.
    report : callable
        Gets each ladder.

    Returns
    -------
    bool
        True if there is a ladder and all are green.
    """
    ladders = []
    for title, (paddle_side, torch_side, config, batches, *further) in cases.items():
        ladders.append(climb(torch_side, paddle_side, batches, config, title=title, further=further[0] if further else None))
        report(ladders[-1])
        report("")
    return bool(ladders) and all(ladder.green for ladder in ladders)

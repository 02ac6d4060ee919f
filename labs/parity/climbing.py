"""Climb: let two sides run their own step functions and compare what they recorded."""
from types import SimpleNamespace

import numpy as np

from labs.parity import weights as weights_
from labs.parity.arrays import as_batches
from labs.parity.errors import ParityError
from labs.parity.ladder import MEASURED, Ladder, by_side, compare
from labs.parity.records import NEEDED, name_of, record

DRAWS = 3               # float32 runs from moved weights that measure the floor
PRECISIONS = ("float64", "float32")


def climb(first, second, batches: list, config, weights: dict | None = None, seed: int = 0,
          also: list = (), title: str | None = None, sketch: int | None = None,
          planted: bool = False, zero_gradients: tuple = ()) -> Ladder:
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
        Initial weights in PyTorch's names and layout; drawn from `seed` if not given.
    also : list of Record, optional
        Records from elsewhere (Fluid, a recording, another process), in float64 and float32, made from
        the same weights and batches.
    title : str, optional
    sketch : int, optional
        Compare arrays of more entries by sketches with so many places, and keep no more than one side's memory at a
        time: for networks whose records would not fit.
    planted : bool
        A side is wrong on purpose, so the status page does not count the ladder as a proof.
    zero_gradients : sequence of str, optional
        Parameters whose true gradient is zero, by name or pattern (see `labs.parity.records.record`).

    Returns
    -------
    Ladder
        Red or green; `.check()` raises where it is red.
    """
    batches = as_batches(batches)
    if weights is None:
        weights = weights_.initial_weights(first.build(config), seed)
    firsts = {p: record(first, config, weights, batches, p, sketch, zero_gradients) for p in PRECISIONS}
    yardstick = measure_floor(first, config, weights, batches, seed, sketch, zero_gradients)

    def beside(side):
        """The first side's records stay; another side climbs beside them."""
        other = {p: record(side, config, weights, batches, p, sketch, zero_gradients) for p in PRECISIONS}
        pair = compare((firsts["float64"], other["float64"]), (firsts["float32"], other["float32"]), yardstick)
        return pair, [*firsts.values(), *other.values()]

    pair, compared = beside(second)
    pairs = [pair]
    for side, records in by_side(also).items():
        if "float64" not in records:
            raise ParityError(f"{side}: the proof needs a float64 record; got {', '.join(records)} only")
        single = (firsts["float32"], records["float32"]) if "float32" in records else None
        pairs.append(compare((firsts["float64"], records["float64"]), single, yardstick))
    count = sum(w.size for w in firsts["float64"].rungs["parameters"].values())

    def again(wrong, called) -> Ladder:
        pair, both = beside(wrong)
        return Ladder([pair], called, count, len(batches), records=both, planted=True)
    return Ladder(pairs, title or title_of(config, pairs), count, len(batches), SimpleNamespace(second=second, climb=again),
                  [*compared, *also], planted)


def title_of(config, pairs: list) -> str:
    """A title from the config's model name and the sides."""
    sides = " and ".join([pairs[0].first, *(pair.second for pair in pairs)])
    return f"{getattr(config, 'model', type(config).__name__)}, {sides}"


def measure_floor(side, config, weights, batches, seed, sketch=None, zero_gradients=()) -> dict:
    """The side's own float32 runs from weights moved by as many ulp as there are steps (at least four)."""
    def draws(some):
        return [record(side, config, moved(weights, max(4, len(some)), seed + draw), some, "float32", sketch, zero_gradients)
                for draw in range(1, DRAWS + 1)]
    many = draws(batches)
    few = draws(batches[:1]) if len(batches) > 1 else many
    return {rung: few if rung in ("loss", "gradients", "one step") else many for rung in MEASURED}


def moved(weights: dict, ulps: int, seed: int) -> dict:
    """Weights with each entry moved up or down by the given number of ulp (of its own size)."""
    rng, epsilon = np.random.default_rng(seed), float(np.finfo("float32").eps)
    return {name: (w * (1 + epsilon * ulps * rng.choice([-1, 1], w.shape))).astype("float32")
            for name, w in weights.items()}


def changed(side, **new) -> SimpleNamespace:
    """The same side with some of its functions replaced."""
    kept = {name: getattr(side, name) for name in (*NEEDED, "load", "names") if hasattr(side, name)}
    return SimpleNamespace(**{"NAME": name_of(side), **kept, **new})


def climb_cases(cases: dict, report=print) -> bool:
    """Climb the ladder of each case of a task; used by `python -m labs parity TASK`.

    Parameters
    ----------
    cases : dict of str to tuple
        By title: (paddle_side, torch_side, config, batches); see `labs.tasks.cases`.
    report : callable
        Gets each ladder.

    Returns
    -------
    bool
        True if there is a ladder and all are green.
    """
    ladders = []
    for title, (paddle_side, torch_side, config, batches) in cases.items():
        ladders.append(climb(torch_side, paddle_side, batches, config, title=title))
        report(ladders[-1])
        report("")
    return bool(ladders) and all(ladder.green for ladder in ladders)

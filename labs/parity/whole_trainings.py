"""Is a whole training another one? One side against itself, and what the comparison would still see.

Whole trainings drift apart, framework or not, so the question is not whether two curves are equal but whether they are
further apart than one side is from itself under what frameworks change: the order in which a batch is summed, the number
of threads, the last bit of the weights. Each draw changes all of these at once, and independently of the others. The
verdict has a level (how often an honest pair is called different) and a power: the smallest planted mistake that it
sees. A band of four runs that differ by one ulp has neither: they agreed with each other to 3e-7, and a learning rate
5 % higher stayed inside.
"""
from dataclasses import dataclass, replace

import numpy as np

from labs import outputs
from labs.parity import weights as weights_
from labs.parity.climbing import moved
from labs.parity.errors import ParityError
from labs.parity.records import ready
from labs.tables import Verdict, table

DRAWS = 19              # an honest run is the furthest of 20 with probability 1 / 20
ULPS = 4                # as far as a sum in another order moves a weight
FACTORS = (1.001, 1.003, 1.01, 1.03, 1.1, 1.3, 2.0)     # planted learning rates, from the smallest


@dataclass(frozen=True, repr=False)
class SelfDistance(outputs.Shown):
    """A verdict on two whole trainings, with its level and its power; shows itself as a table.

    Attributes
    ----------
    first, second : str
    distance : float
        Of the second side's losses from the first's, root mean square over the steps.
    own : list of float
        Distances of the first side's draws from its own run.
    power : list of tuple
        (factor of the learning rate, its distance), in the order tried.
    planted : bool
    """
    first: str
    second: str
    distance: float
    own: list
    power: list
    planted: bool = False

    @property
    def level(self) -> float:
        """How often an honest pair is called different."""
        return 1 / (len(self.own) + 1)

    @property
    def green(self) -> bool:
        """Is the second side no further than the first is from itself?"""
        return bool(self.own) and self.distance <= max(self.own)

    @property
    def smallest(self) -> float | None:
        """The smallest planted factor of the learning rate from which on all are seen, or None."""
        seen = None
        for factor, distance in sorted(self.power, reverse=True):
            if not distance > max(self.own, default=np.inf):
                break
            seen = factor
        return seen

    def check(self) -> "SelfDistance":
        """Return the verdict if the sides are one and the comparison could have seen otherwise.

        Raises
        ------
        ParityError
            The second side is further than the first is from itself; or no planted mistake was seen.
        """
        if self.smallest is None:
            raise ParityError(f"{self.first} and {self.second}: none of the planted learning rates was seen, so this comparison "
                              "shows nothing; train longer, or draw less")
        if not self.green:
            raise ParityError(f"{self.second} is {self.distance:.3g} from {self.first}, which is at most {max(self.own):.3g} from itself "
                              f"in {len(self.own)} runs")
        return self

    def _table(self):
        furthest = max(self.own, default=float("nan"))
        rows = [{"run": f"{self.first} again, the furthest of {len(self.own)}", "distance": furthest, "verdict": Verdict(None)},
                {"run": self.second, "distance": self.distance, "verdict": Verdict(self.green, "as the first itself" if self.green else "another")}]
        rows += [{"run": f"planted: the rate times {factor:g}", "distance": distance,
                  "verdict": Verdict(distance > furthest, "seen" if distance > furthest else "not seen")} for factor, distance in self.power]
        power = f"it sees a learning rate {100 * (self.smallest - 1):.2g} % higher" if self.smallest else "it sees none of the planted mistakes"
        return table(rows, caption=f"{self.first} against itself. Level: an honest pair is called different once in {len(self.own) + 1}. "
                                   f"Power: {power}.")

    @property
    def text(self) -> str:
        return self._table().text

    @property
    def html(self) -> str:
        return self._table().html

    @property
    def data(self) -> dict:
        """The verdict as plain data, for the status page."""
        return {"kind": "self distance", "first": self.first, "second": self.second, "distance": self.distance, "own": list(self.own),
                "power": [list(pair) for pair in self.power], "level": self.level, "smallest": self.smallest, "green": self.green,
                "planted": self.planted}


def self_distance(first, second, batches: list, config, weights: dict, draws: int = DRAWS, seed: int = 0, factors=FACTORS,
                  rate: str = "learning_rate", names=("first", "second"), planted: bool = False, streams: bool = False) -> SelfDistance:
    """Train one side many times, the other once, and planted learning rates once each; all in float32.

    Parameters
    ----------
    first, second : module or namespace
        As `labs.parity.climb` takes them.
    batches : list of tuple of array
        One whole training; along their first axis the order of examples must not matter, unless `streams` says otherwise.
    config : dataclass
    weights : dict of str to array
    draws : int
        At least 19 for a level of 5 %.
    seed : int
    factors : sequence of float
        Learning rates to plant, as multiples of the config's; from the smallest, and no further than two that are seen.
    rate : str
        The config's field.
    names : pair of str
    planted : bool
    streams : bool
        The batches are (T, B) and state is carried from one to the next, stream by stream: each draw puts the streams into one
        order, along the second axis, for all batches.

    Raises
    ------
    ParityError
        Fewer than two draws, or no batches.
    """
    if draws < 2 or not batches:
        raise ParityError(f"expected at least two draws and one batch, got {draws} draws and {len(batches)} batches")

    def losses(side, batches=batches, weights=weights, config=config):
        model = ready(side, config, weights)
        optimizer, driver = side.make_optimizer(model, config), weights_.driver_of(model)
        return np.array([float(driver.to_numpy(side.step(model, optimizer, batch))) for batch in batches])

    def apart(found):
        gap = float(np.sqrt(np.mean((found - right) ** 2)))
        return gap if np.isfinite(gap) else float("inf")
    right, rng = losses(first), np.random.default_rng(seed)
    own = []
    for _ in range(draws):
        shuffled = in_one_order(batches, rng) if streams else [
            tuple(a[order] for a in batch) for batch in batches for order in [rng.permutation(len(batch[0]))]]
        own.append(apart(losses(first, shuffled, moved(weights, ULPS, int(rng.integers(2**31))))))
    power, seen = [], 0
    for factor in sorted(factors):
        power.append((factor, apart(losses(first, config=replace(config, **{rate: getattr(config, rate) * factor})))))
        seen += power[-1][1] > max(own)
        if seen == 2:
            break
    return SelfDistance(*names, apart(losses(second)), own, power, planted)


def in_one_order(batches, rng):
    """Batches (T, B) with their streams in another order, the same for all: what is carried stays with its stream."""
    order = rng.permutation(batches[0][0].shape[1])
    return [tuple(np.ascontiguousarray(a[:, order]) for a in batch) for batch in batches]

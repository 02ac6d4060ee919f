"""Results beside targets: accuracy with its interval, McNemar's test, and whether a result lies in its band."""
import math
from dataclasses import dataclass

import numpy as np

from labs import outputs, run, tables


class ResultError(AssertionError):
    """A result lies outside the band that the chapter promises."""


def wilson(right: int, n: int, z: float = 1.96) -> tuple:
    """Wilson's interval of a proportion: where the true accuracy may lie, given `right` of `n`.

    Parameters
    ----------
    right, n : int
        Correct answers and answers.
    z : float
        Standard deviations; 1.96 gives 95 %.

    Returns
    -------
    (low, high) : tuple of float

    Source
    ------
    Wilson, 1927 (doi:10.1080/01621459.1927.10502953). Unlike p +- 2 sigma it stays inside [0, 1].
    """
    if not 0 <= right <= n or n < 1:
        raise ValueError(f"expected 0 <= right <= n and n >= 1, got right={right}, n={n}")
    p, shrink = right / n, 1 + z * z / n
    middle = (p + z * z / (2 * n)) / shrink
    half = z / shrink * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def mcnemar(first, second, truth) -> dict:
    """McNemar's exact test: do two classifiers differ by more than chance on the same examples?

    Only the discordant examples count: those that one gets right and the other wrong. If neither is
    better, each of them is a fair coin.

    Parameters
    ----------
    first, second, truth : array of int, shape (N,)
        Predictions of both, and the labels.

    Returns
    -------
    dict
        `differ` (predictions that are not the same), `first_only`, `second_only` (right on one side alone)
        and `p`, the two-sided probability of a split at least so uneven.

    Source
    ------
    McNemar, 1947 (doi:10.1007/BF02295996), in its exact binomial form.
    """
    first, second, truth = map(np.asarray, (first, second, truth))
    if not first.shape == second.shape == truth.shape:
        raise ValueError(f"expected three arrays of one shape, got {first.shape}, {second.shape}, {truth.shape}")
    one = int(np.sum((first == truth) & (second != truth)))
    two = int(np.sum((first != truth) & (second == truth)))
    n, fewer = one + two, min(one, two)
    tail = sum(math.comb(n, k) for k in range(fewer + 1)) / 2**n
    return {"differ": int(np.sum(first != second)), "first_only": one, "second_only": two, "p": min(1.0, 2 * tail)}


@dataclass(frozen=True, repr=False)
class Result(outputs.ShownAsTable):
    """One result of a chapter beside its target; the status page reads it."""
    what: str
    value: float
    n: int
    target: str
    source: str
    band: tuple
    counted = "test images"             # what n counts
    written = "{:.1%}"                  # how a value is written

    @property
    def interval(self) -> tuple:
        return wilson(round(self.value * self.n), self.n)

    @property
    def inside(self) -> bool:
        return self.band[0] <= self.value <= self.band[1]

    def check(self) -> "Result":
        """Return the result if it lies in its band; in a smoke run the band is only reported.

        Raises
        ------
        ResultError
            In quick and full runs, if it lies outside.
        """
        if run.mode() != "smoke" and not self.inside:
            raise ResultError(f"{self.what}: {self.value:.4g} lies outside the band of the {run.mode()} run, "
                              f"{self.band[0]:.4g} to {self.band[1]:.4g}: something changed that the ladder does not see")
        return self

    def beside(self, how):
        """The columns of the table that every kind of result has."""
        return {"published": self.target, "source": self.source, "band of this run": span(self.band, how),
                "inside": tables.Verdict(self.inside if run.mode() != "smoke" else None)}

    @property
    def row(self) -> dict:
        """The result as a row of a table."""
        low, high = self.interval
        how = self.written.format
        return {"what": self.what, "this run": how(self.value), "95 % interval": f"{how(low)} to {how(high)}",
                self.counted: self.n, **self.beside(how)}

    @property
    def table(self):
        """A table of one row."""
        return tables.table([self.row], caption=f"Result of the {run.mode()} run")

    @property
    def data(self) -> dict:
        """The result for the status page."""
        return {"kind": "result", "what": self.what, "value": self.value, "n": self.n, "interval": list(self.interval),
                "target": self.target, "source": self.source, "band": list(self.band), "inside": self.inside,
                "run": run.mode()}


def accuracy(what: str, predicted, truth, target: str, source: str, smoke=(0.0, 1.0), quick=None, full=None) -> Result:
    """The accuracy of predictions as a `Result`, with the band of the present run.

    Parameters
    ----------
    what : str
    predicted, truth : array of int, shape (N,)
    target, source : str
        The published number with its conditions, and where it stands.
    smoke, quick, full : (low, high)
        Where the accuracy must lie in each run.
    """
    predicted, truth = np.asarray(predicted), np.asarray(truth)
    if predicted.shape != truth.shape:
        raise ValueError(f"expected as many predictions as labels, got {predicted.shape} and {truth.shape}")
    return Result(what, float(np.mean(predicted == truth)), len(truth), target, source, band_of(what, smoke, quick, full))


@dataclass(frozen=True, repr=False)
class Perplexity(Result):
    """The perplexity of a language model; `spread` is the standard error of its logarithm."""
    spread: float = 0.0
    counted = "streams"
    written = "{:.2f}"

    @property
    def interval(self) -> tuple:
        return self.value * math.exp(-1.96 * self.spread), self.value * math.exp(1.96 * self.spread)


def perplexity(what: str, nats, target: str, source: str, smoke=(1.0, math.inf), quick=None, full=None) -> Perplexity:
    """The perplexity of a text as a `Result`, with the band of the present run.

    Parameters
    ----------
    what : str
    nats : array of float, shape (B,)
        Mean negative log probability of a token, for each stream of the text; their spread gives the interval.
    target, source : str
    smoke, quick, full : (low, high)
        Where the perplexity must lie in each run.
    """
    nats = np.asarray(nats, float)
    if nats.ndim != 1 or len(nats) < 2:
        raise ValueError(f"expected the nats of at least two streams, shape (B,), got shape {nats.shape}")
    return Perplexity(what, float(np.exp(nats.mean())), len(nats), target, source, band_of(what, smoke, quick, full),
                      float(nats.std(ddof=1) / math.sqrt(len(nats))))


@dataclass(frozen=True, repr=False)
class Agreement(Result):
    """On how many texts two tokenizers, say, give the same. All are counted, so there is no interval."""
    counted = "texts"

    @property
    def row(self) -> dict:
        """The share as a row of a table."""
        return {"what": self.what, "this run": self.written.format(self.value), self.counted: self.n, **self.beside(self.written.format)}

    @property
    def data(self) -> dict:
        """The share for the status page."""
        return super().data | {"interval": None}


def agreement(what: str, same, target: str, source: str) -> Agreement:
    """The share of cases in which two programs give the same, as a `Result`; every run demands all of them.

    Parameters
    ----------
    what : str
    same : array of bool, shape (N,)
    target, source : str
    """
    same = np.asarray(same)
    if same.dtype != bool or same.ndim != 1 or not len(same):
        raise ValueError(f"expected at least one truth value, shape (N,), got {same.dtype} of shape {same.shape}")
    return Agreement(what, float(same.mean()), len(same), target, source, (1.0, 1.0))


@dataclass(frozen=True, repr=False)
class Number(Result):
    """A number that is counted or computed, not sampled: it has no interval."""

    @property
    def row(self) -> dict:
        """The number as a row of a table."""
        return {"what": self.what, "this run": number_in_words(self.value), **self.beside(number_in_words)}

    @property
    def data(self) -> dict:
        """The number for the status page."""
        return {"kind": "result", "what": self.what, "value": self.value, "n": None, "interval": None,
                "target": self.target, "source": self.source, "band": list(self.band), "inside": self.inside,
                "run": run.mode()}


def band_of(what: str, smoke, quick, full) -> tuple:
    """The band of the present run; raises where the author forgot one."""
    forgotten = [name for name, band in (("smoke", smoke), ("quick", quick), ("full", full))
                 if band is None or len(tuple(band)) != 2]
    if forgotten:
        raise ValueError(f"{what}: expected a band (low, high) for each run, got none for {', '.join(forgotten)}")
    return run.pick(smoke=smoke, quick=quick, full=full)


def span(band, how) -> str:
    """A band in words: "74.0% to 90.0%", or the one number that will do."""
    low, high = map(how, band)
    return low if low == high else f"{low} to {high}"


def number_in_words(value) -> str:
    """Whole numbers with commas, others as in every table."""
    return f"{value:,}" if isinstance(value, int) else tables.number(value)


def number(what: str, value, target: str, source: str, band: tuple) -> Number:
    """A counted or computed number as a `Result`; the band holds in quick and in full runs.

    Parameters
    ----------
    what : str
    value : int or float
    target, source : str
    band : (low, high)
        The same number twice, if nothing else will do.
    """
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise ValueError(f"expected an int or a float, got {type(value).__name__}: {value!r}")
    return Number(what, value, 0, target, source, tuple(band))

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


@dataclass(frozen=True)
class Result:
    """One result of a chapter beside its target; the status page reads it."""
    what: str
    value: float
    n: int
    target: str
    source: str
    band: tuple

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
            raise ResultError(f"{self.what}: {self.value:.4f} lies outside the band of the {run.mode()} run, "
                              f"{self.band[0]:.3f} to {self.band[1]:.3f}: something changed that the ladder does not see")
        return self

    def _repr_mimebundle_(self, include=None, exclude=None):
        low, high = self.interval
        row = {"what": self.what, "this run": f"{self.value:.1%}", "95 % interval": f"{low:.1%} to {high:.1%}",
               "test images": self.n, "published": self.target, "source": self.source,
               "band of this run": f"{self.band[0]:.1%} to {self.band[1]:.1%}",
               "inside": tables.Verdict(self.inside if run.mode() != "smoke" else None)}
        shown = tables.table([row], caption=f"Result of the {run.mode()} run")
        return outputs.bundle(shown.text, shown.html, {
            "kind": "result", "what": self.what, "value": self.value, "n": self.n, "interval": [low, high],
            "target": self.target, "source": self.source, "band": list(self.band), "inside": self.inside, "run": run.mode()})


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
    return Result(what, float(np.mean(predicted == truth)), len(truth), target, source,
                  run.pick(smoke=smoke, quick=quick, full=full))

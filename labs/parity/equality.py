"""Equality of two arrays, or dicts of arrays: the check for what is not a model."""
from dataclasses import dataclass

import numpy as np

from labs import outputs
from labs.parity.errors import ParityError
from labs.parity.scale import scale
from labs.tables import Verdict, table


@dataclass(frozen=True, repr=False)
class Equality(outputs.ShownAsTable):
    """How far apart named arrays are, and how far they may be."""
    title: str
    rows: list          # (name, worst difference relative to the array's size, problem)
    tolerance: float
    planted: bool = False

    @property
    def green(self) -> bool:
        return bool(self.rows) and all(not problem and error <= self.tolerance for _, error, problem in self.rows)

    def check(self) -> "Equality":
        """Return the result if all agree.

        Raises
        ------
        ParityError
            Names what differs, and by how much.
        """
        if not self.rows:
            raise ParityError(f"{self.title}: nothing was compared; expected at least one array on each side")
        wrong = [f"{name}: {problem or f'differs by {error:.2g} of its size'}" for name, error, problem in self.rows
                 if problem or not error <= self.tolerance]
        if wrong:
            raise ParityError(f"{self.title}: not equal within {self.tolerance:.0e}: " + "; ".join(wrong[:5]))
        return self

    @property
    def table(self):
        """A row for each array."""
        rows = [{"array": name, "worst difference": error, "equal": Verdict(not problem and error <= self.tolerance,
                                                                            problem or None)}
                for name, error, problem in self.rows]
        rows = rows or [{"array": "none", "worst difference": float("nan"), "equal": Verdict(False, "nothing was compared")}]
        return table(rows, caption=f"{self.title}. Allowed: {self.tolerance:.0e} of an array's size.")

    @property
    def data(self) -> dict:
        """The rows as plain data, for the status page."""
        return {"kind": "equality", "title": self.title, "green": self.green, "planted": self.planted, "tolerance": self.tolerance,
                "rows": [{"name": n, "error": e, "problem": p} for n, e, p in self.rows]}


def equal(first, second, tolerance: float = 1e-12, title: str = "Equality", planted: bool = False) -> Equality:
    """Compare two arrays, or two dicts of arrays by name.

    Parameters
    ----------
    first, second : array or dict of str to array
        NumPy arrays or numbers. Integers and text must be the same; floats agree within the tolerance, relative to
        the largest entry of the first. Entries of a mask (-1e9, say) are measured by themselves, see `labs.parity.scale`.
    tolerance : float
    title : str
    planted : bool
        A difference is shown on purpose, so the status page does not count the check as a proof.

    Returns
    -------
    Equality
        Nothing compared, a missing name or value, another shape or a NaN is never equal; equal infinities are.
    """
    first, second = (x if isinstance(x, dict) else {"value": x} for x in (first, second))
    rows = []
    for name in dict.fromkeys([*first, *second]):
        if name not in first or name not in second:
            rows.append((name, float("inf"), f"missing on the {'first' if name not in first else 'second'} side"))
            continue
        if first[name] is None or second[name] is None:
            rows.append((name, float("inf"), "None, nothing to compare"))
            continue
        a, b = np.asarray(first[name]), np.asarray(second[name])
        if a.shape != b.shape:
            rows.append((name, float("inf"), f"shapes {a.shape} and {b.shape}"))
        elif not a.size:
            rows.append((name, float("inf"), f"empty, shape {a.shape}: nothing to compare"))
        elif a.dtype.kind not in "fc" or b.dtype.kind not in "fc":
            different = int(np.sum(a != b))
            rows.append((name, 0.0 if not different else float("inf"), f"{different} of {a.size} differ" if different else ""))
        elif np.isnan(a).any() or np.isnan(b).any():
            rows.append((name, float("inf"), f"{int((np.isnan(a) | np.isnan(b)).sum())} of {a.size} are NaN"))
        else:
            rows.append((name, worst(a, b), ""))
    return Equality(title, rows, tolerance, planted)


def worst(a: np.ndarray, b: np.ndarray) -> float:
    """The largest difference of two arrays, each entry measured on its scale in the first."""
    with np.errstate(invalid="ignore"):
        gap = np.where(a == b, 0.0, np.abs(a - b))
    size = scale(a)
    return float(np.max(gap / np.where(size > 0, size, 1.0)))

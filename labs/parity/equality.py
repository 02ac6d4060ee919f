"""Equality of two arrays, or dicts of arrays: the check for what is not a model."""
from dataclasses import dataclass

import numpy as np

from labs import outputs
from labs.parity.errors import ParityError
from labs.tables import Verdict, table


@dataclass(frozen=True)
class Equality:
    """How far apart named arrays are, and how far they may be."""
    title: str
    rows: list          # (name, worst difference relative to the array's size, problem)
    tolerance: float
    planted: bool = False

    @property
    def green(self) -> bool:
        return all(not problem and error <= self.tolerance for _, error, problem in self.rows)

    def check(self) -> "Equality":
        """Return the result if all agree.

        Raises
        ------
        ParityError
            Names what differs, and by how much.
        """
        wrong = [f"{name}: {problem or f'differs by {error:.2g} of its size'}" for name, error, problem in self.rows
                 if problem or not error <= self.tolerance]
        if wrong:
            raise ParityError(f"{self.title}: not equal within {self.tolerance:.0e}: " + "; ".join(wrong[:5]))
        return self

    def _table(self):
        rows = [{"array": name, "worst difference": error, "equal": Verdict(not problem and error <= self.tolerance,
                                                                            problem or None)}
                for name, error, problem in self.rows]
        return table(rows, caption=f"{self.title}. Allowed: {self.tolerance:.0e} of an array's size.")

    def _repr_mimebundle_(self, include=None, exclude=None):
        shown = self._table()
        return outputs.bundle(shown.text, shown.html, {
            "kind": "equality", "title": self.title, "green": self.green, "planted": self.planted, "tolerance": self.tolerance,
            "rows": [{"name": n, "error": e, "problem": p} for n, e, p in self.rows]})

    def __str__(self):
        return self._table().text


def equal(first, second, tolerance: float = 1e-12, title: str = "Equality", planted: bool = False) -> Equality:
    """Compare two arrays, or two dicts of arrays by name.

    Parameters
    ----------
    first, second : array or dict of str to array
        NumPy arrays or numbers. Integers and text must be the same; floats agree within the tolerance,
        relative to the largest entry of the first.
    tolerance : float
    title : str
    planted : bool
        A difference is shown on purpose, so the status page does not count the check as a proof.

    Returns
    -------
    Equality
        A missing name, another shape or a NaN on one side alone is never equal.
    """
    first, second = (x if isinstance(x, dict) else {"value": x} for x in (first, second))
    rows = []
    for name in dict.fromkeys([*first, *second]):
        if name not in first or name not in second:
            rows.append((name, float("inf"), f"missing on the {'first' if name not in first else 'second'} side"))
            continue
        a, b = np.asarray(first[name]), np.asarray(second[name])
        if a.shape != b.shape:
            rows.append((name, float("inf"), f"shapes {a.shape} and {b.shape}"))
        elif a.dtype.kind not in "fc" or b.dtype.kind not in "fc":
            different = int(np.sum(a != b))
            rows.append((name, 0.0 if not different else float("inf"), f"{different} of {a.size} differ" if different else ""))
        else:
            both_nan = np.isnan(a) & np.isnan(b)
            gap = np.where(both_nan | (a == b), 0.0, np.abs(a - b))
            size = np.max(np.abs(a[np.isfinite(a)]), initial=0.0)
            error = float(np.max(gap, initial=0.0) / (size or 1.0))
            rows.append((name, float("inf") if np.isnan(error) else error, ""))
    return Equality(title, rows, tolerance, planted)

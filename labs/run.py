"""Which run is shown: smoke (tests, seconds), quick (the default) or full (published targets).

One switch for the whole book, the environment variable LABS_RUN:

>>> from labs import run
>>> epochs = run.pick(smoke=1, quick=5, full=20)
"""
import difflib
import os
from dataclasses import dataclass
from html import escape

from labs import outputs

MODES = {"smoke": "seconds, on little data; it tests that every cell works, its results mean nothing",
         "quick": "the default",
         "full": "the whole data and the published targets; for a GPU, or with patience"}


class RunError(ValueError):
    """LABS_RUN names no run, or a chapter did not say what each run takes."""


def mode():
    """Return "smoke", "quick" or "full", as LABS_RUN says; "quick" where it says nothing.

    Raises
    ------
    RunError
        LABS_RUN holds something else.
    """
    chosen = os.environ.get("LABS_RUN", "").strip() or "quick"
    if chosen not in MODES:
        near = difflib.get_close_matches(chosen.lower(), MODES, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise RunError(f"LABS_RUN: expected one of {', '.join(MODES)}, got {chosen!r}.{hint}")
    return chosen


def pick(*, smoke, quick, full):
    """Return the value for the present run; all three are named, so that none is forgotten."""
    return {"smoke": smoke, "quick": quick, "full": full}[mode()]


@dataclass(frozen=True, repr=False)
class Banner(outputs.Shown):
    """What `banner` returns; a notebook shows it by itself."""

    mode: str
    budget_s: float | None = None

    @property
    def text(self):
        """Which run this is, and how to choose another."""
        budget = f", at most {self.budget_s:g} processor seconds" if self.budget_s and self.mode == "quick" else ""
        others = " or ".join(f"LABS_RUN={name}" for name in MODES if name != self.mode)
        return (f"This is the {self.mode} run ({MODES[self.mode]}{budget}).\n"
                f"For another, set {others} before the notebook starts, or put %env LABS_RUN=... in a first cell "
                "and run all cells again.")

    @property
    def html(self):
        """The same for a page."""
        first, second = map(escape, self.text.split("\n"))
        return f'<p class="labs-banner"><strong>{first}</strong><br>{second}</p>'

    @property
    def data(self):
        """The same for the status page."""
        return {"kind": "run", "mode": self.mode, "budget_s": self.budget_s}


def banner(budget_s=None):
    """Say which run a chapter shows and how to change it.

    Parameters
    ----------
    budget_s : float, optional
        Seconds that the chapter's quick run may take, from its front matter.

    Returns
    -------
    Banner
    """
    return Banner(mode(), budget_s)

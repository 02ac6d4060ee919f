"""How much of a download has come: a bar in a terminal; in a notebook a line that goes when all is there."""
import os
import sys
import time

BAR_FROM = 1_000_000        # bytes: below, a bar would only flash
EVERY_S = 0.3


class Line:
    """A line below the cell of a notebook. A bar of text would stay in the saved notebook, with each of its steps."""

    def __init__(self, total, name):
        from IPython.display import display
        self.n, self.total, self.name, self.shown_at = 0, total, name, float("-inf")
        self.handle = display({"text/plain": ""}, raw=True, display_id=True)

    def update(self, more):
        """Count `more` bytes and say so, a few times a second."""
        self.n += more
        if time.monotonic() - self.shown_at > EVERY_S:
            self.shown_at = time.monotonic()
            of = f" of {self.total / 1e6:,.1f}" if self.total else ""
            self.handle.update({"text/plain": f"{self.name}: {self.n / 1e6:,.1f}{of} MB"}, raw=True)

    def close(self):
        """Leave nothing."""
        self.handle.update({"text/plain": ""}, raw=True)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


def in_notebook():
    """Whether a kernel runs this, whose outputs are kept."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return getattr(shell, "kernel", None) is not None


def bar(total, name, size):
    """What shows how much has come: has `n`, `update(bytes)` and `close()`, and is a context.

    Parameters
    ----------
    total : int
        Bytes; 0 if not known.
    name : str
    size : int
        Bytes by which to judge whether a bar is worth its place.
    """
    quiet = size <= BAR_FROM or os.environ.get("TQDM_DISABLE", "") not in ("", "0")     # as book/make/execute.py asks for
    if in_notebook() and not quiet:
        return Line(total, name)
    from tqdm import tqdm
    return tqdm(total=total or None, unit="B", unit_scale=True, desc=name, disable=quiet)

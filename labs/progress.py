"""How far something is: a bar in a terminal; in a notebook a line that goes when all is done.

A bar of text would stay in a saved notebook with each of its steps: a pink strip in JupyterLab, many screens of it in an
HTML export.
"""
import contextlib
import os
import sys
import time

BAR_FROM = 1_000_000        # bytes: below, a bar would only flash
EVERY_S = 0.3
QUIET = "TQDM_DISABLE"      # as book/make/execute.py sets it: a line is for who waits, not for the page


class Line:
    """A line below the cell of a notebook, from `after_s` seconds on.

    Parameters
    ----------
    total : float
        0 if not known.
    name : str
    write : callable
        (how much is done, total) to words.
    after_s : float, optional
        What ends before is not worth a line.
    """

    def __init__(self, total, name, write, after_s=0.0):
        self.n, self.total, self.name, self.write = 0, total, name, write
        self.handle, self.next_at = None, time.monotonic() + after_s

    def update(self, more):
        """Count `more` and say so, a few times a second."""
        self.n += more
        if time.monotonic() >= self.next_at:
            self.next_at = time.monotonic() + EVERY_S
            self._show(f"{self.name}: {self.write(self.n, self.total)}" if self.name else self.write(self.n, self.total))

    def _show(self, text):
        if self.handle is None:
            from IPython.display import display
            self.handle = display({"text/plain": text}, raw=True, display_id=True)
        else:
            self.handle.update({"text/plain": text}, raw=True)

    def close(self):
        """Leave nothing."""
        if self.handle is not None:
            self._show("")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()


def in_notebook():
    """Whether a kernel runs this, whose outputs are kept."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return getattr(shell, "kernel", None) is not None


def quiet():
    """Whether nobody waits."""
    return os.environ.get(QUIET, "") not in ("", "0")


def _megabytes(done, total):
    return f"{done / 1e6:,.1f}" + (f" of {total / 1e6:,.1f} MB" if total else " MB")


def _number(done, total):
    return f"{done:,}" + (f" of {total:,}" if total else "")


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
    off = size <= BAR_FROM or quiet()
    if in_notebook() and not off:
        return Line(total, name, _megabytes)
    from tqdm import tqdm
    return tqdm(total=total or None, unit="B", unit_scale=True, desc=name, disable=off)


@contextlib.contextmanager
def waiting(text):
    """Say why nothing happens, for as long as the block lasts; in a notebook nothing is left of it."""
    if in_notebook():
        with Line(0, "", lambda *_: text) as line:
            if not quiet():
                line.update(0)
            yield
        return
    if not quiet():
        print(text, flush=True)
    yield


def steps(them, name="", after_s=3.0):
    """Go through an iterable and say how far it is, where that takes longer than a few seconds.

    A loop of training reads `for batch in progress.steps(batches, "Paddle"):`. When it ends, by an error too, nothing is left.

    Parameters
    ----------
    them : iterable
    name : str, optional
        What the line begins with.
    after_s : float, optional
        Seconds before it shows.

    Yields
    ------
    What is in `them`.
    """
    total = len(them) if hasattr(them, "__len__") else 0
    if not in_notebook():
        from tqdm import tqdm
        yield from tqdm(them, name or None, total=total or None, leave=False, delay=after_s, disable=quiet())
        return
    with Line(total, name, _number, float("inf") if quiet() else after_s) as line:
        for one in them:
            yield one
            line.update(1)

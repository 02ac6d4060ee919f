"""How much a notebook may take, in processor seconds: its own and those of its children, whatever else the machine does.

The front matter of a text says what its quick run may take (`parity: budget_s:`). It is typed there and
nowhere else: `make notebooks` puts it into the cell `run.banner()`.
"""
import os

from book.make import book

SMOKE_S, QUICK_S, MOST_S = 15, 90, 120
# A smoke run of more than 15 s is an exception: its seconds, and the reason.
SMOKE_EXCEPTIONS = {}
# A quick run of more than 90 s is an exception, named here with its reason.
EXCEPTIONS = {}
MARGIN = 2.0        # processors differ, and a busy one takes longer: up to 1.8 times was measured for the same page


def allowed(name, notebook, mode):
    """Processor seconds that a run may take, or None where nothing binds it (a full run, a page without a budget)."""
    return SMOKE_EXCEPTIONS.get(name, (SMOKE_S,))[0] if mode == "smoke" else book.budget(notebook) if mode == "quick" else None


def broken(name, notebook):
    """What is wrong with the budget in a front matter, in words: an empty list where nothing is."""
    budget = book.budget(notebook)
    most = MOST_S if name in EXCEPTIONS else QUICK_S
    if isinstance(budget, bool) or not isinstance(budget, (int, float)) or not 0 < budget <= most:
        return [f"front matter, parity.budget_s: expected processor seconds above 0 and at most {most}, got {budget!r}"
                + ("" if name in EXCEPTIONS else f"; up to {MOST_S} by exception, see book/make/budgets.py")]
    return []


def overrun(name, notebook, run):
    """(what to say of a run over its budget, does it fail the build); ("", False) within it.

    Beyond the margin it fails in continuous integration, where CI is set, and is a warning elsewhere.
    """
    most, took = allowed(name, notebook, run["mode"]), run["processor_s"]
    if most is None or took <= most:
        return "", False
    said = f"over its budget of {most:g} processor seconds ({run['mode']} run): {took:.1f}"
    fails = took > MARGIN * most and bool(os.environ.get("CI"))
    return said + (f", and more than {MARGIN:g} times as much is no matter of the processor" if fails else ""), fails

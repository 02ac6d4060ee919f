"""What a test needs: skipped where it is missing, a failure where PARITY_NEEDS=all, and a summary of what was not covered.

Also how the suite is spread over two workers, and what it took.
"""
import collections
import functools
import gc
import os
import re
import signal
import sys

import pytest

from book.make import needs, project

if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.setdefault("OMP_NUM_THREADS", "1")     # a worker has one core: threads of two workers would wait for each other


@functools.cache
def lacking(name):
    """Asked once a session."""
    return needs.NEEDS[name].lacking()


def pytest_configure(config):
    """The two marks of this suite; groups go to the workers in the order of the items, see below."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:       # a background job of a shell: tests of Ctrl-C need it
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False
    config.addinivalue_line("markers", "needs(name, ...): what the test cannot do without, by its name in book/make/needs.py")
    config.addinivalue_line("markers", "built: looks at the finished site in _build/html (make test-site)")


@pytest.hookimpl(tryfirst=True)                   # before xdist looks at the groups
def pytest_collection_modifyitems(items):
    """A file stays on one worker, for its fixtures, and all that reads the small books; what has a group of its own may go elsewhere.

    What takes longest begins first, notebooks and then tasks: begun last, one of them would keep one worker waiting.
    """
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            books = {"small_book", "addressed_book"} & set(getattr(item, "fixturenames", ()))
            graded = item.nodeid.startswith("tests/labs/")        # submissions run as the user of a slot, and each grader begins with the first
            item.add_marker(pytest.mark.xdist_group("small books" if books else "labs" if graded else item.nodeid.split("::")[0]))
    items.sort(key=lambda item: (not item.get_closest_marker("xdist_group").args[0].startswith("notebook "),
                                 not item.nodeid.startswith("tests/tasks/")))


@pytest.fixture(autouse=True, scope="module")
def lasting():
    """What a framework's import has made is no garbage: with it in sight, each collection that a test asks for takes seconds."""
    there = FRAMEWORKS & sys.modules.keys()
    yield
    if there != FRAMEWORKS & sys.modules.keys():
        gc.collect()
        gc.freeze()


FRAMEWORKS = {"torch", "paddle", "transformers"}
SECONDS = collections.Counter()


def pytest_runtest_logreport(report):
    """Count seconds by file, and by notebook where a test runs one."""
    path, _, test = report.nodeid.partition("::")
    notebook = re.search(r"\[([\w-]+)\]", test) if path.endswith("test_nbval.py") else None
    SECONDS[f"{path}::{notebook[1]}" if notebook else path] += report.duration


def pytest_sessionfinish(session):
    """In continuous integration `make test` leaves the seconds for the projection of more chapters."""
    whole = session.config.option.markexpr == "not built" and session.config.args == session.config.getini("testpaths")
    if whole and os.environ.get("PARITY_NEEDS") == "all" and "PYTEST_XDIST_WORKER" not in os.environ:
        project.keep(SECONDS)


@pytest.hookimpl(tryfirst=True)                   # before fixtures are made, which may need it too
def pytest_runtest_setup(item):
    """Skip, or fail where everything must be there."""
    for mark in item.iter_markers("needs"):
        for name in mark.args:
            why = lacking(name)
            if why and os.environ.get("PARITY_NEEDS") == "all":
                pytest.fail(f"needs {name}: {why}; to get it: {needs.NEEDS[name].get}", pytrace=False)
            if why:
                pytest.skip(f"needs {name}: {why}")


def pytest_terminal_summary(terminalreporter):
    """Say what was not covered, how many tests that concerns, and how to cover it."""
    counts = {}
    for report in terminalreporter.stats.get("skipped", []):
        said = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr).removeprefix("Skipped: ")
        for name in needs.NEEDS:
            if said.startswith(f"needs {name}: "):
                counts[name] = counts.get(name, 0) + 1
    if counts:
        terminalreporter.section("not covered on this machine")
        for name, count in counts.items():
            terminalreporter.line(f"{needs.NEEDS[name].covers} ({count} tests). To cover it: {needs.NEEDS[name].get}")

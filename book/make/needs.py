"""What a full test run needs beside Python: whether it is here, what is not tested without it, how to get it.

usage: python -m book.make.needs [--missing apt | --missing make]

Without an option: one line for each need of `.ci/needs.txt`; exit status 1 where one is missing.
`.ci/run` installs what the list names and then asks here. On a reader's machine a test that needs
something absent is skipped, and the summary says what was not covered (tests/conftest.py).
"""
import argparse
import importlib.util
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from book.make import browser

ROOT = Path(__file__).resolve().parents[2]
LIST = ".ci/needs.txt"


def no_axe():
    """Why axe-core cannot be used, or nothing."""
    return "" if importlib.util.find_spec("axe_playwright_python") else "the package axe-playwright-python is not installed"


def no_dask():
    """Why nothing can be graded over a scheduler, or nothing."""
    return "" if importlib.util.find_spec("distributed") else "the package distributed is not installed"


def no_chinese_font():
    """Why Chinese glyphs cannot be drawn, or nothing."""
    if not shutil.which("fc-list"):
        return "fc-list, which knows the fonts, is not installed"
    said = subprocess.run(["fc-list", ":lang=zh-cn", "family"], capture_output=True, text=True)
    return "" if said.stdout.strip() else "no font has Chinese glyphs"


def no_fluid():
    """Why the real Fluid cannot run, or nothing."""
    from labs.fluid import environment
    from labs.fluid.errors import FluidError
    try:
        return "" if environment.installed() else "the runtime of Fluid is not installed"
    except FluidError as error:
        return str(error)


def no_sandbox():
    """Why submissions cannot be graded in a sandbox, or nothing."""
    from labs.grading import sandbox
    return sandbox.lacking()


def no_site():
    """Why the built site cannot be looked at, or nothing."""
    return "" if (ROOT / "_build/html/index.html").exists() else "the site is not built"


@dataclass(frozen=True)
class Need:
    """One thing that some tests need.

    Attributes
    ----------
    lacking : callable
        () -> why it is missing, in words; empty where it is here.
    covers : str
        What is not tested without it.
    get : str
        The command that brings it.
    """

    lacking: object
    covers: str
    get: str


NEEDS = {
    "chromium": Need(browser.lacking, "the site in a browser: columns, tabs, keyboard, print, search, weights", "apt install chromium"),
    "axe": Need(no_axe, "accessibility by axe-core", "make environment"),
    "chinese-font": Need(no_chinese_font, "Chinese glyphs in the browser", "apt install fontconfig fonts-wqy-microhei"),
    "fluid": Need(no_fluid, "the real Fluid, and whether its recordings still hold", "make fluid"),
    "bubblewrap": Need(no_sandbox, "the sandbox of the labs' grader, and the submissions that attack it", "apt install bubblewrap"),
    "dask": Need(no_dask, "a course that is graded by the workers of a scheduler", "make environment"),
    "site": Need(no_site, "the finished site", "make book"),
}


def listed(text):
    """The list as (need, kind, name): what installs each, kind being "apt" or "make".

    Raises
    ------
    ValueError
        A line is not `need kind name`, or names an unknown need or kind.
    """
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split("#")[0].split()
        if not words:
            continue
        if len(words) != 3 or words[0] not in NEEDS or words[1] not in ("apt", "make"):
            raise ValueError(f"{LIST}, line {number}: expected NEED apt|make NAME with a need of {', '.join(NEEDS)}, got {line!r}")
        found.append(tuple(words))
    return found


def main(arguments=None, root=ROOT):
    parser = argparse.ArgumentParser(description="Say whether all that a full test run needs is here.")
    parser.add_argument("--missing", choices=("apt", "make"), help="print what would bring the missing needs, one a line, and nothing else")
    chosen = parser.parse_args(arguments)
    wanted = listed((root / LIST).read_text(encoding="utf-8"))
    if chosen.missing:
        names = dict.fromkeys(name for need, kind, name in wanted if kind == chosen.missing and NEEDS[need].lacking())
        print("".join(f"{name}\n" for name in names), end="")
        return
    missing = 0
    for need in dict.fromkeys(need for need, *_ in wanted):
        why = NEEDS[need].lacking()
        missing += bool(why)
        print(f"{need:<14} {'here' if not why else f'MISSING: {why}. Without it nothing tests {NEEDS[need].covers}. To get it: {NEEDS[need].get}'}")
    if missing:
        sys.exit(f"{missing} of the needs of {LIST} missing")


if __name__ == "__main__":
    main()

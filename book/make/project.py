"""What continuous integration would take with more chapters, from what it took: `python -m book.make.project`.

usage: python -m book.make.project [--chapters 33] [--labs 12]

Reads what a run of `.ci/run` leaves: `_build/ci.tsv`, the seconds of each of its steps; `_build/tests.tsv`, those of each
file of tests; `_build/book.tsv`, those of the parts of `make book`; and the pages of the site. It assumes:

- of the tests, those of the tasks and of the notebooks grow with the chapters; the others do not;
- of the book, executing the notebooks grows; making and weighing the site, and its tests, grow with the size of the
  pages that belong to chapters; the rest does not;
- a chapter to come, and a lab, takes what one takes now on average.
"""
import argparse
import os
import sys
import time

from book.make import book

FILE = "_build/ci.tsv"
TESTS = "_build/tests.tsv"
BOOK = "_build/book.tsv"
HTML = "_build/html"
GROWS = ("make test", "make book", "make test-site")
OF_CHAPTERS = ("tests/tasks/", "tests/notebooks/test_nbval.py::")       # tests that each chapter adds to
PAGES_OF_CHAPTERS = ("chapters/", "twins/", "book/pages/status")        # and pages: the status page has rows for each
GOAL_S = 65 * 60        # for 33 chapters and 12 labs
NOW_S = 25 * 60         # for the chapters that there are, on two idle cores


class ProjectionError(ValueError):
    """Nothing was measured that could be projected; the message says how to measure."""


def keep(seconds, root=book.ROOT):
    """Write `_build/tests.tsv`: seconds by file of tests, the longest first."""
    (root / TESTS).parent.mkdir(exist_ok=True)
    (root / TESTS).write_text("".join(f"{took:.1f}\t{name}\n" for name, took in sorted(seconds.items(), key=lambda one: -one[1])),
                              encoding="utf-8")


class Part:
    """Context manager: in continuous integration, adds the seconds of a part of `make book` to `_build/book.tsv`."""

    def __init__(self, name, root=book.ROOT):
        self.name, self.root = name, root

    def __enter__(self):
        self.began = time.perf_counter()

    def __exit__(self, *_):
        if os.environ.get("PARITY_NEEDS") == "all":
            (self.root / BOOK).parent.mkdir(exist_ok=True)
            with open(self.root / BOOK, "a", encoding="utf-8") as file:
                file.write(f"{time.perf_counter() - self.began:.1f}\t{self.name}\n")


def read(name, root):
    """{what: seconds} of a measurement; empty where there is none."""
    path = root / name
    return {what: seconds for seconds, what in lines(path.read_text(encoding="utf-8"), name)} if path.exists() else {}


def lines(text, name):
    """(seconds, what) of each line of a measurement: seconds, a tab, what took them."""
    for number, line in enumerate(text.splitlines(), 1):
        seconds, tab, what = line.partition("\t")
        if not tab or not seconds.replace(".", "", 1).isdigit() or not what.strip():
            raise ProjectionError(f"{name}, line {number}: expected SECONDS<tab>WHAT, got {line!r}")
        yield float(seconds), what


def measured(text):
    """{step: seconds} of `_build/ci.tsv`."""
    steps = {}
    for seconds, step in lines(text, FILE):
        steps[step] = steps.get(step, 0) + seconds
    missing = [step for step in GROWS if step not in steps]
    if missing:
        raise ProjectionError(f"{FILE} has no {', '.join(missing)}: bash .ci/run writes it, when it comes to its end")
    return steps


def share(sizes, of_chapters):
    """Which part of some seconds or bytes belongs to chapters, by name; all of it where nothing is known."""
    total = sum(sizes.values())
    return sum(size for what, size in sizes.items() if what.startswith(of_chapters)) / total if total else 1.0


def shares(steps, root):
    """{step: the part of its seconds that grows with chapters}."""
    html = root / HTML
    pages = share({path.relative_to(html).as_posix(): path.stat().st_size for path in html.rglob("*.html")}, PAGES_OF_CHAPTERS)
    parts = read(BOOK, root)
    grow = sum(seconds * (1 if part == "execute" else pages) for part, seconds in parts.items())
    return {"make test": share(read(TESTS, root), OF_CHAPTERS), "make test-site": pages,
            "make book": min(1.0, grow / steps["make book"]) if parts else 1.0}


def projected(steps, now, then, grows):
    """{step: seconds} with `then` chapters and labs in place of `now`; `grows` says which part of each step grows."""
    if now < 1:
        raise ProjectionError("there is no chapter yet from which to project")
    return {step: seconds * (1 + grows.get(step, 0) * (then / now - 1)) for step, seconds in steps.items()}


def allowance(steps, now, then, grows):
    """What a chapter takes, and what it may take if the goal is to be kept."""
    of_each = {step: steps[step] * grows[step] / now for step in GROWS}
    fixed = sum(steps.values()) - now * sum(of_each.values())
    return (f"a chapter takes {sum(of_each.values()):.0f} s of continuous integration, and may take {(GOAL_S - fixed) / then:.0f} s: "
            + ", ".join(f"{seconds:.0f} s in {step}" for step, seconds in of_each.items()) + f"; what does not grow takes {fixed:.0f} s")


def main(arguments=None, root=book.ROOT):
    parser = argparse.ArgumentParser(description="Project the time of continuous integration.")
    parser.add_argument("--chapters", type=int, default=33)
    parser.add_argument("--labs", type=int, default=12)
    chosen = parser.parse_args(arguments)
    now, then = sum(page.startswith("chapters/") for page in book.pages(root)), chosen.chapters + chosen.labs
    try:
        if not (root / FILE).exists():
            raise ProjectionError(f"there is no {FILE} yet: bash .ci/run writes it")
        steps = measured((root / FILE).read_text(encoding="utf-8"))
        grows = shares(steps, root)
        later = projected(steps, now, then, grows)
    except ProjectionError as error:
        sys.exit(f"project: {error}")
    print(f"{'step':<40} {f'{now} chapters':>14} {f'{chosen.chapters} and {chosen.labs} labs':>16}")
    for step, seconds in steps.items():
        print(f"{step[:40]:<40} {seconds:>12.0f} s {later[step]:>14.0f} s")
    total, total_now = sum(later.values()), sum(steps.values())
    print(f"{'in all':<40} {total_now / 60:>10.1f} min {total / 60:>12.1f} min"
          f"   ({'within' if total <= GOAL_S else 'over'} the goal of {GOAL_S / 60:g} min for 33 chapters and 12 labs)")
    print("the part that belongs to chapters: " + ", ".join(f"{part:.0%} of {step}" for step, part in grows.items())
          + "; a lab is taken for a chapter")
    print(allowance(steps, now, then, grows))
    if total > GOAL_S:
        apart = total - min(later["make test"], later["make book"] + later["make test-site"])
        print(f"with the tests in one job, and the book and its site in another beside it: {apart / 60:.1f} min")
    for what, seconds in list(read(TESTS, root).items())[:8] if total > GOAL_S or total_now > NOW_S else []:
        print(f"  {seconds:>6.0f} s  {what}")


if __name__ == "__main__":
    main()

"""What continuous integration would take with more chapters, from what it took: `python -m book.make.project`.

usage: python -m book.make.project [--chapters 33] [--labs 12]

Reads what a run of `.ci/run` leaves: `_build/ci.tsv`, the seconds of each of its steps, and `_build/tests.tsv`, the
seconds of each file of tests. The book and the site are taken to grow with the number of chapters and labs; of the
tests, those of the tasks and of the notebooks do. The rest does not grow.
"""
import argparse
import sys

from book.make import book

FILE = "_build/ci.tsv"
TESTS = "_build/tests.tsv"
GROWS = ("make test", "make book", "make test-site")
OF_CHAPTERS = ("tests/tasks/", "tests/notebooks/test_nbval.py::")       # tests that each chapter adds to
GOAL_S = 65 * 60        # for 33 chapters and 12 labs
NOW_S = 25 * 60         # for the chapters that there are, on two idle cores


class ProjectionError(ValueError):
    """Nothing was measured that could be projected; the message says how to measure."""


def keep(seconds, root=book.ROOT):
    """Write `_build/tests.tsv`: seconds by file of tests, the longest first."""
    (root / TESTS).parent.mkdir(exist_ok=True)
    (root / TESTS).write_text("".join(f"{took:.1f}\t{name}\n" for name, took in sorted(seconds.items(), key=lambda one: -one[1])),
                              encoding="utf-8")


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


def share(text):
    """Which part of the tests' seconds belongs to chapters, by `_build/tests.tsv`; all of it where nothing is known."""
    found = list(lines(text, TESTS))
    total = sum(seconds for seconds, _ in found)
    return sum(seconds for seconds, what in found if what.startswith(OF_CHAPTERS)) / total if total else 1.0


def projected(steps, now, then, of_tests=1.0):
    """{step: seconds} with `then` chapters and labs in place of `now`; `of_tests` is the part of the tests that grows."""
    if now < 1:
        raise ProjectionError("there is no chapter yet from which to project")
    grows = {step: of_tests if step == "make test" else 1.0 for step in GROWS}
    return {step: seconds * (1 + grows.get(step, 0) * (then / now - 1)) for step, seconds in steps.items()}


def advice(steps, now, then, of_tests):
    """What a chapter may take, where the projection is over the goal."""
    of_each = {step: steps[step] * (of_tests if step == "make test" else 1) / now for step in GROWS}
    fixed = sum(steps.values()) - now * sum(of_each.values())
    return (f"to keep the goal, a chapter may take {(GOAL_S - fixed) / then:.0f} s of continuous integration in all; now it takes "
            f"{sum(of_each.values()):.0f} s: " + ", ".join(f"{seconds:.0f} s in {step}" for step, seconds in of_each.items()))


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
        by_file = (root / TESTS).read_text(encoding="utf-8") if (root / TESTS).exists() else ""
        of_tests = share(by_file)
        later = projected(steps, now, then, of_tests)
    except ProjectionError as error:
        sys.exit(f"project: {error}")
    print(f"{'step':<40} {f'{now} chapters':>14} {f'{chosen.chapters} and {chosen.labs} labs':>16}")
    for step, seconds in steps.items():
        print(f"{step[:40]:<40} {seconds:>12.0f} s {later[step]:>14.0f} s")
    total, total_now = sum(later.values()), sum(steps.values())
    print(f"{'in all':<40} {total_now / 60:>10.1f} min {total / 60:>12.1f} min"
          f"   ({'within' if total <= GOAL_S else 'over'} the goal of {GOAL_S / 60:g} min for 33 chapters and 12 labs)")
    print(f"{of_tests:.0%} of the tests' seconds belong to chapters" + ("" if by_file else f": taken as all, because there is no {TESTS}"))
    if total > GOAL_S:
        print(advice(steps, now, then, of_tests))
        apart = total - min(later["make test"], later["make book"] + later["make test-site"])
        print(f"with the tests in one job, and the book and its site in another beside it: {apart / 60:.1f} min")
    for seconds, what in list(lines(by_file, TESTS))[:8] if total > GOAL_S or total_now > NOW_S else []:
        print(f"  {seconds:>6.0f} s  {what}")


if __name__ == "__main__":
    main()

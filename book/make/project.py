"""What continuous integration would take with more chapters, from what it took: `python -m book.make.project`.

usage: python -m book.make.project [--chapters 33] [--labs 12]

Reads `_build/ci.tsv`, which `.ci/run` writes: the seconds of each of its steps. Tests, book and site are taken to grow
with the number of chapters and labs, all of them, so the projection is an upper bound; the rest does not grow.
"""
import argparse
import sys

from book.make import book

FILE = "_build/ci.tsv"
GROWS = ("make test", "make book", "make test-site")
GOAL_S = 65 * 60        # for 33 chapters and 12 labs


class ProjectionError(ValueError):
    """Nothing was measured that could be projected; the message says how to measure."""


def measured(text):
    """{step: seconds} of the lines of `_build/ci.tsv`: seconds, a tab, the command."""
    steps = {}
    for number, line in enumerate(text.splitlines(), 1):
        seconds, tab, step = line.partition("\t")
        if not tab or not seconds.isdigit() or not step.strip():
            raise ProjectionError(f"{FILE}, line {number}: expected SECONDS<tab>COMMAND, got {line!r}")
        steps[step] = steps.get(step, 0) + int(seconds)
    missing = [step for step in GROWS if step not in steps]
    if missing:
        raise ProjectionError(f"{FILE} has no {', '.join(missing)}: bash .ci/run writes it, when it comes to its end")
    return steps


def projected(steps, now, then):
    """{step: seconds} with `then` chapters and labs in place of `now`."""
    if now < 1:
        raise ProjectionError("there is no chapter yet from which to project")
    return {step: seconds * then / now if step in GROWS else seconds for step, seconds in steps.items()}


def main(arguments=None, root=book.ROOT):
    parser = argparse.ArgumentParser(description="Project the time of continuous integration.")
    parser.add_argument("--chapters", type=int, default=33)
    parser.add_argument("--labs", type=int, default=12)
    chosen = parser.parse_args(arguments)
    now = sum(page.startswith("chapters/") for page in book.pages(root))
    try:
        if not (root / FILE).exists():
            raise ProjectionError(f"there is no {FILE} yet: bash .ci/run writes it")
        steps = measured((root / FILE).read_text(encoding="utf-8"))
        later = projected(steps, now, chosen.chapters + chosen.labs)
    except ProjectionError as error:
        sys.exit(f"project: {error}")
    print(f"{'step':<40} {f'{now} chapters':>14} {f'{chosen.chapters} and {chosen.labs} labs':>16}")
    for step, seconds in steps.items():
        print(f"{step[:40]:<40} {seconds:>12} s {later[step]:>14.0f} s")
    total = sum(later.values())
    print(f"{'in all':<40} {sum(steps.values()) / 60:>10.1f} min {total / 60:>12.1f} min"
          f"   ({'within' if total <= GOAL_S else 'over'} the goal of {GOAL_S / 60:g} min for 33 chapters and 12 labs)")


if __name__ == "__main__":
    main()

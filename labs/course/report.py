"""A course's lab at a glance: how the points fall, which rungs are hard, which mistakes are common."""

import statistics
from collections import Counter
from dataclasses import dataclass

from labs import outputs
from labs.course import similarity
from labs.course.export import rows
from labs.course.folder import Course

STEPS = 10  # bars of the distribution


@dataclass(frozen=True, repr=False)
class Report(outputs.Shown):
    """Counts over all students of a lab."""

    lab: str
    states: dict
    earned: tuple
    most: int
    rungs: tuple
    causes: tuple
    alike: tuple = ()

    @property
    def text(self) -> str:
        """The report in plain text."""
        lines = [
            f"{self.lab}: " + ", ".join(f"{count} {state}" for state, count in self.states.items())
        ]
        if self.earned:
            middle, average = statistics.median(self.earned), statistics.fmean(self.earned)
            lines += [f"points of {self.most}: median {middle:g}, mean {average:.1f}", ""]
            bars = Counter(
                min(int(STEPS * points / self.most), STEPS - 1) for points in self.earned
            )
            lines += [
                f"  {self.most * i // STEPS:>4} to {self.most * (i + 1) // STEPS:<4} {'#' * bars[i]} {bars[i] or ''}"
                for i in range(STEPS)
            ]
            lines += ["", "reached by", *(f"  {part:>4.0%}  {title}" for title, part in self.rungs)]
        if self.causes:
            lines += ["", "mistakes", *(f"  {count:>4}  {cause}" for cause, count in self.causes)]
        if self.alike:
            lines += ["", *self.alike]
        return "\n".join(lines)


def report(course: Course, journal, lab: str) -> Report:
    """Count."""
    states, earned, rungs, causes = Counter(), [], {}, Counter()
    most = 0
    for _, line, said, _ in rows(course, journal, lab):
        states[
            "not handed in" if line is None else "waiting" if said is None else said["state"]
        ] += 1
        if said and said["state"] == "graded":
            most = said["points"]
            earned.append(said["earned"])
            for rung in said["rungs"]:
                if rung["state"] != "not run":
                    rungs.setdefault(rung["title"], []).append(rung["state"] == "passed")
            causes.update({rung["cause"] for rung in said["rungs"] if rung["cause"]})
    reached = sorted(
        ((title, sum(some) / len(some)) for title, some in rungs.items()), key=lambda one: one[1]
    )
    return Report(
        lab,
        dict(states),
        tuple(earned),
        most,
        tuple(reached),
        tuple(causes.most_common(12)),
        tuple(similarity.told(similarity.pairs(course, journal, lab))),
    )

"""`python -m labs lab doctor`: is a lab fit to grade with? Refused while one finding is left.

The reference's twin gets all points and the untouched handout none; each mutant gets its points and
each variant all;
no distortion of right answers gets through; nothing that students get holds a line of the solution.
"""

import itertools
from dataclasses import dataclass, field

from labs import outputs
from labs.grading import cases as drawn
from labs.grading import sources
from labs.grading.answering import Here
from labs.grading.assignment import Lab, LabError, run_source
from labs.grading.climbing import climb
from labs.grading.comparing import compare
from labs.grading.distortions import DISTORTIONS, distorted
from labs.grading.mutants import mutants, variants
from labs.grading.student import KITS

MUTANTS, VARIANTS = 12, 6  # at least
SEED = "doctor"


@dataclass(frozen=True, repr=False)
class Examined(outputs.Shown):
    """What the doctor found.

    Attributes
    ----------
    lab : str
    findings : tuple of str
        What is wrong, a sentence each; empty for a lab that may be used.
    mutants : dict of str to (int, int)
        By name: points that it must get, points that it got.
    reached : dict of str to frozenset of str
        The rungs that each mutant reached.
    """

    lab: str
    findings: tuple
    mutants: dict
    variants: int
    title: str = ""
    reached: dict = field(default_factory=dict)

    @property
    def score(self) -> float:
        """The part of the mutants that got exactly their points, fewer than all."""
        return sum(must == got for must, got in self.mutants.values()) / max(len(self.mutants), 1)

    @property
    def row(self) -> str:
        """The lab's line in the table of the instructors' page."""
        reached = sum(must == got for must, got in self.mutants.values())
        right = f"{self.variants} of {self.variants}"
        return f"| {self.title} | {reached} of {len(self.mutants)} | {right} |"

    @property
    def text(self) -> str:
        """The findings, or what was tried."""
        head = f"{self.lab}: {len(self.mutants)} mutants ({self.score:.0%} at their points), {self.variants} variants"
        return "\n".join(
            [head, *(f"  ✘ {each}" for each in self.findings)]
            if self.findings
            else [f"{head}: fit to grade with"]
        )


def examine(lab: Lab, seed: str = SEED, kits=KITS) -> Examined:
    """Examine a lab."""
    wrong, right = mutants(lab), variants(lab)
    findings = [f"{len(wrong)} mutants: expected at least {MUTANTS}"] * (len(wrong) < MUTANTS)
    findings += [f"{len(right)} variants: expected at least {VARIANTS}"] * (len(right) < VARIANTS)
    findings += [
        f"hints.toml: there is no mutant {name}" for name in lab.hints if name not in wrong
    ]
    findings += [
        f"mutant {name}: POINTS = {one.points}, which is not less than all {lab.points}"
        for name, one in wrong.items()
        if not 0 <= one.points < lab.points
    ]
    findings += [
        f"lab.md does not define {name}"
        for name in lab.names
        if f"def {name}(" not in sources.solution(lab.text("lab.md"))
        and f"class {name}" not in sources.solution(lab.text("lab.md"))
    ]
    try:
        cases = drawn.make(lab, seed)
        again = drawn.draw(lab, seed)
    except LabError as error:
        return Examined(lab.id, (*findings, str(error)), {}, len(right))
    if drawn.values.to_bytes(
        [[vars(call) for call in calls] for calls in again.values()]
    ) != drawn.values.to_bytes([[vars(case.call) for case in some] for some in cases.values()]):
        findings.append(
            "checks.py draws other inputs from the same seed: take all chance from `draw`"
        )
    findings += bent(lab, cases) + leaks(lab, cases, kits)
    text = lab.text("lab.md")
    findings += _points(lab, cases, "the solution in lab.md", sources.solution(text), lab.points)
    findings += _points(lab, cases, "the untouched handout", sources.stub(text), 0)
    for name, one in right.items():
        findings += _points(lab, cases, f"variant {name}", one.source, lab.points)
    got, reached = {}, {}
    for name, one in wrong.items():
        result = climb(lab, cases, Here(lab, run_source(one.source, str(one.path))))
        got[name] = one.points, result.earned
        reached[name] = frozenset(rung.name for rung in result.rungs if rung.state == "passed")
        if result.earned != one.points:
            findings.append(
                f"mutant {name}: expected {one.points} points, got {result.earned}; it fails in "
                + (
                    ", ".join(rung.name for rung in result.rungs if rung.state == "failed")
                    or "no rung"
                )
            )
        elif name in lab.hints and name not in {rung.cause for rung in result.rungs}:
            findings.append(
                f"mutant {name}: its own hint is not shown, but {', '.join(sorted({r.cause for r in result.rungs if r.cause})) or 'none'}; "
                "of several that fit, the one that explains most rungs counts, then the first in hints.toml"
            )
    return Examined(lab.id, tuple(findings), got, len(right), f"{lab.id} {lab.title}", reached)


def lasting(draws: list) -> tuple:
    """How often a wrong solution that reaches a rung with one draw reaches it with another: how far
    a student's own check can be trusted.

    Parameters
    ----------
    draws : list of Examined
        One lab with several seeds.

    Returns
    -------
    (int, int)
        Times that it was reached with the other draw too, of all times.
    """
    again = of = 0
    for one, other in itertools.permutations(draws, 2):
        for name, rungs in one.reached.items():
            of += len(rungs)
            again += len(rungs & other.reached.get(name, frozenset()))
    return again, of


def _points(lab, cases, what, source, points):
    result = climb(lab, cases, Here(lab, run_source(source, what)))
    if result.earned == points:
        return []
    said = next(
        (f": {rung.says}" for rung in result.rungs if (rung.state == "failed") == (points > 0)), ""
    )
    return [f"{what}: expected {points} points, got {result.earned}{said}"]


def bent(lab: Lab, cases: dict) -> list:
    """Distortions of right answers that a rung would let through, of one function at a time."""
    found = []
    for rung, some in cases.items():
        for function in dict.fromkeys(case.call.function for case in some):
            mine = [case for case in some if case.call.function == function]
            for name in DISTORTIONS:
                if not any(
                    compare(case.right, distorted(name, case.right), case.call) for case in mine
                ) and not (name == "transposed" and all(_plain(case.right) for case in mine)):
                    found.append(
                        f"rung {rung} lets {function} pass with its answers distorted: {name}"
                    )
    return found


def _plain(value):
    """A number has no transposed form."""
    return value is None or isinstance(value, (bool, int, float))


def leaks(lab: Lab, cases: dict, kits=KITS) -> list:
    """Lines of the solution in what students get: the notebook, the kit."""
    released = {
        "the notebook": sources.notebook(lab.text("lab.md")),
        "the kit": drawn.to_bytes(lab, cases).decode("latin-1"),
    }
    kit = kits / f"{lab.id}.npz"
    if kit.exists():
        released[kit.name] = kit.read_bytes().decode("latin-1")
    return [
        f"{name} holds a line of the solution: {line}" for name, line in drawn.leaked(lab, released)
    ]

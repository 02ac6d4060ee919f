"""Drawn calls with their right answers, and what each known mistake answers.

Made on the trusted side from a lab's checks, reference and mutants; with another seed, other draws
of the same rungs.
The student's check and the grader go through the same rungs with such cases and nothing else.
"""

import hashlib
import types
from dataclasses import dataclass, field

import numpy as np

from labs.grading import sources, values
from labs.grading.answering import Answer, Here
from labs.grading.assignment import Lab, LabError
from labs.grading.call import Call
from labs.grading.comparing import compare
from labs.grading.mutants import mutants

PUBLIC_SEED = "the student's own check"


@dataclass(frozen=True)
class Case:
    """A call, its right answer, and the answers of the known mistakes that differ from it.

    Attributes
    ----------
    call : Call
    right : value
    mistakes : dict of str to Answer
        By the name of a mutant that has a hint and is wrong here for the first time in its rung.
    """

    call: Call
    right: object
    mistakes: dict = field(default_factory=dict)


def generator(seed: str, lab: str, rung: str) -> np.random.Generator:
    """The source of chance of one rung: the same seed draws the same, whatever the other rungs
    draw.
    """
    digest = hashlib.sha256(f"{seed}\n{lab}\n{rung}".encode()).digest()
    return np.random.Generator(np.random.PCG64(int.from_bytes(digest[:16], "little")))


def draw(lab: Lab, seed: str) -> dict:
    """The calls of each rung: {rung: [Call]}."""
    made = {}
    for rung in lab.rungs:
        try:
            calls = list(
                lab.checks[rung.name](
                    generator(seed, lab.id, rung.name), types.SimpleNamespace(**lab.reference)
                )
            )
        except Exception as error:
            raise LabError(
                f"{lab.id}, rung {rung.name}: checks.py, with the reference, raised {type(error).__name__}: {error}"
            ) from error
        if not calls or not all(isinstance(each, Call) for each in calls):
            raise LabError(
                f"{lab.id}, rung {rung.name}: expected at least one call(...), got {calls[:1]}"
            )
        made[rung.name] = calls
    return made


def make(lab: Lab, seed: str, mistakes: bool = True) -> dict:
    """Draw the calls and compute their right answers: {rung: [Case]}.

    Raises
    ------
    LabError
        The reference fails, or answers with what cannot cross.
    """
    reference = Here(lab, lab.reference, own_first=True)
    hinted = (
        {
            name: Here(lab, mutant.names())
            for name, mutant in mutants(lab).items()
            if name in lab.hints
        }
        if mistakes
        else {}
    )
    made = {}
    for rung, calls in draw(lab, seed).items():
        made[rung], untold = [], dict(hinted)
        for call in calls:
            answer = reference.answer(call)
            if answer.error:
                raise LabError(
                    f"{lab.id}, rung {rung}: the reference failed on {call.function}: {answer.error}"
                )
            # a call that asks for speed is large, and says nothing else
            asked = {} if call.seconds else untold
            wrong = {
                name: other
                for name, each in asked.items()
                if not agrees(answer, other := each.answer(call), call)
            }
            made[rung].append(Case(call, answer.value, wrong))
            # a climb ends at the first wrong answer: what it would have said later, nobody asks
            untold = {name: each for name, each in untold.items() if name not in wrong}
    return made


def agrees(expected: Answer, answer: Answer, call: Call) -> bool:
    """Is this the expected answer, within the tolerance, or the same kind of error?"""
    if expected.error or answer.error:
        return bool(expected.error and answer.error and expected.kind == answer.kind)
    return compare(expected.value, answer.value, call) is None


def to_bytes(lab: Lab, cases: dict) -> bytes:
    """A lab's kit: all that a check needs, in one file, and nothing of a solution."""
    facts = {
        "id": lab.id,
        "title": lab.title,
        "version": lab.version,
        "names": lab.names,
        "frameworks": lab.frameworks,
        "after": lab.after,
        "minutes": lab.minutes,
        "limits": vars(lab.limits),
        "rung": [{**vars(rung), "needs": list(rung.needs)} for rung in lab.rungs],
    }
    rungs = {
        rung: [
            {
                "call": vars(case.call),
                "right": case.right,
                "mistakes": {name: vars(answer) for name, answer in case.mistakes.items()},
            }
            for case in some
        ]
        for rung, some in cases.items()
    }
    return values.to_bytes({"lab": facts, "calls": lab.calls, "hints": lab.hints, "cases": rungs})


def from_bytes(data: bytes):
    """Read a kit: (Lab, cases)."""
    from labs.grading.assignment import of_facts

    kit = values.from_bytes(data)
    lab = of_facts(
        {key: list(each) if isinstance(each, tuple) else each for key, each in kit["lab"].items()},
        "the kit",
        calls=kit["calls"],
        hints=kit["hints"],
    )
    return lab, {
        rung: [
            Case(
                Call(**case["call"]),
                case["right"],
                {name: Answer(**each) for name, each in case["mistakes"].items()},
            )
            for case in some
        ]
        for rung, some in kit["cases"].items()
    }


def leaked(lab: Lab, texts: dict) -> list:
    """Which released files hold a line of the solution, as (file, line)."""
    secret = sources.secret_lines(lab.text("lab.md"))
    return [(name, line) for name, text in texts.items() for line in sorted(secret) if line in text]

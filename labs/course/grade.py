"""Grade what was collected: in parallel, resumable, by one writer.

Three states. *graded*: points. *refused*: no code could be read, which the student is told. *not
gradable*: the machine or
the lab failed; tried again, and it costs nobody a point.
"""

import contextlib
import dataclasses
import hashlib
import time
from dataclasses import dataclass

from labs.course import engines
from labs.course.folder import Course
from labs.grading import assignment as assigned
from labs.grading import cases as drawn
from labs.grading import pipes, sandbox
from labs.grading.climbing import climb

TRIES = 2  # for what is not the submission's fault
FILES = ("lab.toml", "checks.py", "reference.py", "calls.py", "hints.toml")


@dataclass(frozen=True)
class Edition:
    """A lab as it grades now: its files and the course's seed. Another edition may grade otherwise."""

    lab: assigned.Lab
    cases: dict
    name: str


def edition(course: Course, which: str) -> Edition:
    """Draw the cases of a course for a lab."""
    lab = assigned.read(which)
    digest = hashlib.sha256(course.seed.encode())
    for file in FILES:
        path = lab.folder / file
        digest.update(file.encode() + (path.read_bytes() if path.exists() else b""))
    return Edition(lab, drawn.make(lab, course.seed), digest.hexdigest()[:16])


def verdict(made: Edition, content: bytes, suffix: str, box) -> dict:
    """What is said of one content."""
    began = time.monotonic()
    found = {"state": "refused", "earned": 0, "points": made.lab.points, "rungs": [], "why": ""}
    if suffix not in (".ipynb", ".py"):
        return found | {
            "why": f"expected a notebook (.ipynb) or a Python file (.py), got {suffix or 'a file without an ending'}"
        }
    for attempt in range(TRIES):
        submission = pipes.Submission(content, suffix)
        if attempt and box is not None:
            box = dataclasses.replace(box, pool=None)  # without the warm worker, which may have died
        try:
            with pipes.Process(made.lab, submission, box) as process:
                result = climb(made.lab, made.cases, process)
        except pipes.Unreadable as error:
            return found | {"why": str(error)}
        except (pipes.NotStarted, OSError) as error:
            found |= {"state": "not gradable", "why": str(error)}
            continue
        said = process.printed.decode("utf-8", "replace") + (
            "\n[more was printed]" if process.too_much else ""
        )
        return found | {
            "state": "graded",
            "earned": result.earned,
            "points": result.points,
            "why": "",
            "printed": said[:2000],
            "notes": submission.notes,
            "rungs": [vars(rung) for rung in result.rungs],
            "seconds": round(time.monotonic() - began, 2),
        }
    return found


def waiting(journal, lab: str, name: str) -> list:
    """The last submissions that this edition has not judged yet, one for each content."""
    judged = {
        line["sha256"]
        for line in journal.lines
        if line["what"] == "graded"
        and line["lab"] == lab
        and line["edition"] == name
        and line["state"] != "not gradable"
    }
    found = {}
    for (which, _), line in journal.latest().items():
        if which == lab and line["sha256"] not in judged:
            found.setdefault(line["sha256"], line)
    return list(found.values())


def grade(
    course: Course,
    journal,
    which: str,
    workers: int | None = None,
    protected: bool = True,
    progress=None,
    scheduler: str = "",
) -> list:
    """Grade all that waits; each verdict is in the journal before the next one is.

    Parameters
    ----------
    protected : bool
        Without the sandbox only for who accepts what a submission can do to this machine.
    progress : callable, optional
        (done, all) after each.
    scheduler : str
        The address of a Dask scheduler, whose workers grade in place of this machine.

    Returns
    -------
    list of dict
        The new lines.

    Raises
    ------
    labs.grading.sandbox.NoSandbox
    """
    if protected and not scheduler:
        sandbox.require()
    made = edition(course, which)
    todo = waiting(journal, made.lab.id, made.name)
    store, new = course.folder / "submitted" / made.lab.id, []

    def read(line):
        return (store / line["sha256"]).read_bytes()

    if scheduler:
        coming = engines.on_dask(made, todo, read, scheduler, protected)
    else:
        number = workers or engines.cores()
        coming = engines.here(made, todo, read, verdict, number, protected)
    with contextlib.closing(coming):
        for line, said in coming:
            journal.add(
                what="graded", lab=made.lab.id, sha256=line["sha256"], edition=made.name, **said
            )
            new.append(journal.lines[-1])
            if progress:
                progress(len(new), len(todo))
    return new


def changes(journal, lab: str) -> list:
    """Whose points an edition changed: (student, points before, points now, the rungs that differ)."""
    verdicts, found = journal.verdicts(), []
    for (which, student), line in sorted(journal.latest().items()):
        said = (
            [each for each in verdicts.get((lab, line["sha256"]), ()) if each["state"] == "graded"]
            if which == lab
            else []
        )
        if len(said) > 1 and said[-1]["edition"] != said[-2]["edition"]:
            before, now = (
                {rung["name"]: (rung["earned"], rung["says"]) for rung in each["rungs"]}
                for each in said[-2:]
            )
            differ = [
                f"{name}: {before.get(name, (0, ''))[0]} -> {points}"
                for name, (points, _) in now.items()
                if before.get(name, (None, ""))[0] != points
            ]
            if said[-1]["earned"] != said[-2]["earned"] or differ:
                found.append((student, said[-2]["earned"], said[-1]["earned"], differ))
    return found


def final(course: Course, line: dict, said: dict | None) -> float | None:
    """The points that count, late days taken off; None where there are none: never a silent zero."""
    if said is None or said["state"] != "graded":
        return None
    return round(said["earned"] * course.factor(line["student"], line["lab"], line["submitted"]), 2)

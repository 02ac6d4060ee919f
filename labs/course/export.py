"""All grades of a lab in one file: the columns of `nbgrader export`, and JUnit's XML.

The tables of learning platforms are in `labs.course.platforms`, results of one submission in
`labs.course.results`.
"""

import csv
import datetime
import io
from xml.etree import ElementTree

from labs.course.folder import Course
from labs.course.grade import final
from labs.grading import assignment as assigned


def rows(course: Course, journal, lab: str) -> list:
    """(student, submission, verdict, points that count) of all in the roster; None where nothing
    was handed in.
    """
    grades = journal.grades()
    found = []
    for who, student in course.students.items():
        line, said = grades.get((lab, who), (None, None))
        found.append((student, line, said, final(course, line, said) if line else None))
    return found


def nbgrader(course: Course, journal, lab: str) -> str:
    """The columns of `nbgrader export`, times in UTC without a zone as there.

    Where there are no points the cells stay empty; nbgrader itself writes 0 there.
    """
    out = io.StringIO(newline="")
    most = assigned.read(lab).points
    names = [
        "assignment",
        "duedate",
        "timestamp",
        "student_id",
        "last_name",
        "first_name",
        "email",
        "raw_score",
        "late_submission_penalty",
        "score",
        "max_score",
    ]
    writer = csv.DictWriter(out, names, lineterminator="\n")
    writer.writeheader()
    for student, line, said, points in rows(course, journal, lab):
        raw = "" if points is None else float(said["earned"])
        penalty = "" if points is None else round(said["earned"] - points, 2)
        first, _, last = student.name.rpartition(" ")
        writer.writerow(
            {
                "assignment": lab,
                "duedate": _utc(course.until(student.id, lab).isoformat()),
                "timestamp": _utc(line["submitted"]) if line else "",
                "student_id": student.id,
                "last_name": last,
                "first_name": first,
                "email": student.email,
                "raw_score": raw,
                "late_submission_penalty": penalty,
                "score": "" if points is None else points,
                "max_score": float(most),
            }
        )
    return out.getvalue()


def _utc(moment):
    there = datetime.datetime.fromisoformat(moment).astimezone(datetime.timezone.utc)
    return there.replace(tzinfo=None)


def junit(course: Course, journal, lab: str) -> str:
    """One suite a student, one case a rung: a failure for what was not reached, an error for what
    is not our student's fault.
    """
    root = ElementTree.Element("testsuites", name=f"{course.name} {lab}")
    totals = dict.fromkeys(("tests", "failures", "errors"), 0)
    for student, _, said, _ in rows(course, journal, lab):
        rungs = said["rungs"] if said else []
        suite = ElementTree.SubElement(
            root, "testsuite", name=student.id, tests=str(max(len(rungs), 1))
        )
        counts = {"failures": 0, "errors": 0, "skipped": 0}
        for rung in rungs:
            case = ElementTree.SubElement(
                suite, "testcase", classname=f"{lab}.{student.id}", name=rung["title"]
            )
            kind = {"failed": "failure", "not run": "skipped"}.get(rung["state"])
            if kind:
                counts["failures" if kind == "failure" else "skipped"] += 1
                ElementTree.SubElement(case, kind, message=_xml(rung["says"]))
        if not rungs:
            case = ElementTree.SubElement(
                suite, "testcase", classname=f"{lab}.{student.id}", name="submission"
            )
            kind, why = (
                ("skipped", "nothing was handed in") if said is None else ("error", said["why"])
            )
            counts["errors" if kind == "error" else "skipped"] += 1
            ElementTree.SubElement(case, kind, message=_xml(why))
        for name, count in counts.items():
            suite.set(name, str(count))
        for name in totals:
            totals[name] += int(suite.get(name))
    for name, count in totals.items():
        root.set(name, str(count))
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        + ElementTree.tostring(root, encoding="unicode")
        + "\n"
    )


def _xml(text):
    """Text without the characters that XML cannot hold."""
    return "".join(
        c
        for c in text
        if c in "\t\n\r"
        or "\x20" <= c <= "\ud7ff"
        or "\ue000" <= c <= "\ufffd"
        or c >= "\U00010000"
    )


ALL = {"nbgrader": nbgrader, "junit": junit}

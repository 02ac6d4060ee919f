"""Grades in the formats of learning platforms and graders.

For Canvas, Moodle and Blackboard the file that the platform exported is filled (`--template`): its
columns, order and ids
stay, and the one column of the assignment gets the points. A new column would create a new
assignment there.
"""

import csv
import io
import json
from xml.etree import ElementTree

from labs.course.folder import Course, CourseError
from labs.course.grade import final
from labs.grading import assignment as assigned

WHO = {  # columns that hold a student's id, by platform; the first that is there and fits
    "canvas": ("SIS Login ID", "SIS User ID", "Integration ID", "ID"),
    "moodle": ("ID number", "Username", "Email address"),
    "blackboard": ("Username", "Student ID"),
}


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


def filled(
    course: Course, journal, lab: str, platform: str, template: str, column: str = ""
) -> str:
    """A platform's own table with the points filled in.

    Parameters
    ----------
    template : str
        What the platform exported.
    column : str
        The assignment's column, or a part of its name that occurs in no other; the default is the
        lab's id.

    Raises
    ------
    CourseError
        The column, or that of the ids, is not there; or nobody of the roster is.
    """
    bom = "\ufeff" if template.startswith("\ufeff") else ""
    dialect = csv.excel_tab if "\t" in template.splitlines()[0] else csv.excel
    table = list(csv.reader(io.StringIO(template.removeprefix("\ufeff"), newline=""), dialect))
    head = table[0]
    wanted = column or lab
    places = [i for i, name in enumerate(head) if name == wanted] or [
        i for i, name in enumerate(head) if wanted.casefold() in name.casefold()
    ]
    if len(places) != 1:
        raise CourseError(
            f"expected one column with {wanted!r} in its name, got {[head[i] for i in places] or head}; --column says which"
        )
    ids = [i for name in WHO[platform] for i, each in enumerate(head) if each == name]
    if not ids:
        raise CourseError(
            f"a table of {platform}: expected a column {' or '.join(WHO[platform])}, got {', '.join(head)}"
        )
    points = {}
    for student, _, _, number in rows(course, journal, lab):
        for name in filter(None, (student.id, student.email)):
            points[name.casefold()] = number
    met = 0
    for row in table[1:]:
        keys = [row[i].strip().casefold() for i in ids if i < len(row)]
        known = next((key for key in keys if key in points), None)
        if known is None or len(row) <= places[0]:
            continue  # Canvas's own line of possible points, its test student, who left the course
        met += 1
        if points[known] is not None:
            row[places[0]] = f"{points[known]:g}"
    if not met:
        raise CourseError(
            "nobody of the roster stands in this table: roster.csv must have the platform's ids"
        )
    out = io.StringIO(newline="")
    whole = csv.QUOTE_ALL if template.removeprefix("\ufeff").startswith('"') else csv.QUOTE_MINIMAL
    ends = "\r\n" if "\r\n" in template else "\n"
    csv.writer(out, dialect, lineterminator=ends, quoting=whole).writerows(table)
    return bom + out.getvalue()


def encoding(data: bytes) -> str:
    """How a platform wrote its table: UTF-16 with a mark (Blackboard), else UTF-8."""
    return "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"


def nbgrader(course: Course, journal, lab: str) -> str:
    """The columns of `nbgrader export`."""
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
        raw = "" if points is None else said["earned"]
        penalty = "" if points is None else round(said["earned"] - points, 2)
        first, _, last = student.name.rpartition(" ")
        writer.writerow(
            {
                "assignment": lab,
                "duedate": course.until(student.id, lab).isoformat(),
                "timestamp": line["submitted"] if line else "",
                "student_id": student.id,
                "last_name": last,
                "first_name": first,
                "email": student.email,
                "raw_score": raw,
                "late_submission_penalty": penalty,
                "score": "" if points is None else points,
                "max_score": most,
            }
        )
    return out.getvalue()


def junit(course: Course, journal, lab: str) -> str:
    """One suite a student, one case a rung: a failure for what was not reached, an error for what
    is not our student's fault.
    """
    root = ElementTree.Element("testsuites", name=f"{course.name} {lab}")
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


def gradescope(said: dict) -> str:
    """The results.json of one submission."""
    tests = [
        {
            "name": rung["title"],
            "score": rung["earned"],
            "max_score": rung["points"],
            "output": rung["says"],
            "visibility": "visible",
            "status": "passed" if rung["state"] == "passed" else "failed",
        }
        for rung in said["rungs"]
        if rung["state"] != "not run"
    ]
    made = {
        "score": said["earned"],
        "output": said["why"] or "Graded.",
        "tests": tests,
        "visibility": "visible",
    }
    return json.dumps(made, indent=1)


def prairielearn(said: dict) -> str:
    """The results.json of one submission, for PrairieLearn's external grader."""
    gradable = said["state"] == "graded"
    made = {
        "gradable": gradable,
        "score": said["earned"] / said["points"] if gradable and said["points"] else 0,
    }
    if gradable:
        made["tests"] = [
            {
                "name": rung["title"],
                "points": rung["earned"],
                "max_points": rung["points"],
                "output": rung["says"],
            }
            for rung in said["rungs"]
            if rung["state"] != "not run"
        ]
    else:
        made["format_errors"] = [said["why"]]
    return json.dumps(made, indent=1)


ONE = {"gradescope": gradescope, "prairielearn": prairielearn}
ALL = {"nbgrader": nbgrader, "junit": junit}

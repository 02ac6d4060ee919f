"""Tables that Canvas, Moodle and Blackboard exported, with the points filled in.

Columns, order and ids stay, and the one column of the assignment gets the points: a column that the
platform does not know would create a new assignment there. What each of them reads back:

    Canvas      "L6 (4711)", with the assignment's number; columns of scores and what is marked
                (read only) are not read. Comma or semicolon.
    Moodle      the gradebook's "Assignment: L6 (Real)", or the grading worksheet of one assignment
                with Identifier, Grade and Last modified (grade). Comma, semicolon or tab.
    Blackboard  "L6 [Total Pts: 100 Score] |123", with the column's number. Tab and UTF-16 as .xls,
                or comma as .csv.
"""

import csv
import io
import re

from labs.course.export import rows
from labs.course.folder import Course, CourseError
from labs.grading import assignment as assigned

WHO = {  # columns that hold a student's id, by platform; the first that is there and fits
    "canvas": ("SIS Login ID", "SIS User ID", "Integration ID", "ID"),
    "moodle": ("ID number", "Username", "Email address"),
    "blackboard": ("Username", "Student ID"),
}
CALCULATED = {  # columns that the platform computes, and ignores or refuses when they come back
    "canvas": re.compile(r"(Current|Final|Override) (Score|Points|Grade|Status)"),
    "moodle": re.compile(r"\((Percentage|Letter|Feedback)\)$"),
    "blackboard": re.compile(r"^(Weighted )?Total \["),
}
NUMBERED = {"canvas": r"\(\d+\)$", "blackboard": r"\|\d+$"}
WORKSHEET = {"Identifier", "Grade", "Last modified (grade)"}  # Moodle's, of one assignment
DELIMITERS = "\t,;"


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
        The column, or that of the ids, is not there; nobody of the roster is; or the platform gives
        the assignment another number of points than the lab has.
    """
    bom = "\ufeff" if template.startswith("\ufeff") else ""
    text = template.removeprefix("\ufeff")
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=lambda one: len(next(csv.reader([first], delimiter=one), ())))
    table = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    if not table:
        raise CourseError(f"expected a table that {platform} exported, got an empty file")
    head = table[0]
    place = _place(head, table, platform, column or lab)
    ids = [i for name in WHO[platform] for i, each in enumerate(head) if each == name]
    if not ids:
        raise CourseError(
            f"a table of {platform}: expected a column {' or '.join(WHO[platform])}, "
            f"got {', '.join(head)}"
        )
    theirs, ours = _most(head, table, place), assigned.read(lab).points
    if theirs is not None and theirs != ours:
        raise CourseError(
            f"{platform} gives {head[place]!r} {theirs:g} points, the lab has {ours}: "
            f"set it to {ours} there, weigh it in its group, and export the table anew"
        )
    points = {}
    for student, _, _, number in rows(course, journal, lab):
        for name in filter(None, (student.id, student.email)):
            points[name.casefold()] = number
    met = 0
    for row in table[1:]:
        keys = [row[i].strip().casefold() for i in ids if i < len(row)]
        known = next((key for key in keys if key in points), None)
        if known is None or len(row) <= place:
            continue  # Canvas's own lines, its test student, who left the course
        met += 1
        if points[known] is not None:
            row[place] = f"{points[known]:g}"
    if not met:
        raise CourseError(
            "nobody of the roster stands in this table: roster.csv must have the platform's ids"
        )
    out = io.StringIO(newline="")
    whole = csv.QUOTE_ALL if text.startswith('"') else csv.QUOTE_MINIMAL
    ends = "\r\n" if "\r\n" in template else "\n"
    csv.writer(out, delimiter=delimiter, lineterminator=ends, quoting=whole).writerows(table)
    return bom + out.getvalue()


def _place(head, table, platform, wanted):
    """The assignment's column, which the platform must know by its number."""
    marks = _possible(table)
    open_ = [
        i
        for i, name in enumerate(head)
        if not CALCULATED[platform].search(name)
        and not (i < len(marks) and "read only" in marks[i])
    ]
    places = [i for i in open_ if head[i] == wanted] or [
        i for i in open_ if wanted.casefold() in head[i].casefold()
    ]
    if platform == "moodle" and WORKSHEET <= set(head):
        places = [head.index("Grade")]
    if len(places) != 1:
        raise CourseError(
            f"expected one column with {wanted!r} in its name, "
            f"got {[head[i] for i in places] or head}; --column says which"
        )
    if platform in NUMBERED and not re.search(NUMBERED[platform], head[places[0]].strip()):
        raise CourseError(
            f"{head[places[0]]!r} has not the number that {platform} gives to an assignment's "
            "column, and would create a new one: export the table again, and change no first line"
        )
    return places[0]


def _most(head, table, place):
    """The points that the platform gives for the assignment; None where the table does not say."""
    said = re.search(r"\[Total Pts: (?:up to )?([\d.,]+)", head[place])  # Blackboard
    if said is None and "Maximum grade" in (lowered := [each.capitalize() for each in head]):
        at = lowered.index("Maximum grade")  # Moodle's worksheet
        said = next((re.match(r"([\d.,]+)", row[at]) for row in table[1:] if len(row) > at), None)
    if said is None and len(row := _possible(table)) > place:  # Canvas
        said = re.match(r"([\d.,]+)", row[place].strip())
    return float(said[1].replace(",", ".")) if said else None


def _possible(table):
    """Canvas's line of possible points, below the first or below one on how grades are posted."""
    return next((row for row in table[1:3] if row and "Points Possible" in row[0]), [])


def encoding(data: bytes) -> str:
    """How a platform wrote its table: UTF-16 with a mark (Blackboard), else UTF-8."""
    return "utf-16" if data.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"

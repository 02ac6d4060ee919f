"""The folder of a course: who is in it, which labs, until when."""

import csv
import datetime
import json
import secrets
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from labs.grading import assignment as assigned

FACTS = """# Times are local to `zone`, hours from UTC. A late day costs late_percent of the points; after late_days nothing is taken.
name = {name}
zone = {zone:+d}
late_percent = 10
late_days = 5
# where the released folder will lie, for links that open a notebook in Colab: "owner/repository/blob/branch"
github = ""

{labs}
# [[extension]]
# student = "s001"
# lab = "L6"
# due = 2026-12-24T23:59:00
"""
LAB = '[[lab]]\nid = "{id}"\ndue = {due}\n'
KEYS = {"name", "zone", "late_percent", "late_days", "github", "lab", "extension"}


class CourseError(ValueError):
    """A course's folder that is not as it must be; says what was expected."""


@dataclass(frozen=True)
class Student:
    """A line of the roster."""

    id: str
    name: str = ""
    email: str = ""


@dataclass(frozen=True)
class Course:
    """A course, read from its folder.

    Attributes
    ----------
    folder : Path
    due : dict of str to datetime
        By lab.
    students : dict of str to Student
    extensions : dict of (str, str) to datetime
        By student and lab.
    """

    folder: Path
    name: str
    due: dict
    students: dict
    seed: str
    late_percent: float = 10
    late_days: float = 5
    github: str = ""
    zone: datetime.timezone = datetime.timezone.utc
    extensions: dict = field(default_factory=dict)

    def until(self, student: str, lab: str) -> datetime.datetime:
        """When a student's lab is due."""
        return self.extensions.get((student, lab), self.due[lab])

    def factor(self, student: str, lab: str, submitted: str) -> float:
        """What part of the points counts, by the time of submission: 1 in time, less for each day
        that has begun.
        """
        late = datetime.datetime.fromisoformat(submitted) - self.until(student, lab)
        days = -(-late.total_seconds() // 86400) if late.total_seconds() > 0 else 0
        return 0.0 if days > self.late_days else max(0.0, 1 - days * self.late_percent / 100)


def make(
    folder: Path,
    name: str,
    labs: list,
    due: datetime.datetime,
    students: Path | None = None,
    zone: int = 0,
) -> Path:
    """Write a new course's folder.

    Raises
    ------
    CourseError
        There is one already.
    """
    if (folder / "course.toml").exists():
        raise CourseError(f"{folder}: there is a course already")
    chosen = [assigned.read(each).id for each in labs]
    listing = "id,name,email\n"
    if students:
        listing = students.read_text("utf-8-sig")
        roster(students)  # before anything is written
    folder.mkdir(parents=True, exist_ok=True)
    listed = "\n".join(
        LAB.format(id=each, due=due.replace(tzinfo=None).isoformat(timespec="seconds"))
        for each in chosen
    )
    (folder / "course.toml").write_text(
        FACTS.format(name=json.dumps(name, ensure_ascii=False), zone=zone, labs=listed), encoding="utf-8"
    )
    (folder / "roster.csv").write_text(
        listing, encoding="utf-8"
    )
    (folder / "seed").write_text(secrets.token_hex(16) + "\n", encoding="ascii")
    (folder / "seed").chmod(0o600)
    return folder


def read(folder: Path) -> Course:
    """Read a course's folder.

    Raises
    ------
    CourseError
    """
    folder = Path(folder)
    try:
        facts = tomllib.loads((folder / "course.toml").read_text("utf-8"))
        seed = (folder / "seed").read_text("ascii").strip()
    except FileNotFoundError as error:
        raise CourseError(
            f"{folder} is no course ({Path(error.filename).name} is missing): python -m labs course new {folder} --labs L6"
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise CourseError(f"{folder / 'course.toml'}: {error}") from None
    unknown = set(facts) - KEYS
    if unknown or not facts.get("lab") or not seed:
        raise CourseError(
            f"{folder}: "
            + (
                f"course.toml has the unknown key {min(unknown)}"
                if unknown
                else "expected at least one [[lab]] and a seed"
            )
        )
    zone = datetime.timezone(datetime.timedelta(hours=facts.get("zone", 0)))

    def moment(value, where):
        if not isinstance(value, datetime.datetime):
            raise CourseError(
                f"course.toml, {where}: expected due = 2026-12-24T23:59:00, got {value!r}"
            )
        return value if value.tzinfo else value.replace(tzinfo=zone)

    due = {one["id"]: moment(one.get("due"), one["id"]) for one in facts["lab"]}
    extensions = {
        (one["student"], one["lab"]): moment(one.get("due"), one["student"])
        for one in facts.get("extension", ())
    }
    students = roster(folder / "roster.csv")
    strange = [
        f"{who} in {which}" for who, which in extensions if who not in students or which not in due
    ]
    if strange:
        raise CourseError(
            f"course.toml: an extension for {strange[0]}, who or which is not in this course"
        )
    kept = {key: facts[key] for key in ("late_percent", "late_days", "github") if key in facts}
    return Course(
        folder,
        facts.get("name", folder.name),
        due,
        students,
        seed,
        zone=zone,
        extensions=extensions,
        **kept,
    )


def roster(path: Path) -> dict:
    """The students of a roster.csv, by id.

    Raises
    ------
    CourseError
        A column or an id is missing, or an id occurs twice.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
        columns = set(rows[0]) if rows else {"id"}
    if "id" not in columns:
        raise CourseError(
            f"{path}: expected a first line such as id,name,email, got {', '.join(map(str, columns))}"
        )
    found = {}
    for number, row in enumerate(rows, 2):
        who = (row["id"] or "").strip()
        if not who or who in found:
            raise CourseError(
                f"{path}, line {number}: "
                + (f"the id {who} occurs twice" if who else "an id is missing")
            )
        found[who] = Student(who, (row.get("name") or "").strip(), (row.get("email") or "").strip())
    return found

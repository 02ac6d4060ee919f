"""What was collected and graded, one line of JSON each, only ever added to.

One process writes at a time. A line is whole on the disk before the next one begins, and a half
line that a killed process
left behind is cut off when the next one starts to write; so a course can be killed at any moment
and gone on with.
"""

import contextlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import filelock

from labs.course.folder import CourseError

FILE = "journal.jsonl"


@dataclass
class Journal:
    """All lines, in order."""

    path: Path
    lines: list = field(default_factory=list)
    file: object = None

    def add(self, **line):
        """Write a line, to the disk."""
        if self.file is None:
            raise CourseError("the journal is open for reading alone")
        self.file.write(json.dumps(line, ensure_ascii=True) + "\n")
        self.file.flush()
        os.fsync(self.file.fileno())
        self.lines.append(line)

    def latest(self) -> dict:
        """The last submission of each student in each lab: {(lab, student): line}."""
        found = {}
        for line in self.lines:
            if line["what"] == "collected":
                known = found.get((line["lab"], line["student"]))
                if known is None or line["submitted"] >= known["submitted"]:
                    found[line["lab"], line["student"]] = line
        return found

    def verdicts(self) -> dict:
        """What was said of each content: {(lab, sha256): [line, ...]}, in order."""
        found = {}
        for line in self.lines:
            if line["what"] == "graded":
                found.setdefault((line["lab"], line["sha256"]), []).append(line)
        return found

    def grades(self) -> dict:
        """The verdict that counts for each student's last submission: {(lab, student): (submission,
        verdict or None)}.
        """
        verdicts = self.verdicts()
        return {
            key: (line, (verdicts.get((line["lab"], line["sha256"])) or [None])[-1])
            for key, line in self.latest().items()
        }


def read(folder: Path) -> Journal:
    """Read a course's journal; a half line at its end is not read."""
    path = Path(folder) / FILE
    return Journal(path, _lines(path)[0])


@contextlib.contextmanager
def writing(folder: Path):
    """Open a course's journal for adding; one process at a time.

    Raises
    ------
    CourseError
        Another process writes.
    """
    path = Path(folder) / FILE
    try:
        with filelock.FileLock(f"{path}.lock", timeout=0):
            lines, whole = _lines(path)
            with path.open("a", encoding="ascii") as file:
                file.truncate(whole)
                yield Journal(path, lines, file)
    except filelock.Timeout:
        raise CourseError(f"{path}: another process is writing; wait for it to end") from None


def _lines(path):
    """The whole lines of a journal, and how many bytes they take."""
    data = path.read_bytes() if path.exists() else b""
    whole = data.rfind(b"\n") + 1
    found = []
    for number, line in enumerate(data[:whole].splitlines(), 1):
        try:
            found.append(json.loads(line))
        except ValueError:
            raise CourseError(
                f"{path}, line {number}: it is no JSON; was the file edited?"
            ) from None
    return found, whole

"""Take in what was handed in: a folder or a zip, with the names that a learning platform gives to
files.

    Canvas       lastnamefirst_12345_67890_L6_submission.zip, with LATE_ in between where it was
    late
    Moodle       Full Name_12345_assignsubmission_file/L6_submission.zip (or _file_)
    Blackboard   Lab 6_username_attempt_2026-11-20-23-41-07_L6_submission.zip
    otherwise    username.ipynb, or username/anything.ipynb

The time of a submission is kept once, when its content is first collected, and never again.
"""

import datetime
import hashlib
import io
import re
import unicodedata
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from labs.course.folder import Course

LARGEST = 20 << 20  # bytes of one file that is handed in
MOST = 2000  # members of an archive
CODE = (".ipynb", ".py")
CANVAS = re.compile(r"(?P<name>[^_/]+)_(?:LATE_)?(?P<id>\d+)_\d+_.+")
MOODLE = re.compile(r"(?P<name>[^_/]+)_\d+_assignsubmission_file.*")
BLACKBOARD = re.compile(r".+?_(?P<id>[^_/]+)_attempt_(?P<time>\d{4}(?:-\d\d){5})(?:_.*)?")


@dataclass(frozen=True)
class Found:
    """A file that was handed in.

    Attributes
    ----------
    name : str
        As it came.
    student : str or None
        None where nobody in the roster fits.
    content : bytes
        The notebook or the Python file; what could not be read as one is kept as it came.
    suffix : str
    submitted : datetime
    """

    name: str
    student: str | None
    content: bytes
    suffix: str
    submitted: datetime.datetime


def look(course: Course, where: Path) -> list:
    """All files of a folder or a zip; each with the student that it belongs to."""
    return [_found(course, *each) for each in _files(where, course.zone)]


def _files(where, zone):
    """(name, bytes, time) of each file, without what operating systems leave behind."""
    if where.is_dir():
        for path in sorted(where.rglob("*")):
            name = path.relative_to(where).as_posix()
            if path.is_file() and not path.is_symlink() and not left_behind(name):
                moment = datetime.datetime.fromtimestamp(path.stat().st_mtime, zone)
                yield name, path.read_bytes() if path.stat().st_size <= LARGEST else b"", moment
        return
    with zipfile.ZipFile(where) as archive:
        for one in archive.infolist()[: 10 * MOST]:
            if not one.is_dir() and not left_behind(one.filename):
                moment = datetime.datetime(*one.date_time, tzinfo=zone)
                yield one.filename, _member(archive, one), moment


def left_behind(name: str) -> bool:
    """Is it a file that an operating system or Jupyter puts beside a submission?"""
    parts = PurePosixPath(name).parts
    return (
        any(part.startswith(".") or part == "__MACOSX" for part in parts)
        or ".ipynb_checkpoints" in parts
    )


def _member(archive, one):
    """A member, if it is small; read with a limit, because what a zip says of its sizes may be a
    lie.
    """
    try:
        with archive.open(one) as file:
            data = file.read(LARGEST + 1)
    except (
        Exception
    ):  # encrypted, cut off, another compression: not to be read, which is said later
        return b""
    return data if len(data) <= LARGEST else b""


def _found(course, name, data, moment):
    student, told = whose(course, name)
    content, suffix = unpacked(data, PurePosixPath(name).suffix.lower())
    return Found(name, student, content, suffix, told or moment)


def whose(course: Course, name: str) -> tuple:
    """(id of the student, time of submission) by the name of a file; None for what the name does
    not say.
    """
    parts = PurePosixPath(name).parts
    for part in parts:
        board = BLACKBOARD.fullmatch(part)
        if board:
            moment = datetime.datetime.strptime(board["time"], "%Y-%m-%d-%H-%M-%S").replace(
                tzinfo=course.zone
            )
            return _known(course, board["id"]), moment
        for form in (MOODLE, CANVAS):
            fits = form.fullmatch(part)
            if fits:
                return _known(course, fits.groupdict().get("id")) or _known(
                    course, fits["name"]
                ), None
    for part in (parts[0], PurePosixPath(parts[-1]).stem):
        if _known(course, part):
            return _known(course, part), None
    return None, None


def _plain(text):
    """Letters and digits alone, small, without accents."""
    flat = unicodedata.normalize("NFKD", text)
    return "".join(c for c in flat.casefold() if c.isalnum())


def _known(course, text):
    """The student whose id, address or name this is; None where nobody or several are."""
    if not text:
        return None
    if text in course.students:
        return text
    wanted, found = _plain(text), []
    for one in course.students.values():
        words = one.name.replace(",", " ").split()
        turned = {
            _plain(one.name),
            _plain("".join(reversed(words))),
            _plain("".join([*words[-1:], *words[:-1]])),
        }
        if wanted in {_plain(one.id), _plain(one.email.partition("@")[0]), *turned} - {""}:
            found.append(one.id)
    return found[0] if len(found) == 1 else None


def unpacked(data: bytes, suffix: str) -> tuple:
    """The code in a file that was handed in: of a zip the one notebook or Python file in it."""
    if suffix != ".zip":
        return data, suffix
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = [
                one
                for one in archive.infolist()[:MOST]
                if not one.is_dir()
                and not left_behind(one.filename)
                and PurePosixPath(one.filename).suffix.lower() in CODE
            ]
            named = [
                one for one in members if PurePosixPath(one.filename).stem == "submission"
            ] or members
            if len(named) == 1:
                return _member(archive, named[0]), PurePosixPath(named[0].filename).suffix.lower()
    except Exception:  # a stranger's zip raises what it likes; the grader refuses it in words where it reads the file
        return data, suffix
    return data, suffix


def collect(course: Course, journal, lab: str, where: Path, say=print) -> int:
    """Take in a folder or a zip; return how many submissions are new. Says what belongs to nobody."""
    known = {
        (line["student"], line["sha256"])
        for line in journal.lines
        if line["what"] == "collected" and line["lab"] == lab
    }
    store, new = course.folder / "submitted" / lab, 0
    store.mkdir(parents=True, exist_ok=True)
    for one in look(course, Path(where)):
        if one.student is None:
            say(f"belongs to nobody in the roster: {one.name}")
            continue
        digest = hashlib.sha256(one.content + one.suffix.encode()).hexdigest()
        if (one.student, digest) in known:
            continue
        known.add((one.student, digest))
        (store / digest).write_bytes(one.content)
        journal.add(
            what="collected",
            lab=lab,
            student=one.student,
            sha256=digest,
            checksum=hashlib.sha256(one.content).hexdigest(),
            suffix=one.suffix,
            file=one.name,
            submitted=one.submitted.isoformat(timespec="seconds"),
        )
        new += 1
    return new

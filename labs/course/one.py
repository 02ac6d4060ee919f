"""One submission, graded at once and without a journal, for a grader that starts us for each."""

from pathlib import Path

from labs.course import collect, grade
from labs.course.folder import Course
from labs.grading import apart, sandbox


def picked(where: Path) -> tuple:
    """(content, suffix) of what one student handed in: a file, a zip, or a folder with one of them.

    Where a folder holds several, the one whose name is `submission`, as `lab.submit()` makes it.
    Nothing fits: content is empty and the suffix says what is there.
    """
    where = Path(where)
    if where.is_dir():
        there = [
            path
            for path in sorted(where.rglob("*"))
            if path.is_file()
            and not path.is_symlink()
            and not collect.left_behind(path.relative_to(where).as_posix())
            and path.suffix.lower() in (*collect.CODE, ".zip")
        ]
        named = [path for path in there if path.stem == "submission"] or there
        if len(named) != 1:
            return b"", ", ".join(path.name for path in there) or "no such file"
        where = named[0]
    data = where.read_bytes() if where.stat().st_size <= collect.LARGEST else b""
    return collect.unpacked(data, where.suffix.lower())


def judged(course: Course, lab: str, where: Path, thrown_away: bool = False) -> dict:
    """What is said of one submission, and `inside` of what it ran.

    Parameters
    ----------
    thrown_away : bool
        This machine is thrown away after it, and allows no sandbox: `labs.grading.apart`.

    Raises
    ------
    labs.grading.sandbox.NoSandbox
    """
    made, (content, suffix) = grade.edition(course, lab), picked(where)
    if suffix not in collect.CODE:
        return grade.verdict(made, content, suffix, None) | {"inside": "nothing: it was not started"}
    if not thrown_away or not sandbox.lacking():
        sandbox.require()
        return grade.verdict(made, content, suffix, sandbox.Sandbox()) | {"inside": "a sandbox"}
    apart.require()
    box = apart.Apart()
    try:
        said = grade.verdict(made, content, suffix, box)
    finally:
        box.sweep()
    return said | {"inside": "a process of another user"}

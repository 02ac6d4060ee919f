"""What students get: the notebook without solutions, the kit of its checks, and what an assistant
may do.
"""

import io
import zipfile

from labs.course.folder import Course, CourseError
from labs.grading import assignment as assigned
from labs.grading import cases, sources

README = """{title}

Due: {due}. {late}

1. Open {notebook}.ipynb, in Jupyter or an editor with notebooks{colab}.
2. `lab.check()` says what is right already, as often as you like.
3. `lab.submit("{notebook}.ipynb")` makes the one file to hand in and prints its receipt. Keep the receipt.

The grader climbs the same rungs with other draws. What an AI assistant may do stands in AGENTS.md.
"""
LONG_AGO = (1980, 1, 1, 0, 0, 0)


def release(course: Course, which: str) -> tuple:
    """Write released/LAB and its zip; return both paths.

    Raises
    ------
    CourseError
        The lab is not in the course, or a line of the solution stands in what would be released.
    """
    lab = assigned.read(which)
    if lab.id not in course.due:
        raise CourseError(
            f"{lab.id} is not in course.toml: expected one of {', '.join(course.due)}"
        )
    name = lab.folder.name
    link = (
        f"https://colab.research.google.com/github/{course.github}/{lab.id}/{name}.ipynb"
        if course.github
        else ""
    )
    late = (
        f"A late day costs {course.late_percent:g} % of the points, up to {course.late_days:g} days."
        if course.late_percent
        else "Late work is taken without a loss."
        if course.late_days
        else "Late work is not taken."
    )
    made = {
        f"{name}.ipynb": sources.notebook(lab.text("lab.md"), lab.frameworks).encode(),
        f"{lab.id}.npz": cases.to_bytes(
            lab, cases.make(lab, f"{course.name}, {cases.PUBLIC_SEED}")
        ),
        "AGENTS.md": lab.text("AGENTS.md").encode(),
        "README.md": README.format(
            title=lab.title,
            due=f"{course.due[lab.id]:%Y-%m-%d %H:%M %Z}",
            late=late,
            notebook=name,
            colab=f", or in Colab: {link}" if link else "",
        ).encode(),
    }
    leaks = cases.leaked(
        lab, {path: data.decode("utf-8", "replace") for path, data in made.items()}
    )
    if leaks:
        raise CourseError(
            f"not released: {leaks[0][0]} holds a line of the solution: {leaks[0][1]}"
        )
    folder = course.folder / "released" / lab.id
    folder.mkdir(parents=True, exist_ok=True)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, data in made.items():
            (folder / path).write_bytes(data)
            archive.writestr(zipfile.ZipInfo(f"{name}/{path}", LONG_AGO), data)
    whole = folder.parent / f"{name}.zip"
    whole.write_bytes(file.getvalue())
    return folder, whole

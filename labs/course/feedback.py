"""One HTML page a student and lab, self-contained, with nothing on it that the student may not see."""

import html

from labs.course.folder import Course
from labs.course.grade import final
from labs.grading import assignment as assigned
from labs.grading.climbing import STATES, marked

STYLE = """
:root { color-scheme: light dark; --pass: #1a7f37; --fail: #b3261e; --line: #8884; }
@media (prefers-color-scheme: dark) { :root { --pass: #6fd08c; --fail: #ff9d94; } }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 46rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.4rem; } li { margin: .6rem 0; padding-bottom: .6rem; border-bottom: 1px solid var(--line); list-style: none; }
ul { padding: 0; } .labs-pass { color: var(--pass); } .labs-fail { color: var(--fail); } meter { width: 100%; height: 1.2rem; }
code, pre { font-family: ui-monospace, monospace; font-size: .9em; overflow-wrap: anywhere; white-space: pre-wrap; }
"""


def page(course: Course, student, line: dict, said: dict) -> str:
    """The page of one submission."""
    title = f"{line['lab']}: {assigned.read(line['lab']).title}"
    parts = [f"<h1>{html.escape(title)}</h1>", f"<p>{html.escape(student.name or student.id)}</p>"]
    if said["state"] == "graded":
        points = final(course, line, said)
        parts.append(
            f"<p><label><strong>{said['earned']} of {said['points']} points</strong> "
            f'<meter min="0" max="{said["points"]}" value="{said["earned"]}">{said["earned"]}</meter></label></p>'
        )
        if points != said["earned"]:
            parts.append(f"<p>Handed in late: {points:g} points count.</p>")
        parts.append("<ul>")
        for rung in said["rungs"]:
            mark, css = STATES[rung["state"]]
            reached = (
                "not run here"
                if rung["state"] == "not run"
                else f"{rung['earned']} of {rung['points']}"
            )
            parts.append(
                f'<li><span class="{css}"><span aria-hidden="true">{mark}</span> {html.escape(rung["title"])}: {reached}</span>'
                + (f"<br>{marked(rung['says'])}" if rung["says"] else "")
                + "</li>"
            )
        parts.append("</ul>")
        for head, text in (
            ("What could not be executed", "\n".join(said.get("notes", ()))),
            ("What it printed", said.get("printed", "")),
        ):
            if text.strip():
                parts.append(
                    f"<details><summary>{head}</summary><pre>{html.escape(text)}</pre></details>"
                )
    elif said["state"] == "refused":
        parts.append(
            f"<p><strong>It could not be read:</strong> {html.escape(said['why'])}. Hand in the file that lab.submit() makes.</p>"
        )
    else:
        parts.append(
            "<p><strong>Not graded yet</strong>, because of the machine that grades. You need not do anything.</p>"
        )
    parts.append(
        f"<p>File: {html.escape(line['file'])}<br>Handed in: {html.escape(line['submitted'])}; "
        f"checksum: {html.escape(line['checksum'][:16])}<br>Due: {course.until(line['student'], line['lab']).isoformat(timespec='minutes')}</p>"
    )
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{html.escape(title)}</title><style>{STYLE}</style></head><body><main>{''.join(parts)}</main></body></html>\n"
    )


def write(course: Course, journal, lab: str) -> list:
    """Write feedback/LAB/STUDENT.html for all that were judged."""
    folder, made = course.folder / "feedback" / lab, []
    for (which, who), (line, said) in sorted(journal.grades().items()):
        if which == lab and said is not None and who in course.students:
            folder.mkdir(parents=True, exist_ok=True)
            path = folder / f"{safe(who)}.html"
            path.write_text(page(course, course.students[who], line, said), encoding="utf-8")
            made.append(path)
    return made


def safe(name: str) -> str:
    """A student's id as a file's name."""
    return "".join(c if c.isalnum() or c in "-_@." else "_" for c in name).lstrip(".") or "_"

"""Which submissions are alike: a hint of whom to read side by side, and never a verdict.

A submission's code becomes a row of tokens, in which all names of its own are one; what the handout
gives is left out; two submissions share a part of their runs of 12 tokens. Text is only cut into
tokens here: nothing of a stranger is parsed or executed in the grader's process.
"""

import csv
import datetime
import itertools
import keyword
import re
import statistics

from labs.course.feedback import safe
from labs.course.folder import Course
from labs.grading import assignment as assigned
from labs.grading import slicing, sources

RUN = 12  # tokens; shorter runs are Python's idioms
LONGEST = 200_000  # characters of one submission that are looked at
TOKEN = re.compile(
    r"#[^\n]*|(?P<text>'''.*?'''|\"\"\".*?\"\"\"|'[^'\n]*'|\"[^\"\n]*\")"
    r"|(?P<name>[^\W\d]\w*)|(?P<number>\d[\w.]*)|(?P<sign>[^\s\w])",
    re.S,
)
FEWEST = 10  # runs that a submission must have beyond the handout to be compared


def runs(code: str) -> set:
    """The runs of tokens of some code, names, numbers and texts each as one."""
    tokens = []
    for found in TOKEN.finditer(code[:LONGEST]):
        kind, text = found.lastgroup, found[0]
        if kind == "name":
            tokens.append(text if keyword.iskeyword(text) else "n")
        elif kind:
            tokens.append(text if kind == "sign" else kind)
    return {hash(tuple(tokens[i : i + RUN])) for i in range(len(tokens) - RUN + 1)}


def pieces(content: bytes, suffix: str) -> list:
    """The code of a submission, cell by cell; nothing where it cannot be read."""
    try:
        return slicing.code_of(content, suffix)
    except slicing.NotCode:
        return []


def codes(course: Course, journal, lab: str) -> dict:
    """The pieces of code of each student's last submission that could be graded, by student."""
    store, found = course.folder / "submitted" / lab, {}
    for (which, who), (line, said) in sorted(journal.grades().items()):
        if which == lab and who in course.students and said and said["state"] == "graded":
            found[who] = pieces((store / line["sha256"]).read_bytes(), line["suffix"])
    return found


def pairs(course: Course, journal, lab: str) -> list:
    """(part of the runs that two submissions share, student, student), most alike first."""
    made = assigned.read(lab)
    text = made.text("lab.md")
    handed = sources.notebook(text, made.frameworks).encode()
    given = runs(sources.stub(text)).union(*map(runs, pieces(handed, ".ipynb")))
    own = {
        who: set().union(*map(runs, code)) - given
        for who, code in codes(course, journal, lab).items()
    }
    own = {who: some for who, some in own.items() if len(some) >= FEWEST}
    found = [
        (len(own[a] & own[b]) / len(own[a] | own[b]), a, b)
        for a, b in itertools.combinations(own, 2)
    ]
    return sorted(found, key=lambda one: (-one[0], one[1:]))


def told(found: list, most: int = 5) -> list:
    """The most alike pairs as lines, beside what two of this course have in common anyway."""
    if not found:
        return []
    middle = statistics.median(part for part, *_ in found)
    lines = [f"alike (a hint; two of this course share {middle:.0%} in the middle)"]
    return lines + [f"  {part:>4.0%}  {a}, {b}" for part, a, b in found[:most]]


def dolos(course: Course, journal, lab: str, folder) -> int:
    """Write the folder that Dolos reads: a file for each student, info.csv, and the handout as
    template.py; return how many submissions there are.
    """
    folder.mkdir(parents=True, exist_ok=True)
    grades, text = journal.grades(), assigned.read(lab).text("lab.md")
    (folder / "template.py").write_text(sources.stub(text) + "\n", encoding="utf-8")
    found = codes(course, journal, lab)
    with (folder / "info.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(("filename", "full_name", "created_at"))
        for who, code in found.items():
            name = f"{safe(who)}.py"
            (folder / name).write_text("\n\n\n".join(code) + "\n", "utf-8", "replace")
            moment = datetime.datetime.fromisoformat(grades[lab, who][0]["submitted"])
            full_name = course.students[who].name or who
            table.writerow((name, full_name, f"{moment:%Y-%m-%d %H:%M:%S %z}"))
    return len(found)

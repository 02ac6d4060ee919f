"""The one source of a lab, lab.md: its cells, the student's notebook, the solution.

Markdown with cells of code between ```{code-cell} and ```, as in the chapters. In a cell of code,
what stands between
`### BEGIN SOLUTION` and `### END SOLUTION` (nbgrader's marks) is left out of everything that a
student gets.
"""

import ast
import hashlib
import importlib.metadata
import json
import re
from dataclasses import dataclass

import labs
from labs.grading import serving
from labs.grading.assignment import LabError

FRONT = re.compile(r"\A---\n.*?\n---\n", re.S)
CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(.*?)^```[ \t]*\n?", re.M | re.S)
OPTION = re.compile(r"\A(?::\w+:[^\n]*\n)+")
BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
STUB = f'raise NotImplementedError("{serving.STUB}")'
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
ASKS = re.compile(r"\blab\b|\bgrading\b")
SHORT = 12  # characters: a shorter line of a solution, such as `return x`, may stand anywhere


@dataclass(frozen=True)
class Cell:
    """Markdown or code, as lab.md has it."""

    kind: str
    source: str


def cells(text: str) -> list:
    """The cells of a lab.md, front matter left out."""
    body, found, at = FRONT.sub("", text), [], 0
    for code in CELL.finditer(body):
        found += [
            Cell("markdown", body[at : code.start()].strip()),
            Cell("code", OPTION.sub("", code[1]).rstrip()),
        ]
        at = code.end()
    found.append(Cell("markdown", body[at:].strip()))
    return [cell for cell in found if cell.source]


def _regions(source):
    """The lines of a cell as (line, whether it is solution, whether it begins a region), marks left
    out.
    """
    inside = False
    for line in source.splitlines():
        mark = line.strip()
        if mark in (BEGIN, END):
            if inside == (mark == BEGIN):
                raise LabError(f"lab.md: a {mark} without its partner")
            inside = mark == BEGIN
            if inside:
                yield line, None
            continue
        yield line, inside
    if inside:
        raise LabError(f"lab.md: a {BEGIN} without its partner")


def stripped(source: str) -> str:
    """A cell with a stub in place of each solution.

    Raises
    ------
    LabError
        A solution stands in a class but in none of its methods: the class could not be made.
    """
    made = "\n".join(
        line.replace(BEGIN, STUB) if state is None else line
        for line, state in _regions(source)
        if state is not True
    )
    try:
        tree = ast.parse(made)
    except SyntaxError:  # a cell with a magic
        return made
    for one in (each for each in ast.walk(tree) if isinstance(each, ast.ClassDef)):
        if any(ast.unparse(each) == ast.unparse(ast.parse(STUB)) for each in one.body):
            raise LabError(
                f"lab.md: a {BEGIN} stands in the class {one.name} but in none of its methods, so "
                "that the handout could not even make the class: begin and end it in each method"
            )
    return made


def solved(source: str) -> str:
    """A cell with its solutions, without the marks."""
    return "\n".join(line for line, state in _regions(source) if state is not None)


def solution(text: str) -> str:
    """The code of a lab.md with its solutions: what a student would hand in who gets all points."""
    return "\n\n\n".join(solved(source) for source in _written(text))


def stub(text: str) -> str:
    """The same with nothing written: what an untouched notebook holds."""
    return "\n\n\n".join(stripped(source) for source in _written(text))


def _written(text):
    """The cells of code but those that speak with the lab: they check and submit."""
    return [
        cell.source for cell in cells(text) if cell.kind == "code" and not ASKS.search(cell.source)
    ]


def secret_lines(text: str) -> set:
    """The lines of the solutions that may stand in no released file: stripped of spaces, short ones
    left out.
    """
    code = [cell.source for cell in cells(text) if cell.kind == "code"]
    inside = {line.strip() for source in code for line, state in _regions(source) if state}
    given = {line.strip() for source in code for line, state in _regions(source) if state is False}
    return {line for line in inside - given if len(line) > SHORT and not line.startswith("#")}


def setup(frameworks=()) -> str:
    """The cell that makes a student's notebook run in Colab; elsewhere it installs nothing."""
    try:
        facts = importlib.metadata.metadata("parity-course")
    except importlib.metadata.PackageNotFoundError:
        raise LabError(
            "the course's package is not installed: pip install -e . in the repository's folder"
        ) from None
    addresses = dict(each.split(", ", 1) for each in facts.get_all("Project-URL") or ())
    address = addresses.get("Repository", "")
    lines = [
        "# Only Colab needs this cell: it installs the course's package. Elsewhere it does nothing.",
        "import importlib.util, sys",
        "",
        'if "google.colab" in sys.modules:',
        f"    %pip install --quiet {address}/archive/refs/tags/v{labs.__version__}.tar.gz",
    ]
    if "paddle" in frameworks:
        lines += [
            '    if importlib.util.find_spec("paddle") is None:',
            '        %pip install --quiet "paddlepaddle>=3.3.1,<3.4"',
        ]
    return "\n".join(lines)


def notebook(text: str, frameworks=()) -> str:
    """The student's notebook, as the text of an .ipynb: no solutions, no outputs, the same bytes
    each time."""
    made, seen = [], {}
    found = cells(text)
    first = next((i for i, cell in enumerate(found) if cell.kind == "code"), len(found))
    found.insert(first, Cell("code", setup(frameworks)))
    for cell in found:
        source = stripped(cell.source) if cell.kind == "code" else cell.source
        seen[source] = seen.get(source, 0) + 1
        its_id = hashlib.sha256(f"{cell.kind}\n{source}\n{seen[source]}".encode()).hexdigest()[:8]
        one = {
            "cell_type": cell.kind,
            "id": its_id,
            "metadata": {},
            "source": source.splitlines(keepends=True),
        }
        made.append(one | ({"execution_count": None, "outputs": []} if cell.kind == "code" else {}))
    book = {
        "cells": made,
        "metadata": {"kernelspec": KERNEL, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(book, ensure_ascii=False, indent=1) + "\n"

"""The wrong and the right solutions that a lab is tried with.

A file of `mutants/` or `variants/` is Python that is executed after the lab's own solution, so that
it holds only what
differs: the last definition of a name counts. A mutant begins with a docstring that says the
mistake, and with
`POINTS = ...`, what it must get.
"""

import ast
from dataclasses import dataclass
from pathlib import Path

from labs.grading import sources
from labs.grading.assignment import Lab, LabError, run_source


@dataclass(frozen=True)
class Other:
    """A solution that differs from the lab's own.

    Attributes
    ----------
    name : str
    says : str
        Its docstring's first line.
    points : int
        What it must get.
    source : str
        All of it: the lab's solution, then what differs.
    """

    name: str
    says: str
    points: int
    source: str
    path: Path

    def names(self) -> dict:
        """What it defines, executed."""
        return run_source(self.source, str(self.path))


def mutants(lab: Lab) -> dict:
    """The wrong solutions, by name."""
    return {path.stem: _other(lab, path, None) for path in _files(lab, "mutants")}


def variants(lab: Lab) -> dict:
    """The right ones of another kind, by name."""
    return {path.stem: _other(lab, path, lab.points) for path in _files(lab, "variants")}


def _files(lab, kind):
    return sorted((lab.folder / kind).glob("*.py"))


def _other(lab, path, points):
    own = path.read_text(encoding="utf-8")
    tree = ast.parse(own)
    says = (ast.get_docstring(tree) or "").partition("\n")[0]
    if points is None:
        found = [
            node.value
            for node in tree.body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "POINTS"
        ]
        if (
            len(found) != 1
            or not isinstance(found[0], ast.Constant)
            or type(found[0].value) is not int
        ):
            raise LabError(f"{path}: expected one line POINTS = a whole number")
        points = found[0].value
    if not says:
        raise LabError(f"{path}: expected a docstring that says what is other here")
    return Other(
        path.stem, says, points, sources.solution(lab.text("lab.md")) + "\n\n\n" + own, path
    )

"""A lab as it lies in its folder: what its files say, read and held to each other.

assignments/L6_bpe/
  lab.md        story, given code, solution regions: the student's notebook is made from it
  lab.toml      names, rungs with their points, frameworks, limits
  reference.py  computes the right answers, outside the sandbox
  checks.py     which calls are made in each rung
  calls.py      optional: what is called on top of the student's names (gradients, training steps)
  hints.toml    a mutant's name -> the sentence that helps
  mutants/      wrong solutions, each with the points it must get
  variants/     right solutions of another kind
"""

import functools
import os
import re
import tomllib
import types
from dataclasses import dataclass, field
from pathlib import Path

import labs

FOLDER = Path(labs.__file__).resolve().parent.parent / "assignments"
ELSEWHERE = "LABS_ASSIGNMENTS"  # a folder with labs of one's own, in place of the course's
NAME = re.compile(r"(L\d+)_([a-z][a-z0-9_]*)")
FILES = (
    "lab.md",
    "lab.toml",
    "reference.py",
    "checks.py",
    "hints.toml",
    "AGENTS.md",
    "CHANGELOG.md",
)
KEYS = {"id", "title", "after", "version", "minutes", "frameworks", "names", "rung", "limits"}
FRAMEWORKS = {"torch", "paddle"}


class LabError(ValueError):
    """A lab that is not as it must be; says which file and what was expected."""


@dataclass(frozen=True)
class Rung:
    """One step of the ladder of a lab.

    Attributes
    ----------
    name, title : str
    points : int
    needs : tuple of str
        What must be here, such as "gpu"; without it the rung is not run, which is not zero points.
    """

    name: str
    title: str
    points: int
    needs: tuple = ()


@dataclass(frozen=True)
class Limits:
    """What a submission may take.

    Attributes
    ----------
    load_s, call_s, total_s : float
        Seconds to load the code, for a call that says nothing else, and for all of it.
    memory_gb : float
        Of address space; importing both frameworks takes 2.
    answer_mb : float
        One answer.
    """

    load_s: float = 30
    call_s: float = 10
    total_s: float = 60
    memory_gb: float = 4
    answer_mb: float = 16


@dataclass(frozen=True)
class Lab:
    """A lab: what student and grader both know of it.

    Attributes
    ----------
    id, title : str
    version : int
    names : dict of str to str
        The contract: each name that the student writes, and its signature in words.
    rungs : tuple of Rung
    frameworks : tuple of str
    limits : Limits
    calls : str
        Source of `calls.py`; empty where there is none.
    hints : dict of str to str
    folder : Path or None
        None where only the student's kit is here.
    """

    id: str
    title: str
    version: int
    names: dict
    rungs: tuple
    frameworks: tuple = ()
    after: tuple = ()
    minutes: int = 0
    limits: Limits = field(default_factory=Limits)
    calls: str = ""
    hints: dict = field(default_factory=dict)
    folder: Path | None = None

    @property
    def points(self) -> int:
        """All points."""
        return sum(rung.points for rung in self.rungs)

    def text(self, name: str) -> str:
        """A file of the lab's folder."""
        return (self.folder / name).read_text(encoding="utf-8")

    @functools.cached_property
    def reference(self) -> dict:
        """The names that reference.py defines."""
        return run_source(self.text("reference.py"), str(self.folder / "reference.py"))

    @functools.cached_property
    def checks(self) -> dict:
        """The generators of checks.py, by the name of their rung."""
        path = self.folder / "checks.py"
        found = run_source(self.text("checks.py"), str(path)).get("RUNGS", {})
        rungs = [rung.name for rung in self.rungs]
        if sorted(found) != sorted(rungs):
            raise LabError(
                f"{path}: expected one @rung for each of {', '.join(rungs)}, got {', '.join(found) or 'none'}"
            )
        return found


def run_source(source: str, path: str, given: dict | None = None) -> dict:
    """Execute a file of a lab and return its names; it has `given` already."""
    module = types.ModuleType(Path(path).stem)
    vars(module).update(given or {}, __file__=path)
    exec(compile(source, path, "exec"), vars(module))
    return vars(module)


def home() -> Path:
    """The folder with the labs: the course's own, or the one that LABS_ASSIGNMENTS names."""
    return Path(os.environ.get(ELSEWHERE) or FOLDER)


def names(root: Path | None = None) -> list:
    """The folders of all labs, in the order of their numbers."""
    root = root or home()
    found = (
        [path.name for path in root.iterdir() if NAME.fullmatch(path.name)] if root.is_dir() else []
    )
    return sorted(found, key=lambda name: int(NAME.fullmatch(name)[1][1:]))


def find(which: str, root: Path | None = None) -> Path:
    """The folder of a lab: "L6", "L6_bpe" or a path.

    Raises
    ------
    LabError
    """
    root = root or home()
    if (Path(which) / "lab.toml").exists():
        return Path(which).resolve()
    found = [name for name in names(root) if which in (name, NAME.fullmatch(name)[1])]
    if not found:
        raise LabError(
            f"there is no lab {which!r}: expected one of {', '.join(names(root)) or 'none, ' + str(root) + ' is empty'}"
        )
    return root / found[0]


def read(which: str | Path, root: Path | None = None) -> Lab:
    """Read a lab's folder.

    Raises
    ------
    LabError
        A file is missing, or does not say what it must.
    """
    folder = find(str(which), root)
    missing = [name for name in FILES if not (folder / name).exists()]
    if missing:
        raise LabError(f"{folder}: {', '.join(missing)} is missing")
    facts = _toml(folder / "lab.toml")
    calls = folder / "calls.py"
    made = of_facts(
        facts,
        str(folder / "lab.toml"),
        folder=folder,
        hints=_toml(folder / "hints.toml"),
        calls=calls.read_text(encoding="utf-8") if calls.exists() else "",
    )
    if folder.name.split("_")[0] != made.id:
        raise LabError(
            f"{folder / 'lab.toml'}: expected id = {folder.name.split('_')[0]!r}, got {made.id!r}"
        )
    return made


def of_facts(facts: dict, where: str, **more) -> Lab:
    """A lab from what its lab.toml says."""
    unknown, missing = set(facts) - KEYS, {"id", "title", "names", "rung"} - set(facts)
    if unknown or missing:
        raise LabError(
            f"{where}: "
            + "; ".join(
                [f"unknown key {key}" for key in sorted(unknown)]
                + [f"{key} is missing" for key in sorted(missing)]
            )
        )
    try:
        rungs = tuple(
            Rung(**{**one, "needs": tuple(one.get("needs", ()))}) for one in facts["rung"]
        )
        limits = Limits(**facts.get("limits", {}))
    except TypeError as error:
        raise LabError(f"{where}: {error}") from None
    wrong = [rung.name for rung in rungs if type(rung.points) is not int or rung.points < 1]
    if wrong or not rungs or len({rung.name for rung in rungs}) != len(rungs):
        raise LabError(
            f"{where}: expected rungs of different names, each of at least one point; see {', '.join(wrong) or 'their names'}"
        )
    if set(facts.get("frameworks", ())) - FRAMEWORKS:
        raise LabError(
            f"{where}: frameworks: expected some of {', '.join(sorted(FRAMEWORKS))}, got {facts['frameworks']}"
        )
    kept = {key: facts[key] for key in ("minutes",) if key in facts}
    return Lab(
        id=facts["id"],
        title=facts["title"],
        version=facts.get("version", 1),
        names=dict(facts["names"]),
        rungs=rungs,
        frameworks=tuple(facts.get("frameworks", ())),
        after=tuple(facts.get("after", ())),
        limits=limits,
        **kept,
        **more,
    )


def _toml(path):
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise LabError(f"{path}: {error}") from None

"""The student's side of a lab: check what is written, and make the one file to hand in."""

import hashlib
import io
import json
import sys
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

from labs import outputs
from labs.grading import cases as drawn
from labs.grading import values
from labs.grading.answering import Here
from labs.grading.assignment import Lab, LabError
from labs.grading.climbing import climb

KITS = Path(__file__).with_name("kits")
RECEIPT = "receipt.json"
LONG_AGO = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, repr=False)
class Receipt(outputs.Shown):
    """What a student keeps of a submission."""

    lab: str
    file: str
    sha256: str
    time: str
    reached: str = ""

    @property
    def text(self) -> str:
        """The receipt in words."""
        return (
            f"Hand in this one file: {self.file}\n"
            f"  lab       {self.lab}\n  checksum  {self.sha256[:16]}\n  made      {self.time}\n"
            f"  reached   {self.reached}\n"
            "Keep these lines: the grader finds the same checksum in the file that it got."
        )


class StudentLab:
    """A lab as a student has it: no solution, only drawn calls with their right answers.

    Parameters
    ----------
    lab : Lab
    cases : dict
        As `labs.grading.cases.from_bytes` gives them.
    """

    def __init__(self, lab: Lab, cases: dict):
        self.lab, self.cases = lab, cases

    def __repr__(self):
        wanted = "\n".join(f"  {name}: {says}" for name, says in self.lab.names.items())
        return f"Lab {self.lab.id}, {self.lab.title}: {self.lab.points} points. To write:\n{wanted}"

    def check(self, only: str = "", names: dict | None = None):
        """Climb the rungs with what this notebook has defined.

        Parameters
        ----------
        only : str
            The name of one rung; all of them where it is empty.
        names : dict, optional
            In place of the notebook's names.
        """
        rungs = [rung.name for rung in self.lab.rungs]
        if only and only not in rungs:
            raise LabError(f"there is no rung {only!r}: expected one of {', '.join(rungs)}")
        return climb(self.lab, self.cases, Here(self.lab, names or _callers_names()), only)

    def check_file(self, path, only: str = ""):
        """Climb the rungs with a notebook or a Python file, read and started as the grader does it.

        Raises
        ------
        LabError
            The file cannot be read, or a framework that it imports is not here.
        """
        from labs.grading import pipes

        path = _code_file(path)
        try:
            with pipes.Process(
                self.lab, pipes.Submission(path.read_bytes(), path.suffix)
            ) as process:
                return climb(self.lab, self.cases, process, only)
        except (pipes.Unreadable, pipes.NotStarted) as error:
            raise LabError(f"{path}: {error}") from None

    def submit(self, path, folder=".", now=None) -> Receipt:
        """Make the one file to hand in, of a notebook or a Python file.

        Raises
        ------
        LabError
            It cannot be read, or defines none of the names that the lab asks for.
        """
        from labs.grading import slicing

        path = _code_file(path)
        content = path.read_bytes()
        try:
            found = slicing.defined(slicing.code_of(content, path.suffix))
        except slicing.NotCode as error:
            raise LabError(f"{path}: {error}") from None
        missing = [name for name in self.lab.names if name not in found]
        if len(missing) == len(self.lab.names):
            raise LabError(
                f"{path}: it defines none of {', '.join(self.lab.names)}. Is it the right file, and is it saved?"
            )
        made = now or time.strftime("%Y-%m-%d %H:%M:%S %z")
        digest = hashlib.sha256(content).hexdigest()
        receipt = {
            "lab": self.lab.id,
            "version": self.lab.version,
            "file": path.name,
            "sha256": digest,
            "made": made,
        }
        out = Path(folder) / f"{self.lab.id}_submission_{digest[:8]}.zip"
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(zipfile.ZipInfo(RECEIPT, LONG_AGO), json.dumps(receipt, indent=1))
            archive.writestr(zipfile.ZipInfo("submission" + path.suffix, LONG_AGO), content)
        out.write_bytes(file.getvalue())
        if missing:
            print(f"Not written yet, so without points: {', '.join(missing)}.", file=sys.stderr)
        result = self.check_file(path)
        reached = (
            f"{result.earned} of {result.points} points, on the visible draws, read from the file"
        )
        return Receipt(f"{self.lab.id} {self.lab.title}", str(out), digest, made, reached)


def lab(which: str, folders=(".",)) -> StudentLab:
    """Find a lab's kit: a path, beside the notebook, or in this package; and read it.

    Raises
    ------
    LabError
    """
    named = which.split("_")[0] if not which.endswith(".npz") else which
    places = (
        [Path(which)]
        if which.endswith(".npz")
        else [*(Path(each) / f"{named}.npz" for each in folders), KITS / f"{named}.npz"]
    )
    found = next((path for path in places if path.is_file()), None)
    if found is None:
        there = sorted(path.stem for path in KITS.glob("*.npz"))
        raise LabError(
            f"there is no lab {which!r} here: expected one of {', '.join(there) or 'none yet'}"
        )
    try:
        return StudentLab(*drawn.from_bytes(found.read_bytes()))
    except (values.ValueRefused, KeyError, TypeError) as error:
        raise LabError(f"{found} cannot be read ({error}): get it anew") from None


def write_kit(made: Lab, folder: Path = KITS, seed: str = drawn.PUBLIC_SEED) -> Path:
    """Draw a lab's public cases and write its kit."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{made.id}.npz"
    path.write_bytes(drawn.to_bytes(made, drawn.make(made, seed)))
    return path


def _code_file(path):
    path = Path(path)
    if path.suffix not in (".py", ".ipynb") or not path.is_file():
        colab = ""
        if "google.colab" in sys.modules:
            colab = (
                ". Colab keeps the notebook elsewhere: File, Download, and hand in that file itself"
            )
        raise LabError(
            f"expected a notebook (.ipynb) or a Python file (.py) that is there, got {path}{colab}"
        )
    return path


def _callers_names():
    """The names of the notebook, or of whoever calls `check`."""
    shell = sys.modules.get("IPython") and sys.modules["IPython"].get_ipython()
    return shell.user_ns if shell else sys._getframe(2).f_globals

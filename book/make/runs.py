"""What a chapter's last good run was, and whether it still holds.

`_build/runs/NAME.json` keeps the outputs of a run and what the run depends on:

- known before it: the code cells, the lock, the run mode, the device, the Python,
  and where there are Fluid cells whether they run or show recordings;
- known after it, because the kernel says so: the files of labs/ that it imported,
  labs' other files where it imported labs at all, the cards of the data that it
  loaded, the recordings that it read.

Prose is in neither list, so a typo executes nothing.
"""
import hashlib
import json
import os
import platform
from pathlib import Path

from labs.fluid import state


def digest(*parts):
    """One sha256 over several texts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def of_file(path):
    """A file's sha256, or "gone"."""
    path = Path(path)
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "gone"


def code(notebook):
    """The code cells of a notebook."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def key(notebook, root):
    """A hash of what is known before a run."""
    return digest(*(cell.source for cell in code(notebook)), of_file(root / "requirements.lock"),
                  os.environ.get("LABS_RUN", "quick"), os.environ.get("LABS_DEVICE", "auto"), platform.python_version(), fluid(notebook))


def fluid(notebook):
    """What Fluid cells would do today: "runtime", "recordings" ...; empty where there are none."""
    return state.mode() if any(cell.source.startswith("%%fluid") for cell in code(notebook)) else ""


def package_data(root):
    """One hash of labs' files that are neither Python nor a card nor a recording (those are followed one by one)."""
    files = [path for path in sorted((root / "labs").rglob("*"))
             if path.is_file() and path.suffix not in (".py", ".pyc") and path.parent.name not in ("cards", "recordings")]
    return digest(*(f"{path.relative_to(root).as_posix()}={of_file(path)}" for path in files))


def depends(report, root):
    """What a run turned out to depend on: {path relative to the repository: sha256}, and labs' other files.

    Parameters
    ----------
    report : dict
        What the kernel printed, see `kernel_report`.
    """
    real = root.resolve()
    paths = [Path(path) for path in report["files"]]
    paths += [real / "labs/data/cards" / f"{name}.toml" for name in report["cards"]]
    paths += [real / name for name in report["recordings"]]
    inside = [path for path in paths if real in path.parents]
    return {"files": {path.relative_to(real).as_posix(): of_file(path) for path in inside},
            "package_data": package_data(real) if report["files"] else None}


def read(folder, name):
    """The record of the last good run, or None where there is none that can be read."""
    try:
        return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return None


def is_current(run, notebook, root):
    """Would the notebook do today what it did in this run?"""
    if run is None or run.get("key") != key(notebook, root):
        return False
    needs = run["depends"]
    return (all(of_file(root / path) == was for path, was in needs["files"].items())
            and needs["package_data"] in (None, package_data(root.resolve())))


def write(folder, name, run):
    """Keep a run, in one step: a build that is stopped leaves the old one whole."""
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"{name}.json.new"
    draft.write_text(json.dumps(run), encoding="utf-8")
    os.replace(draft, folder / f"{name}.json")

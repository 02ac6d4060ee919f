"""What a chapter's last good run was, and whether it still holds.

`_build/runs/NAME.json` keeps the outputs of a run and what the run depends on:

- known before it: the code cells, the run mode, the device, the graphics cards, the Python,
  and where there are Fluid cells whether they run or show recordings;
- known after it, because the kernel says so: the versions of the packages that it loaded, the
  files of labs/ that it imported, labs' other files where it imported labs at all, the cards of
  the data that it loaded, the recordings that it read.

Prose is in neither list, so a typo executes nothing. Versions are compared with what is
installed now, not with the lock: on Python 3.12 and 3.13 there is none.
"""
import hashlib
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
from pathlib import Path

from book.make import book
from labs import run as run_mode
from labs.fluid import state


def digest(*parts):
    """One sha256 over several texts."""
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def of_file(path):
    """A file's sha256, or "gone"."""
    path = Path(path)
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "gone"


def graphics_cards():
    """The NVIDIA cards that a run would see, in words; empty where there are none."""
    if shutil.which("nvidia-smi") is None or os.environ.get("CUDA_VISIBLE_DEVICES") in ("", "-1"):
        return ""
    said = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True)
    names = sorted(line.split(" (UUID")[0] for line in said.stdout.splitlines()) if said.returncode == 0 else []
    return ", ".join(names + [os.environ[name] for name in ("CUDA_VISIBLE_DEVICES",) if names and name in os.environ])


def before(notebook):
    """What is known before a run, each with the name that `reason` gives it."""
    return {"code": digest(*(cell.source for cell in book.code_cells(notebook))), "LABS_RUN": run_mode.mode(),
            "LABS_DEVICE": os.environ.get("LABS_DEVICE", "").strip() or "auto", "graphics cards": graphics_cards(),
            "Fluid cells": fluid(notebook)}


def fluid(notebook):
    """What Fluid cells would do today: "runtime", "recordings" ...; empty where there are none."""
    return state.mode() if book.has_fluid(notebook) else ""


def installed(name, root):
    """The version of a package, of Python ("python") or of the course ("labs") that a run would use now."""
    if name == "python":
        return platform.python_version()
    if name == "labs":
        return book.version(root) if (root / "labs/__init__.py").exists() else "none"
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "none"


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


def reason(run, notebook, root):
    """Why the notebook would not do today what it did in this run, in words; empty where it would."""
    if run is None:
        return "it has no run yet"
    was, now = run.get("before") or {}, before(notebook)
    changes = [f"{name} {was.get(name) or 'none'} -> {now[name] or 'none'}" for name in now
               if name != "code" and was.get(name) != now[name]]
    if was.get("code") != now["code"]:
        changes.insert(0, "its code changed")
    versions = run.get("versions") or {}
    if not versions:
        changes.append("it does not say with which versions it ran")
    changes += [f"{name} {version} -> {found}" for name, version in versions.items()
                for found in [installed(name, root)] if found != version]
    needs = run.get("depends") or {"files": {}, "package_data": None}
    changes += [f"{path} changed" for path, then in needs["files"].items() if of_file(root / path) != then]
    if needs["package_data"] not in (None, package_data(root.resolve())):
        changes.append("a file of labs/ that is no Python changed")
    return ", ".join(changes[:3]) + (f" and {len(changes) - 3} more" if len(changes) > 3 else "")


def is_current(run, notebook, root):
    """Would the notebook do today what it did in this run?"""
    return not reason(run, notebook, root)


def write(folder, name, run):
    """Keep a run, in one step: a build that is stopped leaves the old one whole."""
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"{name}.json.new"
    draft.write_text(json.dumps(run), encoding="utf-8")
    os.replace(draft, folder / f"{name}.json")

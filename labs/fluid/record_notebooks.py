"""Make the recordings of notebooks anew: each runs once, with the runtime, in smoke mode.

A Fluid cell computes the same whatever LABS_RUN says, so that one recording serves every run. Where it cannot, as
with a network of fifty layers, the front matter names the runs that are recorded. What has not drifted stays as it
was, to the byte, with its date and its processor.
"""
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from labs.fluid import environment, recordings
from labs.fluid.comparison import drift
from labs.fluid.errors import FluidError, NoRuntime
from labs.fluid.fingerprints import differing
from labs.fluid.recordings import MEGABYTE, TASKS

REPOSITORY = TASKS.parents[1]


def notebooks():
    """The book's notebooks that have Fluid cells."""
    found = [*sorted((REPOSITORY / "chapters").glob("*.ipynb"))]
    if not found:
        raise FluidError(f"no notebooks in {REPOSITORY / 'chapters'}: name those to record, or run this in a checkout of the course")
    return [path for path in found if has_fluid(path)]


def has_fluid(path):
    """Has a notebook a Fluid cell?"""
    cells = json.loads(Path(path).read_text(encoding="utf-8"))["cells"]
    return any(cell["cell_type"] == "code" and "".join(cell["source"]).startswith("%%fluid") for cell in cells)


def record(paths, say=print, into=TASKS):
    """Record notebooks; a notebook's recordings are replaced when all its cells ran.

    Parameters
    ----------
    paths : list of Path
    say : callable
        Gets lines of progress.
    into : Path
        The folder of the tasks: a notebook's recordings lie in TASK/recordings, TASK as its front matter says.

    Raises
    ------
    FluidError
        The runtime is not here, nbclient is missing, a Fluid cell failed, or a chapter's recordings are too large.
    """
    if environment.installed() is None:
        raise NoRuntime("recordings are made with the runtime: python -m labs fluid install")
    for path in map(Path, paths):
        target = Path(into) / facts(path)["task"] / "recordings"
        with tempfile.TemporaryDirectory(prefix="fluid-recordings-") as box:
            for mode in modes(path):
                for failed in play(path, Path(box), mode):
                    say(f"{path.stem}: a cell that is not Fluid's failed, and is not recorded: {failed}")
            made = sorted(Path(box).glob("*.json"))
            kept = [standing(file, target) or file for file in made]
            files = [part for file in kept for part in (file, file.with_suffix(".npz")) if part.exists()]
            total = sum(file.stat().st_size for file in files)
            if total > MEGABYTE:
                raise FluidError(f"{path.name}: its recordings would take {total:,} bytes, {MEGABYTE:,} are allowed to a chapter; "
                                 "they stay as they were. `fluid_ladder.climb(..., sketch=32)` keeps less of each array")
            target.mkdir(parents=True, exist_ok=True)
            for file in files:
                if file.parent != target:
                    shutil.copy(file, target / file.name)
            for old in [file for file in target.iterdir() if file.name not in {part.name for part in files}]:
                old.unlink()
            if not files:
                target.rmdir()
        new = sum(file.parent != target for file in kept)
        say(f"{path.stem}: {len(kept)} Fluid cells, {new} recorded anew, {total / 1e3:.0f} kB in {target}")


def standing(made, target):
    """The recording in a folder that a new one does not differ from, or None."""
    new = recordings.read(made)
    for path in sorted(target.glob(f"*-{made.name.split('-')[1]}-*.json")):
        try:
            old = recordings.read(path)
        except FluidError:                  # changed by hand, or of another form: the new one takes its place
            continue
        same = (old.cell, old.versions, old.precision) == (new.cell, new.versions, new.precision)
        if same and not differing(old.inputs, new.inputs) and not drift(old, new.outputs, new.values, new.precision):
            return path
    return None


def modes(path):
    """The runs in which a notebook is recorded: smoke, or what its front matter says (`parity: recorded: [smoke, quick]`)."""
    return facts(path).get("recorded", ["smoke"])


def facts(path):
    """A notebook's front matter under `parity`."""
    return json.loads(Path(path).read_text(encoding="utf-8"))["metadata"].get("parity", {})


def play(path, box, mode="smoke"):
    """Run a notebook; its recordings go to a folder.

    Returns
    -------
    list of str
        The errors of cells that are not Fluid's: a proof that is red until the recordings are new stops nothing.

    Raises
    ------
    FluidError
        A Fluid cell failed, or the notebook did not come to its end.
    """
    try:
        import nbformat
        from nbclient import NotebookClient
        from nbclient.exceptions import CellExecutionError, DeadKernelError
    except ImportError as error:
        raise FluidError(f"recording runs notebooks with nbclient, which is not here ({error}): make environment") from None
    (box / "folder").mkdir(exist_ok=True)
    notebook = nbformat.read(path, 4)
    client = NotebookClient(notebook, kernel_name="python3", timeout=900, allow_errors=True,
                            resources={"metadata": {"path": str(box / "folder")}}, extra_arguments=["--log-level=ERROR"])
    search = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")]))
    unfinished = f"{path.name} did not come to its end; its recordings stay as they were"
    try:
        client.execute(env={**os.environ, "LABS_FLUID": "record", "LABS_FLUID_RECORDINGS": str(box), "LABS_RUN": mode,
                            "LABS_DEVICE": "cpu", "PYTHONPATH": search,
                            "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")})
    except (CellExecutionError, DeadKernelError, TimeoutError) as error:
        print(str(error)[-3000:], file=sys.stderr)
        raise FluidError(unfinished) from None
    failed = []
    for cell in notebook.cells:
        for output in cell.get("outputs", ()):
            if output.output_type == "error":
                said = f"{output.ename}: {output.evalue}"
                if cell.source.startswith("%%fluid"):
                    print("\n".join(output.traceback)[-3000:], file=sys.stderr)
                    raise FluidError(f"{unfinished}: {said}")
                failed.append(said[:300])
    return failed

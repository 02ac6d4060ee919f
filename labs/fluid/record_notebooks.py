"""Make the recordings of notebooks anew: each runs once, with the runtime, in smoke mode.

A Fluid cell computes the same whatever LABS_RUN says, so that one recording serves every run. Where it cannot, as
with a network of fifty layers, the front matter names the runs that are recorded.
"""
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from labs.fluid import environment
from labs.fluid.errors import FluidError, NoRuntime
from labs.fluid.recordings import TASKS

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
        The runtime is not here, nbclient is missing, or a cell failed.
    """
    if environment.installed() is None:
        raise NoRuntime("recordings are made with the runtime: python -m labs fluid install")
    for path in map(Path, paths):
        with tempfile.TemporaryDirectory(prefix="fluid-recordings-") as box:
            for mode in modes(path):
                play(path, Path(box), mode)
            files = sorted(file for file in Path(box).iterdir() if file.is_file())
            target = Path(into) / facts(path)["task"] / "recordings"
            shutil.rmtree(target, ignore_errors=True)
            if files:
                target.mkdir(parents=True)
            for file in files:
                shutil.copy(file, target / file.name)
        cells = sum(file.suffix == ".json" for file in files)
        say(f"{path.stem}: {cells} Fluid cells, {sum(file.stat().st_size for file in target.glob('*')) / 1e3:.0f} kB in {target}")


def modes(path):
    """The runs in which a notebook is recorded: smoke, or what its front matter says (`parity: recorded: [smoke, quick]`)."""
    return facts(path).get("recorded", ["smoke"])


def facts(path):
    """A notebook's front matter under `parity`."""
    return json.loads(Path(path).read_text(encoding="utf-8"))["metadata"].get("parity", {})


def play(path, box, mode="smoke"):
    """Run a notebook; its recordings go to a folder."""
    try:
        import nbformat
        from nbclient import NotebookClient
        from nbclient.exceptions import CellExecutionError, DeadKernelError
    except ImportError as error:
        raise FluidError(f"recording runs notebooks with nbclient, which is not here ({error}): make environment") from None
    (box / "folder").mkdir(exist_ok=True)
    client = NotebookClient(nbformat.read(path, 4), kernel_name="python3", timeout=900,
                            resources={"metadata": {"path": str(box / "folder")}}, extra_arguments=["--log-level=ERROR"])
    search = os.pathsep.join(filter(None, [str(REPOSITORY), os.environ.get("PYTHONPATH")]))
    try:
        client.execute(env={**os.environ, "LABS_FLUID": "record", "LABS_FLUID_RECORDINGS": str(box), "LABS_RUN": mode,
                            "LABS_DEVICE": "cpu", "PYTHONPATH": search,
                            "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1")})
    except (CellExecutionError, DeadKernelError, TimeoutError) as error:
        print(str(error)[-3000:], file=sys.stderr)
        raise FluidError(f"{path.name} did not come to its end; its recordings stay as they were") from None

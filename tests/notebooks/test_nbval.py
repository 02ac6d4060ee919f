"""Every notebook runs in smoke mode from an empty folder with the network closed, and every cell of it really ran."""
import socket
import subprocess
import sys
import warnings
from pathlib import Path

import nbformat
import pytest
import sealed

from book.make import book, new_chapter, notebooks
from labs.fluid import record_notebooks

ROOT = Path(__file__).parents[2]
NAMES = {path.stem: path.with_suffix(".ipynb") for path in book.texts(ROOT)}
NEW = "97_new_chapter"          # what `make new-chapter` writes; the number is taken only for the test


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    """One nbval session over all notebooks of the book and one fresh from `make new-chapter`."""
    folder = tmp_path_factory.mktemp("folder")
    fetched = subprocess.run([sys.executable, "-m", "labs", "fetch"], cwd=ROOT, capture_output=True, text=True)
    assert fetched.returncode == 0, f"python -m labs fetch failed, so the notebooks have no data:\n{fetched.stdout}{fetched.stderr}"
    fresh = folder / f"{NEW}.ipynb"
    text = new_chapter.TEMPLATE.read_text(encoding="utf-8").replace("@TITLE@", new_chapter.title(NEW))
    fresh.write_text(notebooks.notebook(text, notebooks.colab_cell(ROOT)), encoding="utf-8")
    outcome = sealed.run({**NAMES, NEW: fresh}, folder / "box")
    if not outcome.closed:
        warnings.warn("no network namespace can be made here (unshare --user --net): the notebooks ran with the network open", stacklevel=1)
    return outcome


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("name", [*NAMES, NEW])
def test_the_notebook_runs(outcome, name):
    assert not outcome.failed(name), outcome.said[-6000:]


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("name", [*NAMES, NEW])
def test_every_cell_of_it_ran_in_one_kernel_in_order(outcome, name):
    ran, there = outcome.ran[name]
    assert there > 0 and ran == there, f"{name}: {ran} of {there} code cells ran\n{outcome.said[-6000:]}"


@pytest.mark.timeout(1500)
def test_nbval_ended_well(outcome):
    assert outcome.status == 0, outcome.said[-6000:]


@pytest.mark.timeout(1500)
def test_labs_was_the_installed_package(outcome):
    assert outcome.labs, "no notebook imported labs"
    assert all(outcome.site in Path(where).parents for where in outcome.labs), outcome.labs


# --- the same for chapters with Fluid cells, in the real Fluid: above they showed their recordings ---

FLUID = {name: path for name, path in NAMES.items() if record_notebooks.has_fluid(path)}


@pytest.fixture(scope="module")
def in_fluid(tmp_path_factory):
    """One nbval session over the chapters with Fluid cells; each cell is run and compared with its recording."""
    return sealed.run(FLUID, tmp_path_factory.mktemp("fluid") / "box", fluid="check")


@pytest.mark.needs("fluid")
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("name", FLUID)
def test_the_notebook_runs_in_the_real_fluid_and_its_recordings_hold(in_fluid, name):
    ran, there = in_fluid.ran[name]
    assert not in_fluid.failed(name) and ran == there, in_fluid.said[-6000:]


# --- the witness is not fooled ---

def written(folder, cells):
    """A notebook file; a cell is its source, or its source and a tag."""
    folder.mkdir(exist_ok=True)
    paths = {}
    for name, sources in cells.items():
        nb = nbformat.v4.new_notebook(metadata={"kernelspec": notebooks.KERNEL})
        for source in sources:
            source, tags = source if isinstance(source, tuple) else (source, [])
            nb.cells.append(nbformat.v4.new_code_cell(source, metadata={"tags": tags}))
        paths[name] = folder / f"{name}.ipynb"
        nbformat.write(nb, paths[name])
    return paths


@pytest.fixture(scope="module")
def fooled(tmp_path_factory):
    """One session over notebooks that deceive nbval, and a good one."""
    folder = tmp_path_factory.mktemp("fooled")
    port = socket.create_server(("127.0.0.1", 0))       # listens outside: reachable only if the network is open
    cells = {"good": ["x = 1", "x + 1"],
             "skipped": ["x = 1", ("raise SystemError('never runs')", ["nbval-skip"]), "x + 1"],
             "raises": ["x = 1", ("1 / 0", ["raises-exception"]), "x + 1"],
             "dead": ["x = 1", "import os; os._exit(1)", "x + 1"],
             "fails": ["x = 1", "1 / 0"],
             "outside": ["import socket", f"socket.create_connection(('127.0.0.1', {port.getsockname()[1]}), 5)"]}
    with port:
        return sealed.run(written(folder, cells), folder / "box", cell_s=8, with_labs=False)


def test_a_good_notebook_is_proven(fooled):
    assert fooled.ran["good"] == (2, 2) and not fooled.failed("good"), fooled.said[-4000:]


@pytest.mark.parametrize("name", ["skipped", "raises", "dead"])
def test_a_cell_that_did_not_run_is_missed(fooled, name):
    ran, there = fooled.ran[name]
    assert ran < there == 3, f"{name}: the witness was fooled"


def test_a_failing_cell_is_reported(fooled):
    assert fooled.failed("fails") and fooled.status != 0


def test_the_network_is_closed_where_it_can_be(fooled):
    assert bool(fooled.failed("outside")) == fooled.closed == sealed.can_close()


def test_cells_from_two_kernels_or_in_another_order_prove_nothing():
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in ("a", "b", "a")])
    a, b = (sealed.hashlib.sha256(source.encode()).hexdigest() for source in "ab")
    assert sealed.proof(nb, [[a, b, a]]) == (3, 3)
    assert sealed.proof(nb, [[a, b], [a]]) == (2, 3)
    assert sealed.proof(nb, [[a, a, b]])[0] < 3
    assert sealed.proof(nb, []) == (0, 3)

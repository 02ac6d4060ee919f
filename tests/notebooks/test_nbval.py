"""Every notebook runs in smoke mode from an empty folder with the network closed, and every cell of it really ran."""
import os
import socket
import subprocess
import sys
import warnings
from pathlib import Path

import nbformat
import pytest
import sealed
from filelock import FileLock

from book.make import book, budgets, new_chapter, notebooks
from labs.fluid import environment

ROOT = Path(__file__).parents[2]
NAMES = {path.stem: path.with_suffix(".ipynb") for path in book.texts(ROOT)}
NEW = "97_new_chapter"          # what `make new-chapter` writes; the number is taken only for the test


def each(names):
    """One item for each notebook, which may go to any worker: the slow ones are spread."""
    return [pytest.param(name, marks=pytest.mark.xdist_group(f"notebook {name}")) for name in names]


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """labs installed as a package, with a new chapter's task, and the data fetched; once, whichever worker comes first."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "sealed"
    with FileLock(f"{shared}.lock"):
        if not (shared / "done").exists():
            fetched = subprocess.run([sys.executable, "-m", "labs", "fetch"], cwd=ROOT, capture_output=True, text=True)
            assert fetched.returncode == 0, f"python -m labs fetch failed, so the notebooks have no data:\n{fetched.stdout}{fetched.stderr}"
            shared.mkdir()
            sealed.install_labs(shared, {place: text for place, text in new_chapter.places(NEW).items() if place.startswith("labs/")})
            (shared / "done").touch()
    return shared / "site"


def check(outcome, name):
    """Nothing failed, one kernel ran every cell in order, and labs was the installed package."""
    ran, there = outcome.ran[name]
    assert not outcome.failed(name) and outcome.status == 0, outcome.said[-6000:]
    assert there > 0 and ran == there, f"{name}: {ran} of {there} code cells ran\n{outcome.said[-6000:]}"
    assert outcome.labs, "it did not import labs"
    assert not outcome.stderr, f"{name}: a saved notebook would keep what stands on stderr (a bar: labs.progress.steps):\n{outcome.stderr[:2000]}"
    assert all(outcome.site in Path(where).parents for where in outcome.labs), outcome.labs
    over, fails = budgets.overrun(name, None, {"mode": "smoke", "processor_s": outcome.processor_s})
    assert not fails, f"{name}: {over}"
    if over:
        warnings.warn(f"{name}: {over}", stacklevel=1)


FLUID = [name for name, path in NAMES.items() if book.has_fluid(nbformat.read(path, 4))]


@pytest.mark.timeout(1500)
@pytest.mark.parametrize("name", each([*NAMES, NEW]))
def test_the_notebook_runs_and_every_cell_of_it(site, tmp_path, name):
    """With Fluid's recordings, as readers have them; where Fluid is, it runs, and each cell is compared with its recording."""
    path = NAMES.get(name, tmp_path / f"{NEW}.ipynb")
    if name == NEW:
        path.write_text(notebooks.notebook(new_chapter.places(NEW)[f"chapters/{NEW}.md"], notebooks.colab_cell(ROOT)), encoding="utf-8")
    fluid = "check" if name in FLUID[1:] and environment.installed() else "recordings"       # the first is run both ways
    outcome = sealed.run({name: path}, tmp_path / "box", workers=1, site=site, fluid=fluid)
    check(outcome, name)
    if not outcome.closed:
        warnings.warn("no network namespace can be made here (unshare --user --net): the notebook ran with the network open", stacklevel=1)


@pytest.mark.needs("fluid")
@pytest.mark.timeout(1500)
@pytest.mark.parametrize("name", each(FLUID[:1]))
def test_what_ran_with_recordings_runs_in_the_real_fluid_too(site, tmp_path, name):
    check(sealed.run({name: NAMES[name]}, tmp_path / "box", workers=1, site=site, fluid="check"), name)


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
             "bars": ["from tqdm.auto import tqdm", "[x for x in tqdm(range(3))]"],
             "outside": ["import socket", f"socket.create_connection(('127.0.0.1', {port.getsockname()[1]}), 5)"]}
    with port:
        return sealed.run(written(folder, cells), folder / "box", cell_s=8)


def test_processor_seconds_are_those_of_the_kernels(fooled):
    assert fooled.processor_s > 2, "seven kernels and three of nbval"


def test_a_good_notebook_is_proven(fooled):
    assert fooled.ran["good"] == (2, 2) and not fooled.failed("good"), fooled.said[-4000:]


@pytest.mark.parametrize("name", ["skipped", "raises", "dead"])
def test_a_cell_that_did_not_run_is_missed(fooled, name):
    ran, there = fooled.ran[name]
    assert ran < there == 3, f"{name}: the witness was fooled"


def test_a_failing_cell_is_reported(fooled):
    assert fooled.failed("fails") and fooled.status != 0


def test_a_bar_of_text_is_noticed(fooled):
    assert "it/s" in fooled.stderr, fooled.said[-4000:]


def test_the_network_is_closed_where_it_can_be(fooled):
    assert bool(fooled.failed("outside")) == fooled.closed == sealed.can_close()


def test_cells_from_two_kernels_or_in_another_order_prove_nothing():
    nb = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in ("a", "b", "a")])
    a, b = (sealed.hashlib.sha256(source.encode()).hexdigest() for source in "ab")
    assert sealed.proof(nb, [[a, b, a]]) == (3, 3)
    assert sealed.proof(nb, [[a, b], [a]]) == (2, 3)
    assert sealed.proof(nb, [[a, a, b]])[0] < 3
    assert sealed.proof(nb, []) == (0, 3)


def test_a_smoke_run_far_over_its_budget_fails_in_ci(monkeypatch):
    good = sealed.Outcome("", 0, True, {"a": (1, 1)}, {"/site/labs/__init__.py"}, Path("/site"), budgets.SMOKE_S)
    check(good, "a")
    good.processor_s = budgets.MARGIN * budgets.SMOKE_S + 1
    monkeypatch.delenv("CI", raising=False)
    with pytest.warns(UserWarning, match="a: over its budget of 15 processor seconds"):
        check(good, "a")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(AssertionError, match="a: over its budget"):
        check(good, "a")

"""What a chapter shows of its twins is the twins' code, word for word."""
from pathlib import Path

import nbformat
import pytest

from book.make import book, floors, rules

ROOT = Path(__file__).parents[2]
SIDES = [name.removesuffix("_side") for name in floors.TWINS]
SHOWN = [(path, nb.metadata["parity"]["task"]) for path in book.texts(ROOT)
         if (nb := nbformat.read(path.with_suffix(".ipynb"), 4)).metadata.get("parity", {}).get("skeleton") == "twins" or nb.metadata.get("parity", {}).get("task") in ("llama", "lac")]


TWINS = [(path, task, side) for path, task in SHOWN for side in SIDES
         if side != "fluid" or (ROOT / "labs/tasks" / task / "fluid_side.py").exists()]


@pytest.mark.parametrize("path, task, side", TWINS, ids=lambda value: getattr(value, "stem", value))
def test_the_cells_hold_the_twin_word_for_word(path, task, side):
    twin = ROOT / "labs/tasks" / task / f"{side}_side.py"
    cells = [cell.source for cell in nbformat.read(path.with_suffix(".ipynb"), 4).cells
             if rules.side(cell) == side or side == "fluid" and cell.source.startswith("%%fluid")]      # Fluid's may stand alone, untagged
    missing = floors.missing_from_cells(twin.read_text(encoding="utf-8"), cells)
    assert not missing, f"{twin.relative_to(ROOT)} and {path.name} differ:\n" + "\n".join(missing)


def test_every_pair_of_twins_is_shown_by_a_chapter():
    pairs = {path.parent.name for path in (ROOT / "labs/tasks").glob("*/torch_side.py")} - {"stock"}      # the status page shows those
    assert pairs == {task for _, task in SHOWN}, "front matter, parity.task: names the task that a chapter shows"


TWIN = '"""What it is."""\nimport torch\nfrom torch import nn\n\nSIZE = 3\n\n\n# why\nclass Net(nn.Module):\n    """One line."""\n\n    x = 1\n\n\n@dec\ndef step(a):\n    return a\n'
CELLS = ["%%torch -i config\nimport torch\nfrom torch import nn\n\nSIZE = 3\n",
         '%%torch\n# why\nclass Net(nn.Module):\n    """One line."""\n\n    x = 1\n', "%%torch\n@dec\ndef step(a):\n    return a\n\nstep(1)"]


def test_the_same_code_spread_over_cells_is_accepted():
    assert floors.missing_from_cells(TWIN, CELLS) == []


@pytest.mark.parametrize("old, new, missing", [
    ("    x = 1", "    x = 2", "class Net"), ("# why\n", "", "class Net"), ("@dec\n", "", "@dec"), ("SIZE = 3", "SIZE = 3  # three", "SIZE"),
    ("from torch import nn\n", "", "from torch import nn"), ("    return a", "    return a + 1", "@dec")])
def test_a_drift_is_named(old, new, missing):
    said = floors.missing_from_cells(TWIN, [cell.replace(old, new) for cell in CELLS])
    assert len(said) == 1 and missing in said[0]


def test_another_order_is_named():
    assert "before what the file has above it" in floors.missing_from_cells(TWIN, [CELLS[0], CELLS[2], CELLS[1]])[0]

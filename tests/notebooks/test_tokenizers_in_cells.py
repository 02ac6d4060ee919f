"""What chapter 22 shows is what the package has: the readable tokenizers stand in its cells word for word."""
from pathlib import Path

import nbformat
import pytest

from book.make import floors

ROOT = Path(__file__).parents[2]
TASK = ROOT / "labs/tasks/tokenizers"
CELLS = "\n\n".join(f"\n{cell.source.rstrip()}\n" for cell in nbformat.read(ROOT / "chapters/22_tokenizers.ipynb", 4).cells
                    if cell.cell_type == "code")


def missing(text, cells=CELLS):
    """The first lines of the definitions that no cell holds; imports are the notebook's own affair."""
    wanted = [one for one in floors.definitions(text) if not one.startswith(("import ", "from "))]
    assert wanted, "no definitions: nothing would be compared"
    return [one.splitlines()[0] for one in wanted if f"\n{one}\n" not in cells]


@pytest.mark.parametrize("name", ["byte_bpe", "wordpiece", "unigram", "special"])
def test_every_definition_stands_in_a_cell_word_for_word(name):
    assert missing((TASK / f"{name}.py").read_text(encoding="utf-8")) == []


def test_a_changed_definition_is_found():
    text = (TASK / "special.py").read_text(encoding="utf-8")
    assert missing(text.replace("np.int64", "np.int32")) == ["def pad(rows, value, side):"]

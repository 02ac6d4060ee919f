"""What the chapters on tokenizers and on safetensors show is what the package has: a definition that stands in a cell is the package's."""
import re
from pathlib import Path

import nbformat
import pytest

from book.make import floors

ROOT = Path(__file__).parents[2]
CHAPTERS = {"tokenizers": "22_tokenizers", "safetensors": "24_safetensors", "hub": "21_hub"}
CELLS = {task: "\n\n".join(f"\n{cell.source.rstrip()}\n" for cell in nbformat.read(ROOT / f"chapters/{name}.ipynb", 4).cells
                           if cell.cell_type == "code") for task, name in CHAPTERS.items()}
LESSON = {"tokenizers/byte_bpe": ["byte_letters", "to_letters", "train_bpe", "merge_word", "ByteBPE"],
          "tokenizers/wordpiece": ["clean", "strip_accents", "normalize", "split_words", "pieces_of", "WordPiece"],
          "tokenizers/unigram": ["marked", "Unigram", "viterbi", "expected"],
          "tokenizers/special": ["cut_at", "encode_all", "pair_template", "pad", "windows", "render_chat", "fit"],
          "tokenizers/sentencepiece": ["CharacterBPE"],
          "safetensors/header": ["header_text", "size_of", "laid_out"],
          "safetensors/reader": ["plan"],
          "hub/client": ["fetch"],
          "hub/modelscope": ["clone"]}


def defined(text):
    """The functions and classes of a module, word for word, by name."""
    found = {}
    for one in floors.definitions(text):
        head = re.search(r"^(?:def|class) (\w+)", one, re.M)
        if head and one.startswith(("def ", "class ", "@", "#")):
            found[head[1]] = one
    return found


def other(text, cells):
    """The names that a cell defines otherwise than the module does, and those of the module that a cell shows."""
    own = defined(text)
    shown = {name for name in own if re.search(rf"^(?:def|class) {name}\b", cells, re.M)}
    return sorted(name for name in shown if f"\n{own[name]}\n" not in cells), shown


@pytest.mark.parametrize("name", LESSON)
def test_a_definition_in_a_cell_is_the_packages_word_for_word(name):
    wrong, shown = other((ROOT / f"labs/tasks/{name}.py").read_text(encoding="utf-8"), CELLS[name.split("/")[0]])
    assert wrong == []
    assert set(LESSON[name]) <= shown, "the lesson itself stands on the page"


def test_a_changed_definition_is_found():
    text = (ROOT / "labs/tasks/tokenizers/special.py").read_text(encoding="utf-8")
    assert other(text.replace("np.int64", "np.int32"), CELLS["tokenizers"])[0] == ["pad"]

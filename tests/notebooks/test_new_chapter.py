"""`make new-chapter` writes a chapter that keeps every rule. (test_nbval.py executes it.)"""
from pathlib import Path

import nbformat
import pytest

from book.make import book, new_chapter, notebooks, prose, prose_rules, rules

ROOT = Path(__file__).parents[2]
CONTENTS = "root: index\nparts:\n  - caption: One\n    chapters:\n      - file: chapters/06_mnist\n      - file: chapters/26_llama\n"


@pytest.fixture
def root(tmp_path):
    (tmp_path / "labs").mkdir()
    for name in ("_config.yml", "requirements.txt", "labs/__init__.py"):
        (tmp_path / name).write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "_toc.yml").write_text(CONTENTS)
    return tmp_path


@pytest.mark.parametrize("name, listed", [("40_two_words", ["06_mnist", "26_llama", "40_two_words"]),
                                          ("07_x", ["06_mnist", "07_x", "26_llama"]), ("01_x", ["01_x", "06_mnist", "26_llama"])])
def test_it_writes_text_and_notebook_and_enters_them_in_order(root, name, listed):
    text = new_chapter.make(name, root)
    assert book.pages(root) == ["index", *(f"chapters/{one}" for one in listed)]
    assert notebooks.drifted([text], root) == []
    assert ("# " + new_chapter.title(name) + "\n") in text.read_text() and "@" + "TITLE" not in text.read_text()


def test_what_it_writes_keeps_every_rule_and_the_skeleton(root):
    nb = nbformat.read(new_chapter.make("40_something", root).with_suffix(".ipynb"), 4)
    for rule in (rules.no_outputs, rules.no_empty_cells, rules.known_tags, rules.narrow_sides, rules.sides_begin_with_their_magic,
                 rules.both_sides, rules.models_are_placed, rules.prose_for_colab, rules.front_matter):
        assert rule(nb) == []
    assert prose_rules.broken(nb, "chapters/40_something", book.pages(ROOT)) == []
    said = {name for cell in rules.code(nb) for name, _ in prose.calls(cell)}
    assert {"Claim", "learned", "prediction", "answer"} <= said, "it shows how to claim and to ask"
    assert rules.colab_first(nb, book.version(ROOT)) == []
    assert any(rules.side(cell) == "paddle" for cell in nb.cells), "a pair"
    headings = [line[3:] for cell in nb.cells if cell.cell_type == "markdown" for line in cell.source.splitlines() if line.startswith("## ")]
    assert headings == ["Prediction before running", "Paddle and PyTorch side by side", "Parity", "Training", "Result against target",
                        "What differs", "Where the time went", "Exercises"]


@pytest.mark.parametrize("name, says", [("", "two digits"), ("something", "two digits"), ("4_x", "two digits"), ("40_Some", "two digits"),
                                        ("40_../x", "two digits"), ("06_mnist", "there already"), ("06_other", "number 06")])
def test_a_bad_name_is_refused_and_nothing_written(root, name, says):
    with pytest.raises(new_chapter.NewChapterError, match=says):
        new_chapter.make(name, root)
    assert (root / "_toc.yml").read_text() == CONTENTS and not (root / "chapters").exists()

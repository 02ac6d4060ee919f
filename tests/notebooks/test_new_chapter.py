"""`make new-chapter` writes a whole chapter that keeps every rule and passes the tests. (test_nbval.py executes its page.)"""
import json
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from book.make import book, new_chapter, notebooks, prose, prose_rules, rules

ROOT = Path(__file__).parents[2]
BEFORE = {"_config.yml", "requirements.txt", "labs/__init__.py", "_toc.yml"}
LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.npz", "*.safetensors", "static")
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
    assert f"# {int(name[:2])}. {new_chapter.title(name)}\n" in text.read_text()
    written = [path for path in root.rglob("*") if path.is_file() and path.relative_to(root).as_posix() not in BEFORE]
    assert {path.relative_to(root).as_posix() for path in written} == {f"chapters/{name}.ipynb", *new_chapter.places(name)}
    assert not [path for path in written if any(mark in path.read_text() for mark in ("TASK_", "CHAPTER_"))]


def test_what_it_writes_keeps_every_rule_and_the_skeleton(root):
    nb = nbformat.read(new_chapter.make("40_something", root).with_suffix(".ipynb"), 4)
    for rule in (rules.no_outputs, rules.no_empty_cells, rules.known_tags, rules.narrow_sides, rules.sides_begin_with_their_magic,
                 rules.both_sides, rules.models_are_placed, rules.no_bars_of_text, rules.prose_for_colab, rules.front_matter):
        assert rule(nb) == []
    assert prose_rules.broken(nb, "chapters/40_something", book.pages(ROOT)) == []
    said = {name for cell in book.code_cells(nb) for name, _ in prose.calls(cell)}
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


@pytest.mark.parametrize("place", ["labs/tasks/words", "tests/tasks/test_words.py", "chapters/40_words.md"])
def test_nothing_that_is_there_is_written_over(root, place):
    (root / place).mkdir(parents=True)
    with pytest.raises(new_chapter.NewChapterError, match=f"{place} is there already"):
        new_chapter.make("40_words", root)
    assert (root / "_toc.yml").read_text() == CONTENTS


def test_a_new_chapter_is_green_as_it_stands(tmp_path):
    """In a copy: its small model climbs, its mistakes are caught, its tests and those of all pages pass."""
    for name in ("labs", "book", "tests", "chapters", "pyproject.toml", "_config.yml", "_toc.yml", "index.md", "requirements.txt"):
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name, **({"ignore": LEFT_OUT} if copy is shutil.copytree else {}))
    new_chapter.make("40_something", tmp_path)
    new_chapter.score("40_something", tmp_path)
    score = json.loads((tmp_path / "labs/tasks/something/caught.json").read_text())
    assert score["planted"] == score["caught"] == len(score["rows"]) > 30
    linted = subprocess.run([sys.executable, "-m", "ruff", "check", "labs/tasks/something", "tests/tasks/test_something.py"],
                            cwd=tmp_path, capture_output=True, text=True)
    assert linted.returncode == 0, linted.stdout
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/tasks/test_something.py",
                           "tests/notebooks/test_twins_in_cells.py", "tests/notebooks/test_floors.py", "tests/unit/test_exercises.py",
                           "-k", "something or labs_keeps or shown_by_a_chapter"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0 and " passed" in done.stdout, done.stdout[-5000:]

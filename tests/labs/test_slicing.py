"""What of a notebook is executed: what the contract's names need, wherever it stands, and nothing else."""

import json
import zipfile

import pytest

from labs.course import collect
from labs.grading import assignment, slicing, sources, student


def run(*cells, names=("train",)):
    statements, broken = slicing.parsed(list(cells))
    space = {"__name__": "submission"}
    failed = slicing.execute(slicing.needed(statements, names), space)
    return space, broken, failed


@pytest.mark.parametrize(
    "cells",
    [
        ["def train():\n    return helper()", "def helper():\n    return LIMIT", "LIMIT = 7"],
        [
            "from math import *\nimport functools",
            "@functools.lru_cache\ndef train():\n    return int(floor(7.5))",
        ],
        ["TABLE = {}\nfor i in range(8):\n    TABLE[i] = i", "def train():\n    return TABLE[7]"],
        ["TABLE = []\nTABLE.append(3)\nTABLE.extend([4])", "def train():\n    return sum(TABLE)"],
        [
            "class Model:\n    size: int = 7\n    def run(self): return self.size",
            "def train():\n    return Model().run()",
        ],
        ["def make():\n    return lambda: 7", "train = make()"],
        ["def train():\n    return 1", "def train():\n    return 7"],
        ["if True:\n    def train():\n        return 7\nelse:\n    train = None"],
        ["def train(n=SIZE):\n    return n", "SIZE = 7"],
        [
            "try:\n    import no_such_module\nexcept ImportError:\n    no_such_module = None\ndef train():\n    return 7 if no_such_module is None else 0"
        ],
        ["import os, sys; x = 7", "def train():\n    global y\n    y = x\n    return y"],
    ],
)
def test_what_a_name_needs_is_found(cells):
    space, broken, failed = run(*cells)
    assert space["train"]() == 7 and not broken and not failed


@pytest.mark.parametrize(
    "cell",
    [
        "raise SystemExit",
        "print(1 / 0)",
        "train()",
        "plot(train())",
        "import no_such_module",
        "corpus = 1 / 0",
        "while True: pass",
        "merges = 1 / 0",
        "assert train() == 8",
        "def other():\n    return 1 / 0\nother()",
        "with open('/no/such') as f: text = f.read()",
    ],
)
def test_what_no_name_needs_is_not_executed(cell):
    space, broken, failed = run(cell, "def train():\n    merges = 7\n    return merges", cell)
    assert space["train"]() == 7 and not broken and not failed


def test_a_broken_cell_is_said_and_the_others_count():
    space, broken, failed = run(
        "def train(:\n    pass", "def train():\n    return 7", "def helper() return 1"
    )
    assert space["train"]() == 7 and len(broken) == 2 and broken[0].startswith("cell 1, line 1: ")
    space, broken, failed = run("def train():\n    return THERE", "THERE = missing_name + 1")
    assert failed == ["cell 2, line 1: NameError: name 'missing_name' is not defined"]


@pytest.mark.parametrize(
    "source, made",
    [
        ("%matplotlib inline\nx = 1", "pass\nx = 1"),
        ("!pip install x\nx = 1", "pass\nx = 1"),
        ("if a:\n    %time f()\n", "if a:\n    pass"),
        ("%%time\nx = 1", "\nx = 1"),
        ("%%bash\nrm -rf /", ""),
        ("%%html\n<b>", ""),
        ("?print\nx = 1", "pass\nx = 1"),
        ("x = 5 % 3", "x = 5 % 3"),
    ],
)
def test_magic_lines_are_no_python(source, made):
    assert slicing.without_magics(source) == made


def test_what_is_submitted_is_what_is_collected_and_the_receipt_says_its_checksum(tmp_path):
    made = assignment.read("L6")
    path = tmp_path / "mine.ipynb"
    path.write_text(sources.notebook(made.text("lab.md")), encoding="utf-8")
    receipt = student.lab("L6").submit(path, tmp_path)
    assert receipt.sha256[:16] in receipt.text and "0 of 100 points" in receipt.text
    with zipfile.ZipFile(receipt.file) as archive:
        assert json.loads(archive.read("receipt.json"))["sha256"] == receipt.sha256
    with open(receipt.file, "rb") as file:
        content, suffix = collect.unpacked(file.read(), ".zip")
    assert (content, suffix) == (path.read_bytes(), ".ipynb")
    (tmp_path / "other.py").write_text("x = 1")
    for wrong, says in (
        (tmp_path / "other.py", "defines none of"),
        (tmp_path / "not_there.py", "that is there"),
        (tmp_path, "that is there"),
    ):
        with pytest.raises(assignment.LabError, match=says):
            student.lab("L6").submit(wrong, tmp_path)


def test_in_colab_the_message_says_where_the_notebook_is(tmp_path, monkeypatch):
    import sys
    import types

    monkeypatch.setitem(sys.modules, "google.colab", types.ModuleType("google.colab"))
    with pytest.raises(assignment.LabError, match="File, Download"):
        student.lab("L6").submit(tmp_path / "L6_bpe.ipynb", tmp_path)


def test_a_students_notebook_is_a_notebook_that_installs_in_colab_alone():
    import nbformat

    from book.make import notebooks

    made = assignment.read("L6")
    text = sources.notebook(made.text("lab.md"), ("paddle",))
    nbformat.validate(nbformat.reads(text, 4))
    assert text == sources.notebook(made.text("lab.md"), ("paddle",))
    cells = [cell for cell in json.loads(text)["cells"] if cell["cell_type"] == "code"]
    own = {line.strip() for line in notebooks.colab_cell().splitlines() if "%pip" in line}
    assert own == {line.strip() for line in cells[0]["source"] if "%pip" in line}, (
        "as the chapters' cell"
    )

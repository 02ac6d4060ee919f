"""A notebook that a reader has run, answered or edited is never written over; the book is built from its text meanwhile."""
import nbformat
import pytest
from test_executor import LABS, text_of

from book.make import execute, notebooks

TEXT = text_of(["answer = None", "print(answer)"])


@pytest.fixture
def root(tmp_path):
    """A small book: its one text and the notebook that it makes."""
    for name, content in (LABS | {"_toc.yml": "root: one\n", "one.md": TEXT}).items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    notebooks.main([], tmp_path)
    return tmp_path


def save(root, outputs=True, answer=None, program=None):
    """As Jupyter saves a notebook after a reader was in it; returns the file's text."""
    saved = nbformat.read(root / "one.ipynb", 4)
    if outputs:
        saved.cells[-1].outputs, saved.cells[-1].execution_count = [nbformat.v4.new_output("stream", text="42\n")], 3
    if answer:
        saved.cells[2].source = answer
    if program:
        saved.metadata["language_info"] = {"name": "python", "version": program}
    nbformat.write(saved, root / "one.ipynb")
    return (root / "one.ipynb").read_text()


READERS = [({}, "it holds outputs"), ({"answer": "answer = 42"}, "it holds outputs and 1 cell was edited or added"),
           ({"outputs": False, "answer": "answer = 42"}, "1 cell was edited or added"),
           ({"outputs": False, "program": "3.11"}, "it was saved by another program")]


@pytest.mark.parametrize("done, says", READERS)
@pytest.mark.parametrize("newer", [False, True])
def test_it_is_left_alone_and_told_and_the_book_is_built_from_the_text(root, capsys, done, says, newer):
    before = save(root, **done)
    if newer:
        (root / "one.md").write_text(TEXT.replace("Some prose", "Other prose"))
    capsys.readouterr()
    notebooks.main(["--tell"], root)                        # what make book and make chapter do
    assert f"one.ipynb: {says}. The book is built from one.md; your notebook stays as it is" in capsys.readouterr().out
    with pytest.raises(SystemExit, match=rf"(?s)left alone.*one.ipynb: {says}.*make notebooks RESTORE=1"):
        notebooks.main([], root)
    assert (root / "one.ipynb").read_text() == before
    assert [cell.source for cell in execute.load(root)["one"].cells[2:]] == ["answer = None", "print(answer)"]


@pytest.mark.parametrize("done", [done for done, _ in READERS])
def test_asked_for_it_is_written_anew_and_what_it_held_is_kept(root, capsys, done):
    before = save(root, **done)
    notebooks.main(["--restore"], root)
    assert notebooks.drifted([root / "one.md"], root) == []
    kept, = (root / "saved").iterdir()
    assert kept.read_text() == before and f"saved/{kept.name}" in capsys.readouterr().out


def test_half_a_file_is_not_written_over(root):
    (root / "one.ipynb").write_text('{"cells": [')
    with pytest.raises(SystemExit, match="no notebook that can be read"):
        notebooks.main([], root)
    assert (root / "one.ipynb").read_text() == '{"cells": ['


def test_one_that_is_merely_older_than_its_text_is_written(root, capsys):
    (root / "one.md").write_text(TEXT.replace("print", "display"))
    capsys.readouterr()
    notebooks.main(["--tell"], root)
    assert "one.ipynb: older than one.md" in capsys.readouterr().out
    notebooks.main([], root)
    assert notebooks.drifted([root / "one.md"], root) == [] and not (root / "saved").exists()


def test_the_budget_is_put_in_from_the_front_matter_and_typed_nowhere_else():
    text = text_of(["from labs import run\nrun.banner()"]).replace("---\n\n", "parity: {budget_s: 30}\n---\n\n", 1)
    assert "run.banner(budget_s=30)" in notebooks.notebook(text, "")
    with pytest.raises(ValueError, match="the budget stands in the front matter"):
        notebooks.notebook(text.replace("run.banner()", "run.banner(budget_s=30)"), "")

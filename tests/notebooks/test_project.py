"""The projection of what continuous integration takes."""
import pytest

from book.make import book, project

MEASURED = "100\tmake environment\n400\tmake test\n300\tmake book\n100\tmake test-site\n"


def test_what_belongs_to_chapters_grows_and_the_rest_stays(tmp_path, capsys):
    (tmp_path / "_build").mkdir()
    (tmp_path / project.FILE).write_text(MEASURED)
    (tmp_path / "_toc.yml").write_text("root: index\nchapters: [{file: chapters/01_a}, {file: chapters/02_b}, {file: book/pages/x}]\n")
    assert project.projected(project.measured(MEASURED), 2, 3) == {
        "make environment": 100, "make test": 600, "make book": 450, "make test-site": 150}
    project.main(["--chapters", "2", "--labs", "1"], tmp_path)
    said = capsys.readouterr().out
    assert "15.0 min         21.7 min   (within the goal of 65 min" in said and "2 chapters" in said


@pytest.mark.parametrize("text, says", [("", "has no make test"), ("400\tmake test\n", "has no make book, make test-site"),
                                        ("fast\tmake test\n", "line 1: expected SECONDS"), ("400 make test\n", "line 1: expected SECONDS")])
def test_nothing_measured_is_nothing_projected(text, says):
    with pytest.raises(project.ProjectionError, match=says):
        project.measured(text)


def test_without_a_measurement_it_says_how_to_make_one(tmp_path):
    (tmp_path / "_toc.yml").write_text("root: index\nchapters: [{file: chapters/01_a}]\n")
    with pytest.raises(SystemExit, match="bash .ci/run writes it"):
        project.main([], tmp_path)


def test_ci_writes_what_is_read_here():
    run = (book.ROOT / ".ci/run").read_text(encoding="utf-8")
    assert project.FILE in run and all(f"step {step}\n" in run for step in project.GROWS)

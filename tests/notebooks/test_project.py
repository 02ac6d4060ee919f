"""The projection of what continuous integration takes."""
import pytest

from book.make import book, project

MEASURED = "100\tmake environment\n400\tmake test\n300\tmake book\n100\tmake test-site\n"


TESTS = "150.0\ttests/tasks/test_a.py\n50.0\ttests/notebooks/test_nbval.py::01_a\n200.0\ttests/unit/test_x.py\n"


@pytest.fixture
def root(tmp_path):
    """A repository of two chapters after a run of continuous integration."""
    (tmp_path / "_build").mkdir()
    (tmp_path / project.FILE).write_text(MEASURED)
    (tmp_path / "_toc.yml").write_text("root: index\nchapters: [{file: chapters/01_a}, {file: chapters/02_b}, {file: book/pages/x}]\n")
    return tmp_path


def said(root, capsys, *arguments):
    project.main(arguments, root)
    return capsys.readouterr().out


def test_what_belongs_to_chapters_grows_and_the_rest_stays(root, capsys):
    assert project.projected(project.measured(MEASURED), 2, 3) == {
        "make environment": 100, "make test": 600, "make book": 450, "make test-site": 150}
    assert project.projected(project.measured(MEASURED), 2, 3, 0.5)["make test"] == 500
    text = said(root, capsys, "--chapters", "2", "--labs", "1")
    assert "15.0 min         21.7 min   (within the goal of 65 min" in text and "2 chapters" in text
    assert "100% of the tests' seconds belong to chapters: taken as all" in text


def test_of_the_tests_those_of_tasks_and_notebooks_grow(root, capsys):
    (root / project.TESTS).write_text(TESTS)
    assert project.share(TESTS) == 0.5 and project.share("") == 1
    assert "15.0 min         20.0 min" in said(root, capsys, "--chapters", "2", "--labs", "1")


def test_over_the_goal_it_says_what_a_chapter_may_take_and_what_takes_longest(root, capsys):
    (root / project.TESTS).write_text(TESTS)
    text = said(root, capsys)
    assert "over the goal" in text and "200 s  tests/unit/test_x.py" in text
    # of a chapter now: 200 / 2 + 300 / 2 + 100 / 2; fixed: 100 + 200
    assert f"a chapter may take {(65 * 60 - 300) / 45:.0f} s of continuous integration in all; now it takes 300 s: 100 s in make test" in text
    # 45 chapters: tests 200 + 4500, book and site 9000; beside each other, after the environment
    assert f"in another beside it: {(100 + 9000) / 60:.1f} min" in text


def test_the_seconds_of_the_tests_are_kept_longest_first(tmp_path):
    project.keep({"tests/a.py": 1.04, "tests/b.py": 22}, tmp_path)
    assert (tmp_path / project.TESTS).read_text() == "22.0\ttests/b.py\n1.0\ttests/a.py\n"


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

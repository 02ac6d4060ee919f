"""The projection of what continuous integration takes."""
import pytest

from book.make import book, project

MEASURED = "100\tmake environment\n400\tmake test\n300\tmake book\n100\tmake test-site\n"
STEPS = {"make environment": 100, "make test": 400, "make book": 300, "make test-site": 100}
ALL = dict.fromkeys(project.GROWS, 1.0)
TESTS = "150.0\ttests/tasks/test_a.py\n50.0\ttests/notebooks/test_nbval.py::01_a\n200.0\ttests/unit/test_x.py\n"
PARTS = "200.0\texecute\n40.0\tsite\n20.0\tweigh\n"


@pytest.fixture
def root(tmp_path):
    """A repository of two chapters after a run of continuous integration."""
    (tmp_path / "_build").mkdir()
    (tmp_path / project.FILE).write_text(MEASURED)
    (tmp_path / "_toc.yml").write_text("root: index\nchapters: [{file: chapters/01_a}, {file: chapters/02_b}, {file: book/pages/x}]\n")
    return tmp_path


def measure_all(root):
    """As `.ci/run` leaves it: three quarters of the pages' bytes are of chapters."""
    (root / project.TESTS).write_text(TESTS)
    (root / project.BOOK).write_text(PARTS)
    for name, size in {"chapters/01_a.html": 200, "twins/a.html": 50, "book/pages/status.html": 50, "index.html": 100}.items():
        (root / project.HTML / name).parent.mkdir(parents=True, exist_ok=True)
        (root / project.HTML / name).write_text("x" * size)


def said(root, capsys, *arguments):
    project.main(arguments, root)
    return capsys.readouterr().out


def test_what_belongs_to_chapters_grows_and_the_rest_stays(root, capsys):
    assert project.measured(MEASURED) == STEPS
    assert project.projected(STEPS, 2, 3, ALL) == {"make environment": 100, "make test": 600, "make book": 450, "make test-site": 150}
    assert project.projected(STEPS, 2, 3, ALL | {"make test": 0.5})["make test"] == 500
    text = said(root, capsys, "--chapters", "2", "--labs", "1")
    assert "15.0 min         21.7 min   (within the goal of 65 min" in text and "2 chapters" in text
    assert "100% of make test, 100% of make test-site, 100% of make book" in text, "all grows where nothing is known"


def test_of_each_step_the_part_of_the_chapters_grows(root, capsys):
    measure_all(root)
    assert project.shares(STEPS, root) == {"make test": 0.5, "make test-site": 0.75, "make book": (200 + 0.75 * 60) / 300}
    # tests 400 + 100, book 300 + 122.5, site 100 + 37.5, environment 100
    assert f"15.0 min {(500 + 422.5 + 137.5 + 100) / 60:>12.1f} min" in said(root, capsys, "--chapters", "2", "--labs", "1")


def test_it_says_what_a_chapter_takes_and_may_take_and_over_the_goal_what_takes_longest(root, capsys):
    assert "may take" in said(root, capsys, "--chapters", "2", "--labs", "1")
    measure_all(root)
    text = said(root, capsys)
    assert "over the goal" in text and "200 s  tests/unit/test_x.py" in text
    grow = 200 + 245 + 75
    assert f"a chapter takes {grow / 2:.0f} s of continuous integration, and may take {(65 * 60 - (900 - grow)) / 45:.0f} s" in text
    assert "100 s in make test, 122 s in make book, 38 s in make test-site" in text
    assert f"in another beside it: {(100 + 300 + 245 * 21.5 + 100 + 75 * 21.5) / 60:.1f} min" in text


def test_the_seconds_of_the_tests_are_kept_longest_first(tmp_path):
    project.keep({"tests/a.py": 1.04, "tests/b.py": 22}, tmp_path)
    assert (tmp_path / project.TESTS).read_text() == "22.0\ttests/b.py\n1.0\ttests/a.py\n"


@pytest.mark.parametrize("needs, parts", [("all", ["site", "weigh"]), ("", [])])
def test_the_parts_of_the_book_are_noted_in_continuous_integration(tmp_path, monkeypatch, needs, parts):
    monkeypatch.setenv("PARITY_NEEDS", needs)
    for name in ("site", "weigh"):
        with project.Part(name, tmp_path):
            pass
    assert list(project.read(project.BOOK, tmp_path)) == parts


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
    for part in ("execute", "site", "weigh"):
        assert f'project.Part("{part}"' in (book.ROOT / f"book/make/{part}.py").read_text(encoding="utf-8")

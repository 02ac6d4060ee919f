"""A course that is graded by the workers of a Dask scheduler, of which one is killed."""

import contextlib
import datetime
import os
import signal
import sys

import pytest

from labs.course import collect as collecting
from labs.course import folder, grade, journal
from labs.grading import assignment, beginning, sandbox, sources

SLOW = "import time\ntime.sleep(0.3)\n"
STUDENTS = 12


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A small lab, and twelve who hand in: right, wrong, and one file without code."""
    monkeypatch.setenv(assignment.ELSEWHERE, str(tmp_path / "labs"))
    own = sources.solution(assignment.read(beginning.begin("L99_small")).text("lab.md"))
    roster, inbox = tmp_path / "roster.csv", tmp_path / "inbox"
    roster.write_text("id\n" + "".join(f"s{n:02}\n" for n in range(STUDENTS)))
    inbox.mkdir()
    for n in range(STUDENTS):
        text = f"# {n}\n{own}" if n % 3 else f"# {n}\n"
        slow = f"{text}\n\nimport time\n\n\ndef softmax(x, own=softmax):\n    time.sleep(0.1)\n"
        text = f"{slow}    return own(x)\n" if n % 3 else text
        (inbox / f"s{n:02}.py").write_bytes(text.encode() if n else b"\xff\xfe\x00")
    due = datetime.datetime(2026, 11, 20, 23, 59)
    made = folder.read(folder.make(tmp_path / "course", "Small", ["L99"], due, roster))
    with journal.writing(made.folder) as lines:
        assert collecting.collect(made, lines, "L99", inbox, print) == STUDENTS
    return made


@contextlib.contextmanager
def cluster(workers):
    """Workers of one thread each, processes of their own, on this machine."""
    import distributed

    with distributed.LocalCluster(
        n_workers=workers, threads_per_worker=1, dashboard_address=None, memory_limit=0
    ) as made:
        yield made


@pytest.mark.needs("bubblewrap", "dask")
def test_a_worker_that_is_killed_costs_nobody_a_point(course):
    import distributed

    killed = []

    def kill_one(done, all_of_them):
        if done == 2:
            with distributed.Client(made.scheduler_address, set_as_default=False) as client:
                killed.append(min(client.run(os.getpid).values()))
            os.kill(killed[0], signal.SIGKILL)

    with cluster(2) as made, journal.writing(course.folder) as lines:
        address = made.scheduler_address
        new = grade.grade(course, lines, "L99", progress=kill_one, scheduler=address)
        assert not grade.grade(course, lines, "L99", scheduler=address), "nothing is left to grade"
    assert len(killed) == 1 and len(new) == len({line["sha256"] for line in new}) == STUDENTS
    there = journal.read(course.folder)
    assert [line for line in there.lines if line["what"] == "graded"] == new
    found = {who: said for (_, who), (_, said) in there.grades().items()}
    assert {who: (said["state"], said["earned"]) for who, said in found.items()} == {
        f"s{n:02}": ("graded", 0 if n % 3 == 0 else 100) if n else ("refused", 0)
        for n in range(STUDENTS)
    }
    made = grade.edition(course, "L99")
    here = grade.verdict(made, (course.folder / "submitted/L99" / found["s01"]["sha256"]).read_bytes(), ".py", sandbox.Sandbox(40))
    assert here["rungs"] == found["s01"]["rungs"], "as on one machine"


@pytest.mark.needs("dask")
@pytest.mark.timeout(60)
def test_no_scheduler_at_the_address_is_a_sentence(course, monkeypatch):
    from labs.course import engines

    monkeypatch.setattr(engines, "ANSWER_S", 1)
    with (
        journal.writing(course.folder) as lines,
        pytest.raises(folder.CourseError, match="no Dask scheduler answers at tcp://127.0.0.1:9"),
    ):
        grade.grade(course, lines, "L99", scheduler="tcp://127.0.0.1:9")


def test_without_dask_the_option_says_what_to_install(course, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with (
        journal.writing(course.folder) as lines,
        pytest.raises(folder.CourseError, match="not installed: pip install distributed"),
    ):
        grade.grade(course, lines, "L99", scheduler="tcp://127.0.0.1:8786")


def test_a_worker_with_another_grader_refuses(course):
    from labs.course import engines

    with pytest.raises(RuntimeError, match="another version of labs/grading"):
        engines.remote(b"", "other", b"", ".py", True)

"""A course from release to grades, in small: forty submissions of all kinds, a grader that is
killed, a check that is mended.
"""

import csv
import datetime
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import hostile
import pytest

from labs.course import collect, engines, export, feedback, folder, grade, journal, release, report, similarity
from labs.grading import assignment, beginning, mutants, sandbox, sources, student

pytestmark = pytest.mark.needs("bubblewrap")
ROOT = Path(__file__).parents[2]


def as_notebook(*cells):
    made = [{"cell_type": "code", "source": cell, "metadata": {}, "outputs": []} for cell in cells]
    return json.dumps({"cells": made, "nbformat": 4, "metadata": {}})


def as_zip(**files):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        for name, data in files.items():
            made.writestr(name.replace("__", "."), data)
    return file.getvalue()


def submissions(lab):
    """By name: the file's ending, its content, its state and points."""
    text = lab.text("lab.md")
    own = sources.solution(text)
    head, first, second = own.split("\n\n\n")[0], "def softmax(x):", "def softmax_backward"
    softmax, backward = own[own.index(first) : own.index(second)], own[own.index(second) :]
    magic = "%matplotlib inline\n!pip list\nimport numpy as np\n%time x = 1"
    broken = (
        hostile.instead("return x").replace("double", "softmax").replace("half", "softmax_backward")
    )
    made = {
        "solution": (".py", own, "graded", 100),
        "untouched": (".ipynb", sources.notebook(text), "graded", 0),
        "turned over": (
            ".ipynb",
            as_notebook(
                backward, "import antigravity_of_no_such_module", softmax, "import numpy as np"
            ),
            "graded",
            100,
        ),
        "with experiments": (
            ".ipynb",
            as_notebook(
                magic,
                softmax,
                "def (",
                "x = [0] * 10**12",
                "lab.check()\nwhile True: pass",
                backward,
            ),
            "graded",
            100,
        ),
        "written twice": (
            ".ipynb",
            as_notebook(
                head, "import numpy as np\ndef softmax(x):\n    return x", softmax, backward
            ),
            "graded",
            100,
        ),
        "empty": (".py", "", "graded", 0),
        "half a notebook": (".ipynb", sources.notebook(text)[:500], "refused", None),
        "a picture": (".png", b"\x89PNG", "refused", None),
        "not UTF-8": (".py", b"\xff\xfe\x00", "refused", None),
        "two files": (".zip", as_zip(a__py="x = 1", b__py=own), "refused", None),
        "a zip of nothing": (".zip", b"PK\x05\x06" + bytes(18), "refused", None),
        "a cut zip": (".zip", as_zip(a__py=own)[:-9], "refused", None),
        "a zip bomb": (".zip", as_zip(submission__py=b" " * (30 << 20)), "graded", 0),
        "the right file among others": (
            ".zip",
            as_zip(submission__py=own, notes__txt="hello", other__py="x = 1"),
            "graded",
            100,
        ),
        "returns its argument": (".py", broken, "graded", 0),
        "dies": (
            ".py",
            "import os\n" + own.replace("return y", "os._exit(0)\n    return y"),
            "graded",
            60,
        ),
        "prints a grade": (
            ".py",
            "import numpy as np\n"
            + hostile.instead("print('100 of 100 points')").replace("double", "softmax"),
            "graded",
            0,
        ),
    }
    for other in (mutants.mutants(lab), mutants.variants(lab)):
        made |= {
            f"{name} (made)": (".py", one.source, "graded", one.points)
            for name, one in other.items()
        }
    return made


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course with one small lab, forty students, and what they handed in."""
    home = tmp_path_factory.mktemp("labs")
    os.environ[assignment.ELSEWHERE] = str(home)
    try:
        lab = assignment.read(beginning.begin("L99_small"))
        handed = submissions(lab)
        names = [*handed, "the solution again", "late", "not here", "excused"]
        roster = home / "roster.csv"
        with roster.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows(
                [
                    ("id", "name", "email"),
                    *((f"s{n:03}", f"Ada No{n}", f"ada{n}@example.org") for n in range(len(names))),
                ]
            )
        handed |= {
            "the solution again": handed["solution"],
            "late": handed["solution"],
            "excused": handed["solution"],
        }
        where = folder.make(
            home / "course", "Small", ["L99"], datetime.datetime(2026, 11, 20, 23, 59), roster
        )
        late = f"s{names.index('late'):03}"
        with (where / "course.toml").open("a") as file:
            file.write(
                f'[[extension]]\nstudent = "s{names.index("excused"):03}"\nlab = "L99"\ndue = 2026-11-25T23:59:00\n'
            )
        inbox = home / "inbox"
        inbox.mkdir()
        for n, name in enumerate(names):
            if name in handed:
                ending, content, *_ = handed[name]
                path = inbox / f"s{n:03}{ending}"
                path.write_bytes(content if isinstance(content, bytes) else content.encode())
                moment = datetime.datetime(
                    2026,
                    11,
                    22 if name in ("late", "excused") else 19,
                    12,
                    tzinfo=datetime.timezone.utc,
                ).timestamp()
                os.utime(path, (moment, moment))
        yield {
            "folder": where,
            "lab": lab,
            "names": names,
            "handed": handed,
            "inbox": inbox,
            "late": late,
        }
    finally:
        os.environ.pop(assignment.ELSEWHERE, None)


def labs(*arguments, **more):
    return subprocess.Popen(
        [sys.executable, "-m", "labs", "course", *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        **more,
    )


def said(*arguments, status=0):
    process = labs(*arguments)
    out, err = process.communicate()
    assert process.returncode == status, out + err
    return out + err


@pytest.fixture
def judged(course):
    """The course when everything was collected and graded, also where one test runs alone."""
    if not journal.read(course["folder"]).verdicts():
        said("collect", course["folder"], "L99", course["inbox"])
        said("grade", course["folder"], "L99", "--workers", 2)
    return course


def points_of(course):
    """{name of the submission: (state, points)}"""
    grades = journal.read(course["folder"]).grades()
    found = {
        who: verdict
        and (verdict["state"], verdict["earned"] if verdict["state"] == "graded" else None)
        for (_, who), (_, verdict) in grades.items()
    }
    return {name: found.get(f"s{n:03}") for n, name in enumerate(course["names"])}


def test_a_release_holds_what_students_need_and_no_solution(course):
    assert "released/L99" in said("release", course["folder"], "L99")
    files = {path.name: path for path in (course["folder"] / "released/L99").iterdir()}
    assert set(files) == {"L99_small.ipynb", "L99.npz", "AGENTS.md", "README.md"}
    secret = sources.secret_lines(course["lab"].text("lab.md"))
    assert secret and not any(
        line.encode() in path.read_bytes() for line in secret for path in files.values()
    )
    assert "2026-11-20 23:59" in files["README.md"].read_text("utf-8")
    own = student.lab(str(files["L99.npz"]))
    assert (
        own.check(names=assignment.run_source(course["handed"]["solution"][1], "x")).earned == 100
    )


def test_a_course_is_graded_though_the_grader_is_killed(course):
    assert f"{len(course['names']) - 1} of {len(course['names'])} students" in said(
        "collect", course["folder"], "L99", course["inbox"]
    )
    assert said("collect", course["folder"], "L99", course["inbox"]).startswith("0 new")
    path = course["folder"] / journal.FILE
    process = labs("grade", course["folder"], "L99", "--workers", 2)
    for _ in range(3000):
        if path.read_bytes().count(b'"graded", "lab"') >= 9 or process.poll() is not None:
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    done = journal.read(course["folder"])
    first = [line for line in done.lines if line["what"] == "graded"]
    assert 9 <= len(first) < 30, "killed half-way"
    with path.open("a", encoding="ascii") as file:
        file.write('{"what": "graded", "lab": "L9')  # what a machine that lost its power leaves
    told = said("grade", course["folder"], "L99", "--workers", 2)
    lines = [line for line in journal.read(course["folder"]).lines if line["what"] == "graded"]
    assert lines[: len(first)] == first, "what was graded stays"
    assert len({line["sha256"] for line in lines}) == len(lines), "nothing is graded twice"
    expected = {name: one[2:] for name, one in course["handed"].items()}
    found = points_of(course)
    assert {name: found[name] for name in expected} == expected, told
    assert found["not here"] is None
    assert said("grade", course["folder"], "L99").startswith("0 graded, 0 refused, 0 not gradable")


def test_late_days_cost_and_extensions_count(judged):
    made, lines = folder.read(judged["folder"]), journal.read(judged["folder"])
    points = {one.id: number for one, _, _, number in export.rows(made, lines, "L99")}
    by_name = {name: points[f"s{n:03}"] for n, name in enumerate(judged["names"])}
    assert by_name["solution"] == by_name["excused"] == 100 and by_name["late"] == 80
    assert by_name["not here"] is by_name["half a notebook"] is None, "no silent zero"


def test_feedback_is_a_page_without_anything_of_others(judged):
    assert "pages in" in said("feedback", judged["folder"], "L99")
    pages = sorted((judged["folder"] / "feedback/L99").glob("*.html"))
    assert len(pages) == len(judged["names"]) - 1
    seed = (judged["folder"] / "seed").read_text().strip()
    for path in pages:
        text = path.read_text("utf-8")
        assert path.stem in text and seed not in text and "<script" not in text
        assert not any(
            f"s{n:03}" in text for n in range(len(judged["names"])) if f"s{n:03}" != path.stem
        )
    late = (judged["folder"] / "feedback/L99" / f"{judged['late']}.html").read_text("utf-8")
    assert "80 points count" in late


TEMPLATES = {
    "canvas": (
        "Student,ID,SIS User ID,SIS Login ID,Section,Lab 99 (L99) (4711),Final Score\nPoints Possible,,,,,100,(read only)\n"
        '"No0, Ada",11,,s000,A,,\n"Student, Test",12,,x9,A,,\n"No6, Ada",13,,s006,A,,\n',
        5,
    ),
    "moodle": (
        "First name,Last name,ID number,Email address,Assignment: L99 (Real),Last downloaded\nAda,No0,s000,a@x,-,1\nB,C,zz,b@x,-,1\nAda,No6,s006,c@x,-,1\n",
        4,
    ),
    "blackboard": (
        '"Last Name"\t"First Name"\t"Username"\t"Student ID"\t"L99 [Total Pts: 100 Score] |123"\nNo0\tAda\ts000\t1\t\nX\tY\tzz\t2\t\nNo6\tAda\ts006\t3\t\n',
        4,
    ),
}


@pytest.mark.parametrize("platform", TEMPLATES)
def test_a_platforms_own_table_is_filled_and_nothing_else_changes(judged, platform, tmp_path):
    text, at = TEMPLATES[platform]
    path = tmp_path / "grades.csv"
    coded = "utf-16" if platform == "blackboard" else "utf-8"
    path.write_text(text, encoding=coded, newline="")
    said(
        "export",
        judged["folder"],
        "L99",
        platform,
        "--template",
        path,
        "--out",
        tmp_path / "out.csv",
    )
    out = (tmp_path / "out.csv").read_text(coded)
    assert out.count('"') >= text.count('"')
    dialect = csv.excel_tab if platform == "blackboard" else csv.excel
    before, after = (list(csv.reader(io.StringIO(each), dialect)) for each in (text, out))
    differ = [
        (i, j) for i, row in enumerate(before) for j, cell in enumerate(row) if after[i][j] != cell
    ]
    solved = next(i for i, row in enumerate(before) if "s000" in row)
    assert differ == [(solved, at)] and after[solved][at] == "100", (
        "s006 handed in what cannot be read: it stays open"
    )
    assert "a new table would create" in said("export", judged["folder"], "L99", platform, status=1)
    assert "expected one column" in said(
        "export",
        judged["folder"],
        "L99",
        platform,
        "--template",
        path,
        "--column",
        "Quiz",
        status=1,
    )


def test_the_other_formats_have_their_fields(judged, tmp_path):
    made, lines = folder.read(judged["folder"]), journal.read(judged["folder"])
    rows = list(csv.DictReader(io.StringIO(export.nbgrader(made, lines, "L99"))))
    assert (
        len(rows) == len(judged["names"])
        and rows[0]["score"] == "100.0"
        and rows[0]["max_score"] == "100.0"
    )
    suites = ElementTree.fromstring(export.junit(made, lines, "L99"))
    assert [suite.get("failures") for suite in suites][:2] == ["0", "4"]
    assert {case.tag for suite in suites for one in suite for case in one} == {
        "failure",
        "error",
        "skipped",
    }
    for name, fields in (
        ("gradescope", {"score", "tests"}),
        ("prairielearn", {"gradable", "score", "tests"}),
    ):
        said("export", judged["folder"], "L99", name, "--out", tmp_path / name)
        found = json.loads((tmp_path / name / "s000.json").read_text("utf-8"))
        assert fields <= set(found) and found["score"] == (100 if name == "gradescope" else 1)
        assert len(found["tests"]) == 4
    assert json.loads((tmp_path / "prairielearn/s006.json").read_text("utf-8"))["gradable"] is False


def test_the_report_counts_what_went_wrong(judged):
    told = said("report", judged["folder"], "L99")
    assert (
        "1 not handed in" in told
        and "6 refused" in told
        and "median" in told
        and "axis_first" in told
    )
    made = report.report(folder.read(judged["folder"]), journal.read(judged["folder"]), "L99")
    assert sum(made.states.values()) == len(judged["names"])


def test_alike_submissions_are_a_hint_and_dolos_gets_its_folder(judged, tmp_path):
    made, lines = folder.read(judged["folder"]), journal.read(judged["folder"])
    found = similarity.pairs(made, lines, "L99")
    ids = {name: f"s{n:03}" for n, name in enumerate(judged["names"])}
    same = {ids[name] for name in ("solution", "the solution again", "late", "excused")}
    best = [{a, b} for part, a, b in found if part == 1]
    assert all({a, b} in best for a in same for b in same if a != b)
    assert not any(ids["untouched"] in each[1:] for each in found), "the handout is nobody's own"
    told = said("report", judged["folder"], "L99", "--dolos", tmp_path / "dolos")
    assert "alike (a hint" in told and "100%" in told.split("alike")[1]
    rows = list(csv.DictReader((tmp_path / "dolos/info.csv").open(encoding="utf-8")))
    files = {path.name for path in (tmp_path / "dolos").iterdir()}
    assert files == {row["filename"] for row in rows} | {"info.csv", "template.py"}
    assert set(rows[0]) == {"filename", "full_name", "created_at"}
    assert all(datetime.datetime.strptime(r["created_at"], "%Y-%m-%d %H:%M:%S %z") for r in rows)


def test_names_and_numbers_do_not_hide_a_copy_and_another_way_is_not_alike(monkeypatch):
    monkeypatch.delenv(assignment.ELSEWHERE, raising=False)
    own = sources.solution(assignment.read("L6").text("lab.md"))
    other = re.sub(r"\bwords\b", "ws", own).replace("merges", "m2").replace("# ", "#")
    again = assignment.read("L6").folder / "variants/heap_and_links.py"
    mine = similarity.runs(own)
    assert len(mine & similarity.runs(other)) >= 0.95 * len(mine)
    theirs = similarity.runs(again.read_text("utf-8"))
    assert len(mine & theirs) < 0.3 * len(mine | theirs)
    assert similarity.pieces(b"\xff", ".py") == [] and similarity.runs("(" * 10**6)


def test_a_mended_check_says_whose_grade_changes_and_nobody_becomes_late(judged):
    before = {
        key: line["submitted"] for key, (line, _) in journal.read(judged["folder"]).grades().items()
    }
    path = judged["lab"].folder / "checks.py"
    was = path.read_text("utf-8")
    try:
        path.write_text(was.replace('"float64", "float32"', '"float64",'), "utf-8")
        (judged["lab"].folder / "lab.toml").write_text(
            judged["lab"].text("lab.toml").replace("points = 40", "points = 20"), "utf-8"
        )
        told = said("grade", judged["folder"], "L99", "--workers", 2)
    finally:
        path.write_text(was, "utf-8")
        (judged["lab"].folder / "lab.toml").write_text(
            judged["lab"].text("lab.toml").replace("points = 20", "points = 40"), "utf-8"
        )
    assert "  s000: 100 -> 80 (backward: 40 -> 20)" in told
    assert {
        key: line["submitted"] for key, (line, _) in journal.read(judged["folder"]).grades().items()
    } == before


def test_one_writer_at_a_time_and_a_broken_journal_is_said(course, tmp_path):
    with (
        journal.writing(course["folder"]),
        pytest.raises(folder.CourseError, match="another process"),
    ):
        with journal.writing(course["folder"]):
            pass
    (tmp_path / journal.FILE).write_text('{"what": 1}\nno json\n{"what": 2}\n')
    with pytest.raises(folder.CourseError, match="line 2"):
        journal.read(tmp_path)


def test_without_a_sandbox_nothing_is_graded_unless_asked_for(course, monkeypatch):
    monkeypatch.setattr(
        sandbox, "lacking", lambda: "bubblewrap is not installed: apt install bubblewrap"
    )
    made = folder.read(course["folder"])
    with (
        journal.writing(course["folder"]) as lines,
        pytest.raises(sandbox.NoSandbox, match="apt install"),
    ):
        grade.grade(made, lines, "L99")


def test_a_machine_that_fails_costs_nobody_a_point(course, monkeypatch):
    monkeypatch.setattr(sandbox, "options", lambda: ("--no-such-option",))
    made = grade.edition(folder.read(course["folder"]), "L99")
    found = grade.verdict(made, b"x = 1", ".py", sandbox.Sandbox(3))
    assert found["state"] == "not gradable" and "no-such-option" in found["why"]
    line = {"student": "s000", "lab": "L99", "submitted": "2026-11-19T00:00:00+00:00"}
    assert grade.final(folder.read(course["folder"]), line, found) is None


def test_a_dead_warm_worker_costs_nobody_a_point_and_a_cold_process_says_the_same(course):
    made = grade.edition(folder.read(course["folder"]), "L99")
    some = [
        course["handed"][name] for name in ("solution", "untouched", "dies", "axis_first (made)")
    ]
    if not sandbox.as_root():
        return
    with engines.warm(made.lab, True) as worker:

        def judged(box):
            return [
                (said["state"], said["earned"], said["rungs"])
                for suffix, content, *_ in some
                for said in [grade.verdict(made, content.encode(), suffix, box)]
            ]

        hot = judged(sandbox.Sandbox(5, worker))
        assert hot == judged(sandbox.Sandbox(5))
        worker.process.kill()
        worker.process.wait()
        assert judged(sandbox.Sandbox(5, worker)) == hot


NAMES = {
    "no0ada_12345_67890_L99_submission.zip": "s000",
    "no0ada_LATE_12345_67890_L99.ipynb": "s000",
    "Ada No1_55555_assignsubmission_file_/L99.zip": "s001",
    "Ada No1_55555_assignsubmission_file/x/L99.ipynb": "s001",
    "Lab 99_s002_attempt_2026-11-20-23-41-07_L99.zip": "s002",
    "s003.ipynb": "s003",
    "s004/work.py": "s004",
    "ada5.py": "s005",
    "stranger.ipynb": None,
    "Ada_1_2_x.py": None,
}


@pytest.mark.parametrize("name", NAMES)
def test_files_find_their_students(course, name):
    who, moment = collect.whose(folder.read(course["folder"]), name)
    assert who == NAMES[name]
    assert (moment is not None) == ("attempt" in name)


def test_the_kit_of_a_course_draws_other_inputs_than_the_grader(course):
    made = folder.read(course["folder"])
    paths = release.release(made, "L99")
    own = student.lab(str(paths[0] / "L99.npz")).cases
    graded = grade.edition(made, "L99").cases
    assert all(
        str(a.call.arguments) != str(b.call.arguments)
        for rung in ("forward", "backward")
        for a, b in zip(own[rung], graded[rung])
    )
    assert "/" not in feedback.safe("../../etc") and not feedback.safe("..hidden").startswith(".")


def test_the_instructors_page_can_be_followed_literally(tmp_path, monkeypatch):
    monkeypatch.delenv(assignment.ELSEWHERE, raising=False)
    page = (ROOT / "book/pages/teaching.md").read_text("utf-8")
    part = page.split("\n## Assign a lab\n")[1].split("\n## ")[0]
    commands = [
        line for block in part.split("```bash\n")[1:] for line in block.split("```")[0].splitlines()
    ]
    assert len(commands) == 8
    made = assignment.read("L6")
    (tmp_path / "roster.csv").write_text("id,name,email\nada,Ada L,ada@x\nbo,Bo K,bo@x\n")
    (tmp_path / "grades.csv").write_text(
        'Student,ID,SIS Login ID,L6 (123)\n"L, Ada",1,ada,\n"K, Bo",2,bo,\n'
    )
    (tmp_path / "submissions.zip").write_bytes(
        as_zip(
            ada__py=sources.solution(made.text("lab.md")),
            bo__ipynb=sources.notebook(made.text("lab.md")),
        )
    )
    for command in commands:
        done = subprocess.run(
            [sys.executable, *command.split()[1:]],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
        )
        assert done.returncode == 0, command + done.stdout + done.stderr
    assert (tmp_path / "autumn/released/L6_bpe.zip").exists()
    assert (tmp_path / "grades-L6.csv").read_text().splitlines()[1:] == [
        '"L, Ada",1,ada,100',
        '"K, Bo",2,bo,0',
    ]
    assert len(list((tmp_path / "autumn/feedback/L6").glob("*.html"))) == 2


@pytest.mark.parametrize(
    "words, says",
    [
        ("collect COURSE L99 no_such.zip", "no_such.zip: No such file or directory"),
        ("judge COURSE L99 no_such gradescope --out r.json", "no_such: No such file or directory"),
        ("export COURSE L99 canvas --template no.csv", "no.csv: No such file or directory"),
        ("feedback COURSE L98", "there is no lab 'L98': expected one of L97_other, L99_small"),
        ("grade COURSE L97", "L97 is not in this course, which has L99: give it a [[lab]]"),
        ("new NEW --labs L99 --due tomorrow", "expected a time such as 2026-12-24T23:59, got"),
        ("new NEW --labs L99 --due 2026-12-24 --roster no.csv", "no.csv: No such file"),
    ],
)
def test_a_slip_of_the_instructor_is_a_sentence_and_leaves_nothing(
    course, tmp_path, monkeypatch, capsys, words, says
):
    from labs.__main__ import main

    other = tmp_path / "labs"
    beginning.begin("L97_other", other)
    (other / "L99_small").symlink_to(course["lab"].folder)
    monkeypatch.setenv(assignment.ELSEWHERE, str(other))
    places = {"COURSE": str(course["folder"]), "NEW": str(tmp_path / "new")}
    try:
        status = main(["course", *(places.get(each, each) for each in words.split())])
    except SystemExit as stopped:
        status = stopped.code
    told = capsys.readouterr().err
    assert status in (1, 2) and says in told and "Traceback" not in told, told
    assert not (tmp_path / "new").exists()

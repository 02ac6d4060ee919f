"""Formats of other systems, held against what their documentation says of each field.

Sources: Gradescope's autograder specifications (docs/specs.md of gradescope/autograder_samples),
PrairieLearn's docs/externalGrading.md, Classroom 50's schemas/result-v1.schema.json, the importers
lib/gradebook_importer.rb of Canvas and mod/assign/feedback/offline/importgradeslib.php of Moodle,
Blackboard's help on working offline, nbgrader/plugins/export.py, and Jenkins's junit-10.xsd.
"""

import csv
import datetime
import io
import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import pytest

from labs.course import autograder, export, folder, journal, one, platforms, results
from labs.grading import assignment, beginning, sandbox, sources

ROOT = Path(__file__).parents[2]
RUNGS = [
    {"title": "Forward", "points": 40, "earned": 40, "state": "passed", "says": "", "cause": ""},
    {"title": "Back", "points": 35, "earned": 0, "state": "failed", "says": "`f`\0", "cause": "x"},
    {"title": "On a GPU", "points": 5, "earned": 0, "state": "not run", "says": "", "cause": ""},
]
GRADED = {
    "state": "graded",
    "earned": 40,
    "points": 75,
    "why": "",
    "rungs": [{"name": each["title"], **each} for each in RUNGS],
    "seconds": 3.21,
}
REFUSED = {"state": "refused", "earned": 0, "points": 80, "why": "no code", "rungs": []}
FAILED = {"state": "not gradable", "earned": 0, "points": 80, "why": "no memory", "rungs": []}
RUNNER = {
    "CLASSROOM": "cs",
    "ASSIGNMENT": "l6",
    "USERNAME": "ada",
    "SUBMISSION_TAG": "submit/2026-11-20T10-00-00Z-a1b2c3d",
    "COMMIT_URL": "https://example.org/c",
    "RELEASE_URL": "https://example.org/r",
}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course whose journal says how three students did; nothing is executed."""
    home = tmp_path_factory.mktemp("formats")
    old = os.environ.get(assignment.ELSEWHERE)
    os.environ[assignment.ELSEWHERE] = str(home)
    beginning.begin("L99_small")
    (home / "roster.csv").write_text(
        "id,name,email\nada,Ada Lovelace,Ada@x.org\nbo,Bo K,bo@x.org\ncy,Cy M,cy@x.org\ndi,Di,d@x\n"
    )
    due = datetime.datetime(2026, 11, 20, 23, 59)
    where = folder.make(home / "course", 'A "B" \u2603', ["L99"], due, home / "roster.csv", zone=2)
    with journal.writing(where) as lines:
        for who, said in (("ada", GRADED | {"points": 100}), ("bo", REFUSED), ("cy", FAILED)):
            facts = {"lab": "L99", "sha256": who}
            lines.add(
                what="collected",
                student=who,
                submitted="2026-11-22T01:30:00+02:00",
                **facts,
            )
            lines.add(what="graded", edition="e", **facts, **said)
    yield folder.read(where)
    os.environ.pop(assignment.ELSEWHERE)
    if old:
        os.environ[assignment.ELSEWHERE] = old


TOP = {"score", "execution_time", "output", "output_format", "test_output_format"}
TOP |= {"test_name_format", "visibility", "stdout_visibility", "extra_data", "tests"}
TEST = {"score", "max_score", "status", "name", "name_format", "number", "output"}
TEST |= {"output_format", "tags", "visibility", "extra_data"}
SEEN = {"hidden", "after_due_date", "after_published", "visible"}


def test_gradescopes_results_have_its_fields_and_no_silent_zero():
    for said in (GRADED, REFUSED):
        made = json.loads(results.gradescope(said))
        assert set(made) <= TOP and all(set(each) <= TEST for each in made["tests"])
        assert isinstance(made["score"], (int, float)) and made["output"]
        assert made["visibility"] in SEEN and made["stdout_visibility"] == "hidden"
        assert all(each["status"] in ("passed", "failed") for each in made["tests"])
    made = json.loads(results.gradescope(GRADED))
    assert sum(each["score"] for each in made["tests"]) == made["score"] == 40
    assert [each["max_score"] for each in made["tests"]] == [40, 35], "not run is no zero"
    assert "\0" not in made["tests"][1]["output"]
    assert json.loads(results.gradescope(REFUSED))["output"] == "no code"
    with pytest.raises(results.NoResult, match="no memory"):
        results.gradescope(FAILED)


def test_prairielearns_results_have_its_fields_and_its_size():
    made = json.loads(results.prairielearn(GRADED))
    assert made["gradable"] is True and 0 <= made["score"] <= 1 and made["score"] == 40 / 75
    names = {"name", "description", "points", "max_points", "message", "output", "images"}
    assert len(made["tests"]) == 2 and all(set(each) <= names for each in made["tests"])
    for said in (REFUSED, FAILED):
        made = json.loads(results.prairielearn(said))
        assert made == {"gradable": False, "format_errors": [said["why"]]}
    long = [{**RUNGS[1], "says": "\u2603" * 10**6}] * 8
    assert len(results.prairielearn({**GRADED, "rungs": long}).encode()) < 2**20


STRINGS = {"classroom", "assignment", "owner", "submission", "commit", "release", "review"}
UTC = r"\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d:[0-5]\dZ"


@pytest.mark.parametrize("said", [GRADED, REFUSED], ids=["graded", "refused"])
def test_classroom_50s_result_is_closed_and_of_whole_points(said):
    made = json.loads(results.classroom50(said, RUNNER))
    others = {"schema", "assignment_type", "datetime", "score", "max-score", "tests"}
    assert set(made) == STRINGS | others, "unknown fields are refused there"
    assert made["schema"] == "classroom50/result/v1" and made["assignment_type"] == "individual"
    assert all(isinstance(made[name], str) and made[name] for name in STRINGS)
    assert made["submission"].startswith("submit/") and re.fullmatch(UTC, made["datetime"])
    for part in (made, *made["tests"]):
        assert type(part["score"]) is type(part["max-score"]) is int
        assert 0 <= part["score"] <= part["max-score"]
    for each in made["tests"]:
        assert each["test-name"] and type(each["passed"]) is bool
    assert made["score"] == sum(each["score"] for each in made["tests"])
    assert made["max-score"] == sum(each["max-score"] for each in made["tests"])


def test_classroom_50_says_which_variable_is_missing():
    with pytest.raises(folder.CourseError, match="SUBMISSION_TAG"):
        results.classroom50(GRADED, {**RUNNER, "SUBMISSION_TAG": ""})
    with pytest.raises(results.NoResult):
        results.classroom50(FAILED, RUNNER)


def test_nbgraders_table_has_its_columns_its_times_and_empty_cells(course):
    text = export.nbgrader(course, journal.read(course.folder), "L99")
    ada, bo, cy, di = csv.DictReader(io.StringIO(text))
    assert list(ada) == (
        "assignment duedate timestamp student_id last_name first_name email raw_score "
        "late_submission_penalty score max_score".split()
    )
    assert (ada["duedate"], ada["timestamp"]) == ("2026-11-20 21:59:00", "2026-11-21 23:30:00")
    assert (ada["last_name"], ada["first_name"]) == ("Lovelace", "Ada")
    assert (ada["raw_score"], ada["late_submission_penalty"]) == ("40.0", "8.0")
    assert (ada["score"], ada["max_score"]) == ("32.0", "100.0")
    assert all(each["score"] == each["raw_score"] == "" for each in (bo, cy, di))


XSD = {  # element: its attributes (required with *), and what may stand in it
    "testsuites": ("name time tests failures errors", "testsuite"),
    "testsuite": (
        "name* tests* failures* errors* group time skipped timestamp hostname id package file",
        "testsuite properties testcase system-out system-err",
    ),
    "testcase": ("name* time classname group", "skipped error failure system-out system-err"),
    "failure": ("type message", ""),
    "error": ("type message", ""),
    "skipped": ("type message", ""),
}


def test_junit_holds_to_the_schema_and_counts_right(course):
    root = ElementTree.fromstring(
        export.junit(course, journal.read(course.folder), "L99").encode()
    )
    for each in root.iter():
        attributes, inside = XSD[each.tag]
        known = {name.rstrip("*") for name in attributes.split()}
        must = {name[:-1] for name in attributes.split() if name.endswith("*")}
        assert must <= set(each.attrib) <= known, each.tag
        assert {child.tag for child in each} <= set(inside.split())
    counts = [len(root.findall(f".//{tag}")) for tag in ("testcase", "failure", "error")]
    assert [int(root.get(name)) for name in ("tests", "failures", "errors")] == counts
    assert counts == [6, 1, 2] and len(root) == 4


HEADS = {
    "canvas": "Student,ID,SIS User ID,SIS Login ID,Section,L99 small (4711),Labs Current Score,"
    "L99 Final Score\n  Manual Posting,,,,,,(read only),(read only)\n"
    "    Points Possible,,,,,100,(read only),(read only)\n"
    '"Lovelace, Ada",7,u1,ada,S1,,,\n"Student, Test",8,,f00,S1,,,\n',
    "canvas with semicolons": "Student;ID;SIS Login ID;Section;L99 (4711);L99 Final Score\n"
    "Points Possible;;;;100,00;(read only)\nLovelace, Ada;7;ada;S1;;\n",
    "canvas with two names": "LastName,FirstName,ID,SIS Login ID,Section,L99 (4711)\n"
    "Lovelace,Ada,7,ada,S1,\n",
    "moodle": '"First name","Last name","ID number","Email address","Assignment: L99 (Real)",'
    '"Assignment: L99 (Percentage)","Assignment: L99 (Feedback)"\n'
    '"Ada","Lovelace","ada","Ada@x.org","-","-","-"\n',
    "moodle's worksheet": 'Identifier,"Full name","Email address",Status,Grade,"Maximum grade",'
    '"Grade can be changed","Last modified (submission)","Last modified (grade)"\n'
    '"Participant 9",Ada,ada@x.org,-,,100.00,Yes,-,-\n',
    "blackboard": '"Last Name"\t"First Name"\t"Username"\t"Student ID"\t"Last Access"\t'
    '"Weighted Total [Total Pts: up to 0 Percentage] |1"\t"Total [Total Pts: up to 200 Score] |2"'
    '\t"L99 [Total Pts: 100 Score] |3"\n"Lovelace"\t"Ada"\t"ada"\t"1"\t""\t""\t""\t""\n',
    "blackboard with commas": '"Last Name","Username","L99 [Total Pts: 100 Score] |3"\n'
    '"Lovelace","ada",""\n',
}


@pytest.mark.parametrize("name", HEADS)
def test_a_platforms_table_changes_in_one_cell(course, name):
    text, platform = HEADS[name], re.match(r"\w+?(?='|\b)", name)[0]
    made = platforms.filled(course, journal.read(course.folder), "L99", platform, text)
    delimiter = "\t" if "\t" in text else ";" if ";" in text else ","
    old, new = (
        [cell for row in csv.reader(io.StringIO(each), delimiter=delimiter) for cell in row]
        for each in (text, made)
    )
    assert [b for a, b in zip(old, new, strict=True) if a != b] == ["32"]


@pytest.mark.parametrize(
    "name, old, new, says",
    [
        ("canvas", "L99 small (4711)", "L99 small", "would create a new one"),
        ("canvas", ",100,", ",10,", "gives 'L99 small (4711)' 10 points, the lab has 100"),
        ("canvas with semicolons", "100,00", "50,00", "50 points, the lab has 100"),
        ("blackboard", " |3", "", "would create a new one"),
        ("blackboard", "Pts: 100", "Pts: 50", "50 points, the lab has 100"),
        ("moodle's worksheet", "100.00", "10.00", "'Grade' 10 points, the lab has 100"),
        ("moodle", "Assignment: L99 (Real)", "Assignment: L9 (Real)", "expected one column"),
        ("canvas", "L99 small (4711)", "Quiz (4711)", "expected one column"),
    ],
)
def test_a_table_that_would_go_wrong_there_is_refused(course, name, old, new, says):
    assert old in HEADS[name]
    text, platform = HEADS[name].replace(old, new), re.match(r"\w+?(?='|\b)", name)[0]
    with pytest.raises(folder.CourseError, match=re.escape(says)):
        platforms.filled(course, journal.read(course.folder), "L99", platform, text)


def test_an_exported_file_keeps_its_ending(course, tmp_path):
    path = tmp_path / "gc.xls"
    path.write_text(HEADS["blackboard"], encoding="utf-16")
    done = subprocess.run(
        [sys.executable, "-m", "labs", "course", "export", str(course.folder), "L99"]
        + ["blackboard", "--template", str(path)],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "gc-L99.xls").read_bytes().startswith((b"\xff\xfe", b"\xfe\xff"))


@pytest.fixture(scope="module")
def unpacked(course, tmp_path_factory):
    """The tree that Gradescope documents, with the zip unpacked as it does."""
    root = tmp_path_factory.mktemp("gradescope") / "autograder"
    (root / "results").mkdir(parents=True)
    with zipfile.ZipFile(io.BytesIO(autograder.gradescope(course, "L99"))) as archive:
        archive.extractall(root / "source")
        rights = {each.filename: each.external_attr >> 16 for each in archive.infolist()}
    assert {"setup.sh", "run_autograder"} <= set(rights), "in the root of the zip"
    assert rights["setup.sh"] & 0o111 and rights["run_autograder"] & 0o111
    script = root / "run_autograder"
    script.write_bytes((root / "source/run_autograder").read_bytes())
    script.chmod(0o755)
    return root


def graded_there(root, tmp_path, files):
    """Start run_autograder as Gradescope does; what it wrote, and the process."""
    for old in (*(root / "submission").glob("*"), *(root / "results").glob("*")):
        old.unlink()
    (root / "submission").mkdir(exist_ok=True)
    for name, text in files.items():
        (root / "submission" / name).write_text(text, encoding="utf-8")
    clean = {"PATH": os.environ["PATH"], "LABS_PYTHON": sys.executable}
    done = subprocess.run([root / "run_autograder"], cwd=root, env=clean, capture_output=True)
    path = root / "results/results.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else None, done


@pytest.mark.needs("bubblewrap")
def test_gradescopes_zip_grades_in_the_documented_tree(unpacked, course, tmp_path):
    own = sources.solution(assignment.read("L99").text("lab.md"))
    found, done = graded_there(
        unpacked, tmp_path, {"submission.py": own, "receipt.json": "{}", "notes.py": "x = 1"}
    )
    assert found and found["score"] == 100 and len(found["tests"]) == 4, (found, done)
    assert b"in a sandbox" in done.stdout
    found, _ = graded_there(unpacked, tmp_path, {"a.py": own, "b.py": own})
    assert found["score"] == 0 and "a.py, b.py" in found["output"]
    (unpacked / "source/assignments/L99_small/reference.py").rename(unpacked / "kept")
    found, done = graded_there(unpacked, tmp_path, {"submission.py": own})
    (unpacked / "kept").rename(unpacked / "source/assignments/L99_small/reference.py")
    assert found is None and done.returncode, "our fault is no zero"
    script = subprocess.run(["bash", "-n", unpacked / "source/setup.sh"], capture_output=True)
    assert script.returncode == 0, script.stderr


@pytest.mark.needs("bubblewrap")
def test_where_no_sandbox_can_be_made_another_user_runs_it(course, tmp_path, monkeypatch):
    if not sandbox.as_root():
        return
    monkeypatch.setattr(sandbox, "lacking", lambda: "Docker")
    (tmp_path / "secret").write_text("s")
    (tmp_path / "secret").chmod(0o600)
    own = sources.solution(assignment.read("L99").text("lab.md"))
    file = tmp_path / "submission.py"
    file.write_text(own)
    with pytest.raises(sandbox.NoSandbox):
        one.judged(course, "L99", file)
    assert one.judged(course, "L99", file, thrown_away=True)["earned"] == 100
    file.write_text(
        f"""{own}


def look():
    import os
    assert not os.access({str(tmp_path / "secret")!r}, os.R_OK) and os.getuid() > 60000
    if os.fork() == 0:
        os.setsid()
        os.execv("/bin/sleep", ["sleep", "299.5"])


inner = softmax


def softmax(x):
    look()
    return inner(x)
"""
    )
    said = one.judged(course, "L99", file, thrown_away=True)
    assert said["earned"] == 100, [rung["says"] for rung in said["rungs"]]
    running = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if path.exists()]
    assert b"sleep\x00299.5\x00" not in running, "what it left behind is ended"


def test_a_folders_one_submission_is_found(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    assert one.picked(tmp_path) == (b"", "no such file")
    (tmp_path / "work.py").write_text("x = 1")
    (tmp_path / ".ipynb_checkpoints").mkdir()
    (tmp_path / ".ipynb_checkpoints/old.py").write_text("x = 0")
    assert one.picked(tmp_path) == (b"x = 1", ".py")
    (tmp_path / "submission.py").write_text("x = 2")
    assert one.picked(tmp_path) == (b"x = 2", ".py")

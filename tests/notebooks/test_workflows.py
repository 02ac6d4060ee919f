"""The workflows run targets of the Makefile and nothing else; the list of needs, and what happens where one is missing."""
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from book.make import needs

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.M))
ALLOWED = re.compile(r"make [a-z-]+( [A-Z_]+=\S+)*|bash \.ci/run|gh issue create [^\n|;&]*")


def foreign(text):
    """What the `run:` steps of a workflow, or the lines of .ci/run, do that no target does."""
    steps = [step for job in yaml.safe_load(text)["jobs"].values() for step in job["steps"]]
    commands = [step["run"].strip() for step in steps if "run" in step]
    return [one for one in commands if not ALLOWED.fullmatch(one) or (one.startswith("make") and one.split()[1] not in TARGETS)]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_runs_targets_of_the_makefile_alone(path):
    assert foreign(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("command", ["pip install torch", "make nothing", "make book && rm x", "gh issue create; rm x"])
def test_another_command_is_found_out(command):
    assert foreign(yaml.safe_dump({"jobs": {"a": {"steps": [{"run": command}]}}})) == [command]


def unguarded(text):
    """Jobs that put the site on the web without waiting for one that runs the whole suite."""
    jobs = yaml.safe_load(text)["jobs"]
    whole = {name for name, job in jobs.items() if any(step.get("run") == "bash .ci/run" for step in job["steps"])}
    return [name for name, job in jobs.items() if any("deploy-pages" in step.get("uses", "") for step in job["steps"])
            and not whole & set([job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", []))]


def test_the_site_is_published_in_one_place_and_only_when_the_suite_is_green():
    texts = [path.read_text(encoding="utf-8") for path in WORKFLOWS]
    assert [one for text in texts for one in unguarded(text)] == []
    assert sum("deploy-pages" in text for text in texts) == 1


@pytest.mark.parametrize("needs", [None, "build", ["build"]])
def test_a_publication_that_does_not_wait_for_the_suite_is_found(needs):
    deploy = {"steps": [{"uses": "actions/deploy-pages@v4"}]} | ({"needs": needs} if needs else {})
    jobs = {"suite": {"steps": [{"run": "bash .ci/run"}]}, "build": {"steps": [{"run": "make book"}]}, "deploy": deploy}
    assert unguarded(yaml.safe_dump({"jobs": jobs})) == ["deploy"]
    assert unguarded(yaml.safe_dump({"jobs": jobs | {"deploy": deploy | {"needs": ["suite"]}}})) == []


def test_the_suite_keeps_wheels_and_data():
    steps = yaml.safe_load((ROOT / ".github/workflows/suite.yml").read_text(encoding="utf-8"))["jobs"]["suite"]["steps"]
    assert {step["with"]["path"] for step in steps if "actions/cache" in step.get("uses", "")} == {"~/.cache/pip", "~/.cache/parity-course"}


def test_there_is_one_for_the_suite_and_one_for_the_newest_versions():
    assert [path.stem for path in WORKFLOWS] == ["suite", "weekly"]
    weekly = (ROOT / ".github/workflows/weekly.yml").read_text(encoding="utf-8")
    assert "schedule" in weekly and "gh issue create" in weekly and "3.13" in weekly


def test_every_target_of_the_makefile_has_its_line_of_help_and_no_file_in_its_way():
    helped = set(re.findall(r"^([a-z-]+):.*## ", MAKEFILE, re.M))
    phony = set(re.search(r"^\.PHONY: (.*)$", MAKEFILE, re.M)[1].split())
    assert TARGETS - helped <= {"environment"} and TARGETS <= phony


def test_the_list_names_needs_and_real_targets():
    listed = needs.listed((ROOT / needs.LIST).read_text(encoding="utf-8"))
    assert {"chromium", "fluid", "axe"} <= {need for need, *_ in listed}
    assert {name for _, kind, name in listed if kind == "make"} <= TARGETS


@pytest.mark.parametrize("line", ["chromium apt", "chromium brew chromium", "unicorn apt unicorn", "chromium apt chromium now"])
def test_a_broken_line_of_the_list_is_refused(line):
    with pytest.raises(ValueError, match="line 2: expected NEED"):
        needs.listed(f"# a comment\n{line}\n")


def test_a_missing_need_fails_with_the_way_to_get_it(tmp_path, monkeypatch, capsys):
    (tmp_path / ".ci").mkdir()
    (tmp_path / needs.LIST).write_text("axe make environment\nchromium apt chromium\n", encoding="utf-8")
    monkeypatch.setitem(needs.NEEDS, "axe", needs.Need(lambda: "it is not here", "nothing", "make environment"))
    monkeypatch.setitem(needs.NEEDS, "chromium", needs.Need(lambda: "", "the site", "apt install chromium"))
    with pytest.raises(SystemExit, match="1 of the needs"):
        needs.main([], tmp_path)
    assert "axe            MISSING: it is not here" in (said := capsys.readouterr().out) and "chromium       here" in said
    needs.main(["--missing", "make"], tmp_path)
    needs.main(["--missing", "apt"], tmp_path)
    assert capsys.readouterr().out == "environment\n"


SUITE = '''
import pytest
from book.make import needs
needs.NEEDS["unicorn"] = needs.Need(lambda: "there is none", "unicorns", "apt install unicorn")

@pytest.mark.needs("unicorn")
def test_a(): assert False

def test_b(): pass
'''


@pytest.mark.parametrize("wanted, closing, says", [("", "1 passed, 1 skipped", r"unicorns \(1 tests\)\. To cover it: apt install unicorn"),
                                                  ("all", "1 passed, 1 error", "needs unicorn: there is none; to get it: apt install unicorn")])
def test_a_test_without_its_needs_is_skipped_and_told_or_fails_in_ci(tmp_path, wanted, closing, says):
    (tmp_path / "conftest.py").write_text((ROOT / "tests/conftest.py").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "test_x.py").write_text(SUITE, encoding="utf-8")
    done = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--strict-markers", "."], cwd=tmp_path, capture_output=True, text=True,
                          env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "PARITY_NEEDS": wanted})
    assert closing in done.stdout and re.search(says, done.stdout), done.stdout

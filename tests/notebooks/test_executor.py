"""The executor: what is executed again, and what a failure says."""
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import nbformat
import psutil
import pytest

from book.make import book, budgets, execute, notebooks, runs

LABS = {"labs/__init__.py": "__version__ = '1.0'\n", "_config.yml": "repository: {url: https://github.com/a/b}\n", "requirements.txt": "paddlepaddle>=3\n",
        "labs/used.py": "import labs.below\n", "labs/below.py": "VALUE = 1\n", "labs/other.py": "VALUE = 2\n",
        "labs/data/__init__.py": "def used(): return ['digits']\n", "labs/data/cards/digits.toml": "a = 1\n",
        "labs/data/cards/letters.toml": "a = 1\n", "labs/style.css": "p {}\n"}
USER = ["import labs.used, labs.data", "print(labs.below.VALUE)"]
STRANGER = ["print('hello')", "1 + 1"]


def text_of(sources, prose="Some prose."):
    """A chapter's text."""
    text = "---\nkernelspec: {name: python3, display_name: Python 3}\n---\n\n" + prose + "\n\n"
    return text + "\n\n".join(f"```{{code-cell}}\n{source}\n```" for source in sources)


def notebook(sources, prose="Some prose."):
    """A notebook as the chapters have them, with cell ids that follow the cell."""
    return nbformat.reads(notebooks.notebook(text_of(sources, prose), "# nothing for Colab here"), 4)


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A made-up repository with a package labs of its own, and nothing set in the environment."""
    for name in ("LABS_RUN", "LABS_DEVICE"):
        monkeypatch.delenv(name, raising=False)
    for name, text in LABS.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def executed(root, chapters, capsys, timeout=60):
    """Run the executor; return (names that ran, failures)."""
    capsys.readouterr()
    failures = execute.everything(chapters, root, timeout)
    return {line.split()[0] for line in capsys.readouterr().out.splitlines() if line.split()[1] in ("runs", "runs:")}, failures


def test_a_run_keeps_outputs_seconds_memory_versions_and_what_it_used(root, capsys):
    assert executed(root, {"user": notebook(USER)}, capsys) == ({"user"}, [])
    run = runs.read(root / "_build/runs", "user")
    assert [cell["execution_count"] for cell in run["cells"]] == [1, 2, 3]
    assert run["cells"][2]["outputs"][0]["text"] == "1\n"
    assert run["seconds"] > 0 and run["peak_mb"] > 10 and run["mode"] == "quick" and run["device"] == "auto"
    assert run["versions"]["python"] == ".".join(map(str, sys.version_info[:3])) and "labs" in run["versions"]
    assert set(run["depends"]["files"]) == {"labs/__init__.py", "labs/used.py", "labs/below.py", "labs/data/__init__.py",
                                            "labs/data/cards/digits.toml"}


def test_only_what_a_run_depends_on_executes_it_again(root, capsys, monkeypatch):
    chapters = {"user": notebook(USER), "stranger": notebook(STRANGER)}
    assert executed(root, chapters, capsys)[0] == {"user", "stranger"}
    assert executed(root, chapters, capsys)[0] == set(), "nothing changed, and something ran"

    typo = {"user": notebook(USER, "Some porse."), "stranger": notebook(STRANGER, "Other prose.")}
    assert executed(root, typo, capsys)[0] == set(), "prose changed, and something ran"

    changed = {"user": notebook(USER), "stranger": notebook(["print('hello!')", "1 + 1"])}
    assert executed(root, changed, capsys)[0] == {"stranger"}, "a code cell changed"

    steps = [("labs/other.py", "VALUE = 3\n", set()), ("labs/below.py", "VALUE = 5\n", {"user"}),
             ("labs/data/cards/letters.toml", "a = 2\n", set()), ("labs/data/cards/digits.toml", "a = 2\n", {"user"}),
             ("labs/style.css", "p { }\n", {"user"})]
    for name, text, expected in steps:
        (root / name).write_text(text)
        assert executed(root, changed, capsys)[0] == expected, f"{name} changed"
    assert runs.read(root / "_build/runs", "user")["cells"][2]["outputs"][0]["text"] == "5\n"
    monkeypatch.setenv("LABS_RUN", "smoke")
    assert not runs.is_current(runs.read(root / "_build/runs", "user"), changed["user"], root), "another run mode"
    monkeypatch.delenv("LABS_RUN")
    monkeypatch.setenv("LABS_RUN", "")
    assert runs.is_current(runs.read(root / "_build/runs", "user"), changed["user"], root), "empty is quick, as for labs.run"
    monkeypatch.setenv("LABS_DEVICE", "cpu")
    assert not runs.is_current(runs.read(root / "_build/runs", "user"), changed["user"], root), "another device"


def test_other_versions_execute_again_and_the_reason_is_said(root, capsys):
    """As after an upgrade on a Python that has no lock."""
    chapters = {"user": notebook(USER)}
    executed(root, chapters, capsys)
    run = runs.read(root / "_build/runs", "user")
    assert {"python", "labs", "torch", "numpy"} <= set(run["versions"]) and "?" not in run["versions"].values()
    runs.write(root / "_build/runs", "user", run | {"versions": run["versions"] | {"torch": "0.0.1"}})
    execute.everything(chapters, root, 60)
    assert "runs: torch 0.0.1 -> " in capsys.readouterr().out
    for spoilt in (dict.fromkeys(run["versions"], "0.0.1"), {}):
        assert not runs.is_current(run | {"versions": spoilt}, chapters["user"], root)


@pytest.mark.parametrize("change, says", [
    (lambda root: (root / "labs/below.py").write_text("VALUE = 7\n"), "labs/below.py changed"),
    (lambda root: (root / "labs/style.css").write_text("p {  }\n"), "a file of labs/ that is no Python changed"),
    (lambda root: os.environ.update(LABS_RUN="smoke"), "LABS_RUN quick -> smoke"),
    (lambda root: os.environ.update(LABS_DEVICE="cpu"), "LABS_DEVICE auto -> cpu")])
def test_each_reason_is_told_in_words(root, capsys, monkeypatch, change, says):
    monkeypatch.setattr(os, "environ", dict(os.environ))
    executed(root, {"user": notebook(USER)}, capsys)
    run = runs.read(root / "_build/runs", "user")
    assert runs.reason(run, notebook(USER), root) == ""
    change(root)
    assert runs.reason(run, notebook(USER), root) == says
    assert runs.reason(None, notebook(USER), root) == "it has no run yet"
    assert runs.reason(run, notebook(["x = 1"]), root).startswith("its code changed")


def test_what_setuptools_carries_inside_itself_is_no_version_of_ours(root, capsys):
    chapters = {"user": notebook(["import sys, setuptools", "import packaging", "'_vendor' in ''.join(sys.path)"])}
    executed(root, chapters, capsys)
    assert "True" in str(runs.read(root / "_build/runs", "user")["cells"][-1]["outputs"]), "else this test tests nothing"
    assert executed(root, chapters, capsys)[0] == set(), "a build of the same thing executed everything again"


def test_a_run_mode_that_there_is_not_stops_the_build_before_any_chapter(root, monkeypatch):
    monkeypatch.setenv("LABS_RUN", "Smok")
    with pytest.raises(SystemExit, match="LABS_RUN: expected one of .* got 'Smok'"):
        execute.main([], root)


@pytest.mark.parametrize("budget, name, fits", [(90, "40_x", True), (91, "40_x", False), (100_000, "40_x", False), (0, "40_x", False), (-1, "40_x", False),
                                                (None, "40_x", False), ("90", "40_x", False), (True, "40_x", False), (120, "41_y", True), (121, "41_y", False)])
def test_a_budget_binds(budget, name, fits, monkeypatch):
    monkeypatch.setitem(budgets.EXCEPTIONS, "41_y", "real weights")
    made = notebook(STRANGER)
    made.metadata["parity"] = {"budget_s": budget}
    assert (budgets.broken(name, made) == []) is fits


@pytest.mark.parametrize("path", book.texts(), ids=lambda path: path.stem)
def test_the_budget_of_every_text_is_one_that_is_allowed(path):
    assert budgets.broken(path.stem, notebooks.of_page(path.relative_to(book.ROOT).with_suffix("").as_posix())) == []


def test_every_exception_has_its_reason_and_its_chapter():
    assert set(budgets.EXCEPTIONS) | set(budgets.SMOKE_EXCEPTIONS) <= {path.stem for path in book.texts()}
    assert all(len(why.split()) > 4 for why in [*budgets.EXCEPTIONS.values(), *(why for _, why in budgets.SMOKE_EXCEPTIONS.values())])
    assert all(budgets.SMOKE_S < seconds <= 2 * budgets.SMOKE_S for seconds, _ in budgets.SMOKE_EXCEPTIONS.values())


def test_a_smoke_run_is_held_to_fifteen_seconds(monkeypatch):
    monkeypatch.setenv("CI", "true")
    run = {"mode": "smoke", "processor_s": 14.0}
    assert budgets.overrun("40_x", notebook(STRANGER), run) == ("", False)
    assert budgets.overrun("40_x", notebook(STRANGER), run | {"processor_s": 16.0})[1] is False, "within the margin"
    assert budgets.overrun("40_x", notebook(STRANGER), run | {"processor_s": 31.0})[1] is True
    assert budgets.overrun("40_x", notebook(STRANGER), run | {"mode": "full", "processor_s": 9e9}) == ("", False)


def test_two_large_notebooks_do_not_run_at_once():
    room, order = execute.Room(4000), []

    def run(name, megabytes):
        with room.of(megabytes):
            order.append(f"{name} in")
            time.sleep(0.3)
            order.append(f"{name} out")
    threads = [threading.Thread(target=run, args=one) for one in (("a", 3000), ("b", 3000), ("c", 9000))]
    for thread in threads:
        thread.start()
        time.sleep(0.05)
    for thread in threads:
        thread.join()
    assert all(order[i][0] == order[i + 1][0] for i in (0, 2, 4)) and len(order) == 6


def test_what_may_take_longest_begins_first(root, monkeypatch):
    """Without a run, as in a fresh clone, by the budget; else by what the last run took."""
    chapters = {name: notebook(STRANGER) for name in ("short", "long", "free", "known")}
    for name, budget_s in {"short": 10, "long": 90, "known": 1}.items():
        chapters[name].metadata["parity"] = {"budget_s": budget_s}
    runs.write(root / "_build/runs", "known", {"seconds": 50.0})
    begun = []
    monkeypatch.setattr(execute, "one", lambda name, *_: begun.append(name))
    monkeypatch.setattr(execute, "AT_ONCE", 1)
    assert execute.everything(chapters, root, 60) == [] and begun == ["long", "known", "short", "free"]


def test_a_failing_cell_names_chapter_cell_and_error_and_leaves_the_traceback_in_a_file(root, capsys):
    bad = notebook(["x = 1", "%%time\ny = x / 0", "print('never')"])
    ran, failures = executed(root, {"bad": bad, "good": notebook(STRANGER)}, capsys)
    assert ran == {"bad", "good"} and len(failures) == 1, "the other chapter runs on"
    cell = bad.cells[-2]
    assert "bad: code cell 3 of 4" in failures[0] and cell.id in failures[0] and "'%%time'" in failures[0]
    assert "ZeroDivisionError: division by zero" in failures[0]
    trace = (root / "_build/errors/bad.txt").read_text()
    assert "y = x / 0" in trace and "\x1b" not in trace and not (root / "_build/errors/good.txt").exists()
    assert runs.read(root / "_build/runs", "good") and runs.read(root / "_build/runs", "bad") is None

    assert executed(root, {"bad": notebook(["x = 1"])}, capsys)[1] == []
    assert not (root / "_build/errors/bad.txt").exists(), "a fixed chapter leaves no old traceback"


def test_a_dead_kernel_fails_and_says_so(root, capsys):
    _, failures = executed(root, {"dead": notebook(["import os", "os._exit(1)"])}, capsys)
    assert len(failures) == 1 and "dead: code cell 3" in failures[0] and "the kernel died" in failures[0]
    assert (root / "_build/errors/dead.txt").exists()


def test_a_cell_that_takes_too_long_fails_and_says_so(root, capsys):
    _, failures = executed(root, {"slow": notebook(["import time; time.sleep(60)"])}, capsys, timeout=2)
    assert len(failures) == 1 and "slow: code cell 2" in failures[0] and "more than 2 s" in failures[0]


def test_a_failed_run_keeps_the_last_good_one_but_does_not_take_it_for_valid(root, capsys):
    executed(root, {"user": notebook(USER)}, capsys)
    (root / "labs/below.py").write_text("raise ImportError('broken')\n")
    assert executed(root, {"user": notebook(USER)}, capsys)[1]
    run = runs.read(root / "_build/runs", "user")
    assert run is not None and not runs.is_current(run, notebook(USER), root)


@pytest.mark.parametrize("ci, failures", [("", 0), ("true", 1)])
def test_a_run_over_its_budget_is_warned_about_and_fails_in_ci(root, capsys, monkeypatch, ci, failures):
    monkeypatch.setenv("CI", ci)
    slow = notebook(["1", "import time; end = time.process_time() + 1\nwhile time.process_time() < end: pass"])
    slow.metadata["parity"] = {"budget_s": 0.5}
    assert len(execute.everything({"slow": slow}, root, 60)) == failures
    said = capsys.readouterr().out
    assert "over its budget of 0.5 processor seconds" in said and "a slow cell: import time;" in said
    *_, fast, slow = runs.read(root / "_build/runs", "slow")["cells"]
    assert fast["seconds"] < 1 <= slow["seconds"]


def test_what_a_cell_leaves_on_stderr_is_said(root, capsys):
    loud = notebook(["import warnings; warnings.warn('old habits')"])
    assert execute.everything({"loud": loud}, root, 60) == []
    assert "warning: the page would show:" in capsys.readouterr().out


def test_processor_seconds_are_those_of_the_process_and_its_children():
    busy = "import time\nend = time.process_time() + 0.6\nwhile time.process_time() < end: pass\n"
    both = f"import subprocess, sys, time\nchild = subprocess.Popen([sys.executable, '-c', {busy!r}])\n{busy}child.wait(); time.sleep(1)"
    process = subprocess.Popen([sys.executable, "-c", both])
    watch = execute.Watch(process.pid, every_s=0.02)
    watch.start()
    process.wait()
    watch.ended.set()
    watch.join()
    assert 1.0 < watch.seconds < 2.0


def test_peak_memory_survives_a_reset_of_the_kernels_own_mark(root, capsys):
    clear = "import os\nif os.path.exists('/proc/self/clear_refs'): open('/proc/self/clear_refs', 'w').write('5')"
    executed(root, {"large": notebook(["x = bytes(1) * 300_000_000", "import time; time.sleep(1); del x", clear])}, capsys)
    assert runs.read(root / "_build/runs", "large")["peak_mb"] > 280


def test_ctrl_c_ends_the_build_and_its_kernels(root):
    (root / "_toc.yml").write_text("root: slow\n")
    (root / "slow.md").write_text(text_of([f"open({str(root / 'began')!r}, 'w'); import time; time.sleep(120)"]))
    code = ("import signal, sys, pathlib; signal.signal(signal.SIGINT, signal.default_int_handler); "      # a shell's background job ignores it
            "from book.make import execute; execute.main([], pathlib.Path(sys.argv[1]))")
    build = subprocess.Popen([sys.executable, "-c", code, str(root)], cwd=Path(__file__).parents[2], stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, text=True, start_new_session=True)
    give_up = time.monotonic() + 60
    while not (root / "began").exists() and time.monotonic() < give_up:        # the cell runs
        time.sleep(0.2)
    kernels = psutil.Process(build.pid).children(recursive=True)
    os.kill(build.pid, signal.SIGINT)
    said, _ = build.communicate(timeout=60)
    assert build.returncode == 130 and "stopped" in said and "Traceback" not in said, said
    assert kernels and not [kernel for kernel in kernels if kernel.is_running() and kernel.status() != psutil.STATUS_ZOMBIE]


def test_an_unknown_chapter_is_named_with_those_that_exist(root):
    (root / "_toc.yml").write_text("root: one\n")
    (root / "one.md").write_text(text_of(STRANGER))
    with pytest.raises(SystemExit, match="no chapter two; there are one"):
        execute.main(["two"], root)


def test_a_record_is_plain_json(root, capsys):
    executed(root, {"user": notebook(USER)}, capsys)
    assert json.loads((root / "_build/runs/user.json").read_text())["name"] == "user"

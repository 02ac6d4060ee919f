"""Setting up: which Python, which torch, what a failure says, and when nothing is to be done."""
import subprocess
import sys
import types
from pathlib import Path

import pytest

from book.make import book, environment

ROOT = Path(__file__).parents[2]
PLAIN = {"version": "2.13.0", "requires_dist": ["filelock", 'nvidia-cudnn-cu13==9.1; platform_system == "Linux"']}


@pytest.mark.parametrize("version", [(3, 8), (3, 10), (3, 14), (2, 7), (4, 0)])
def test_a_wrong_python_hears_which_ones_are_right(version):
    with pytest.raises(environment.SetupError, match=r"3\.11, 3\.12 or 3\.13"):
        environment.check_python(version)


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13)])
def test_a_right_python_passes(version):
    environment.check_python(version)


@pytest.mark.parametrize("metadata, cuda", [
    (PLAIN, True), ({"version": "2.13.0+cpu", "requires_dist": []}, False), ({"version": "2.11.0+cu128"}, True),
    ({"version": "2.13.0", "requires_dist": ["cuda-bindings<14; platform_system == 'Linux'"]}, True),
    ({"version": "2.13.0", "requires_dist": ["filelock", "sympy"]}, False)])
def test_a_cuda_build_is_told_by_its_metadata(metadata, cuda):
    assert environment.is_cuda({"install": [{"metadata": metadata}]}) is cuda


def answer(monkeypatch, stdout="", stderr="", status=0):
    asked = []

    def run(command, **_):
        asked.append(command)
        return types.SimpleNamespace(returncode=status, stdout=stdout, stderr=stderr)
    monkeypatch.setattr(environment.subprocess, "run", run)
    return asked


def test_where_plain_pip_brings_cuda_the_cpu_index_is_taken(monkeypatch):
    import json
    answer(monkeypatch, json.dumps({"install": [{"metadata": PLAIN}]}))
    assert environment.torch_source(["pip"], "torch==2.13.0", "linux") == ["--index-url", environment.CPU_INDEX]
    asked = answer(monkeypatch, json.dumps({"install": [{"metadata": {"version": "2.13.0+cpu"}}]}))
    assert environment.torch_source(["pip"], "torch==2.13.0", "linux") == []
    assert "--dry-run" in asked[0] and "--no-deps" in asked[0], "asking must not download several gigabytes"


def test_on_macos_nobody_is_asked(monkeypatch):
    asked = answer(monkeypatch)
    assert environment.torch_source(["pip"], "torch==2.13.0", "darwin") == [] and not asked


@pytest.mark.parametrize("said, says", [
    ("Failed to establish a new connection: [Errno -3] Temporary failure in name resolution", "Is there a network"),
    ("Could not find a version that satisfies torch (from versions: none)", "Is there a network"),
    ("The virtual environment was not created successfully because ensurepip is not available", "python3-venv"),
    ("/usr/bin/python3: No module named venv", "python3-venv"), ("OSError: [Errno 28] No space left on device", "disk is full"),
    ("Looking in indexes: " + environment.CPU_INDEX + " ... NewConnectionError", "index of CPU builds could not be reached"),
    ("something else", "last that the command said")])
def test_a_failure_says_what_to_do(said, says):
    assert says in environment.advice(said)


def test_a_failing_command_is_quoted():
    with pytest.raises(environment.SetupError, match="(?s)trying it failed.*no luck"):
        environment.run([sys.executable, "-c", "import sys; sys.exit('no luck')"], "trying it")


def test_the_stamp_follows_lock_package_and_python(tmp_path):
    for name in ("requirements.lock", "pyproject.toml"):
        (tmp_path / name).write_text("a")
    first = environment.stamp((3, 11), tmp_path)
    assert environment.stamp((3, 11), tmp_path) == first != environment.stamp((3, 12), tmp_path)
    for name in ("requirements.lock", "pyproject.toml", "requirements.txt"):
        before = environment.stamp((3, 11), tmp_path)
        (tmp_path / name).write_text("b")
        assert environment.stamp((3, 11), tmp_path) != before, name


def test_an_environment_with_the_right_stamp_is_left_alone(tmp_path, monkeypatch, capsys):
    home = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", home], check=True)
    monkeypatch.setattr(environment, "install", lambda *_: pytest.fail("installed something"))
    (home / "installed.sha256").write_text(environment.stamp(sys.version_info, ROOT))
    assert environment.prepare(home, ROOT) is False and capsys.readouterr().out == ""


def test_another_python_gets_the_ranges_and_is_told(tmp_path, monkeypatch, capsys):
    installed = []
    monkeypatch.setattr(environment, "create", lambda home: (3, 12))
    monkeypatch.setattr(environment, "install", lambda home, names, torch: installed.append((names, torch)))
    monkeypatch.setattr(environment, "run", lambda *_: "")
    assert environment.prepare(tmp_path, ROOT) is True
    (names, torch), = installed
    assert names == ["requirements.txt", ".[dev]"] and torch.startswith("torch>=")
    assert "requirements.lock is for Python 3.11; this is 3.12" in capsys.readouterr().out


def lock_lines(frozen):
    """The function of lock.py, which runs beside environment.py and not as part of a package."""
    code = ("import sys; sys.path.insert(0, 'book/make'); import environment, lock\n"
            "try: print('\\n'.join(lock.lines(sys.stdin.read())))\n"
            "except environment.SetupError as error: sys.exit(str(error))")
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, input=frozen, capture_output=True, text=True)


def test_the_lock_holds_names_and_versions_alone():
    assert lock_lines("torch==2.13.0+cpu\nnumpy==2.4.6\npip==26.3\n").stdout.split() == ["numpy==2.4.6", "torch==2.13.0"]
    refused = lock_lines("labs @ file:///somewhere\n")
    assert refused.returncode and "cannot be locked" in refused.stderr


def test_the_lock_fits_the_ranges():
    from packaging.requirements import Requirement
    locked = dict(line.split("==") for line in (ROOT / "requirements.lock").read_text().splitlines() if line[0] != "#")
    lower = {name.lower().replace("_", "-"): version for name, version in locked.items()}
    for line in ranges():
        wanted = Requirement(line)
        assert wanted.specifier.contains(lower[wanted.name.lower().replace("_", "-")], prereleases=True), line


def ranges():
    """All ranges: those of requirements.txt, and those of pyproject.toml with its extras."""
    import tomllib
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    listed = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if line and line[0] not in "#."]
    listed += [*project["dependencies"], *(line for extra in project["optional-dependencies"].values() for line in extra)]
    return [line for line in listed if not line.startswith("parity-course[")]


def test_each_range_is_written_once():
    from packaging.requirements import Requirement
    names = [Requirement(line).name.lower() for line in ranges()]
    assert sorted(set(names)) == sorted(names)


def test_the_lock_admits_the_first_python_of_its_series():
    """Debian 12 has 3.11.2: a package that asks for 3.11.5 would break its set-up."""
    from importlib.metadata import PackageNotFoundError, metadata

    from packaging.specifiers import SpecifierSet
    first, checked = "%d.%d.0" % environment.LOCKED, 0
    for line in (ROOT / "requirements.lock").read_text().splitlines():
        if line[0] != "#":
            try:
                found = metadata(line.split("==")[0])
            except PackageNotFoundError:
                continue
            if found["Version"].split("+")[0] == line.split("==")[1]:
                checked += 1
                assert SpecifierSet(found.get("Requires-Python") or "").contains(first), f"{line} refuses Python {first}"
    assert checked, "none of the lock's versions is installed here"


IMPORTED = {"IPython": "ipython"}       # import name -> name of the package, where they differ


def test_what_labs_imports_is_declared_and_what_is_declared_is_imported():
    """Frameworks apart: those a reader chooses."""
    import ast
    import tomllib

    from packaging.requirements import Requirement
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    declared = {Requirement(line).name for line in [*project["dependencies"], *extras["hf"], *extras["fluid"], *extras["record"], *extras["cluster"]]}
    imported = set()
    for path in (ROOT / "labs").rglob("*.py"):
        if "kernel" in path.parts:                  # runs in the Fluid process, with packages of its own
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else \
                [node.module] if isinstance(node, ast.ImportFrom) and node.module and not node.level else []
            imported |= {name.split(".")[0] for name in names}
    imported = {IMPORTED.get(name, name) for name in imported - set(sys.stdlib_module_names) - {"labs", "torch", "paddle"}}
    assert imported <= declared, f"imported and not declared in pyproject.toml: {sorted(imported - declared)}"
    assert declared - imported == {"accelerate", "jinja2"}, "declared, and not imported (these two transformers imports)"


def test_the_package_names_the_books_address():
    import tomllib

    urls = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]
    assert urls["Repository"] == book.address(ROOT).url


def test_the_linter_finds_nothing():
    done = subprocess.run([sys.executable, "-m", "ruff", "check", "."], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_that_git_ignores_is_in_the_repository():
    """A link named .venv that was committed once took the place of the environment of whoever merged it."""
    done = subprocess.run(["git", "ls-files", "--cached", "--ignored", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("this is no work tree of git")
    assert done.stdout == "" and ".venv" in (ROOT / ".gitignore").read_text().splitlines()

"""Imports go down only; `import labs` is fast and pulls in no framework."""
import json
import subprocess
import sys
from pathlib import Path

import pytest

from book.make import floors

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "labs").rglob("*.py"))


@pytest.mark.parametrize("rule", floors.RULES, ids=lambda rule: rule.__name__)
def test_labs_keeps_its_floors(rule):
    assert FILES
    broken = [line for path in FILES for line in rule(path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8"))]
    assert not broken, "\n".join(broken)


BROKEN = [
    (floors.goes_down, "labs/tables.py", "from labs import data", "upwards"),
    (floors.goes_down, "labs/tables.py", "def f():\n    import labs.parity.ladder", "upwards"),
    (floors.goes_down, "labs/data/door.py", "from ..timing import paired", "upwards"),
    (floors.goes_down, "labs/data/__init__.py", "from .. import doctor", "upwards"),
    (floors.goes_down, "labs/parity/ladder.py", "from labs import course", "upwards"),
    (floors.goes_down, "labs/parity/ladder.py", "import labs.tasks.mnist.config", "upwards"),
    (floors.goes_down, "labs/run.py", "import book.make.rules", "never imports book"),
    (floors.goes_down, "labs/helpers.py", "", "no floor"),
    (floors.goes_down, "labs/run.py", "import labs.helpers", "no floor"),
    (floors.goes_down, "labs/__init__.py", "import os", "imports nothing"),
    (floors.goes_down, "labs/tasks/mnist/torch_side.py", "from labs import data", "config alone"),
    (floors.goes_down, "labs/tasks/mnist/torch_side.py", "from ..rnn_lm import config", "config alone"),
    (floors.goes_down, "labs/tasks/mnist/config.py", "from labs import run", "config alone"),
    (floors.goes_down, "labs/tasks/mnist/proof.py", "from labs.tasks.rnn_lm import config", "no task imports another"),
    (floors.goes_down, "labs/tasks/mnist/exercises.py", "from labs import course", "upwards"),
    (floors.goes_down, "labs/parity/climbing.py", "import importlib\ndef f(t):\n    return importlib.import_module(f'labs.tasks.{t}.proof')", "upwards"),
    (floors.frameworks_inside_functions, "labs/tasks/mnist/torch_side.py", "def f():\n    import paddle", "expected torch"),
    (floors.frameworks_inside_functions, "labs/tasks/mnist/paddle_side.py", "from torch import nn", "expected paddle"),
    (floors.frameworks_inside_functions, "labs/tasks/mnist/config.py", "import torch", "module level"),
    (floors.frameworks_inside_functions, "labs/data/door.py", "class A:\n    import paddle.nn", "module level"),
    (floors.frameworks_inside_functions, "labs/parity/ladder.py", "try:\n    import torch\nexcept ImportError:\n    pass", "module level"),
    (floors.devices_in_one_place, "labs/timing.py", "x = device('cuda')", "ask labs.device"),
    (floors.devices_in_one_place, "labs/tasks/mnist/paddle_side.py", "x.to('gpu:0')", "ask labs.device"),
]


@pytest.mark.parametrize("rule, path, text, says", BROKEN)
def test_each_rule_catches_what_it_forbids(rule, path, text, says):
    assert any(says in line for line in rule(path, text))


KEPT = [
    (floors.goes_down, "labs/parity/ladder.py", "from labs import data, tables\nfrom .records import Record"),
    (floors.goes_down, "labs/tasks/mnist/mistakes.py", "from .config import Config\nfrom labs.parity.mistakes import of_task\nimport numpy"),
    (floors.goes_down, "labs/doctor.py", "from labs import __version__, data, device"),
    (floors.frameworks_inside_functions, "labs/parity/ladder.py", "def f():\n    import torch, paddle"),
    (floors.frameworks_inside_functions, "labs/tasks/mnist/torch_side.py", "import torch\nfrom torch import nn"),
    (floors.devices_in_one_place, "labs/device.py", "x = 'cuda'"),
    (floors.devices_in_one_place, "labs/timing.py", "'''Times on cuda too.'''\ngetattr(torch, 'cuda')"),
]


@pytest.mark.parametrize("rule, path, text", KEPT)
def test_each_rule_lets_pass_what_it_should(rule, path, text):
    assert rule(path, text) == []


def test_import_labs_is_fast_and_pulls_in_no_framework():
    code = ("import json, sys, time; before = set(sys.modules); began = time.perf_counter(); import labs; "
            "took = time.perf_counter() - began; print(json.dumps([took, sorted(set(sys.modules) - before)]))")
    runs = [json.loads(subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True).stdout)
            for _ in range(3)]
    assert min(took for took, _ in runs) < 0.3, "import labs takes 0.3 s or more"
    assert not {name.split(".")[0] for name in runs[0][1]} & floors.FRAMEWORKS


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "labs").iterdir()
                                        if (path.is_dir() and (path / "__init__.py").exists() or path.suffix == ".py")
                                        and path.stem not in ("__init__", "__main__")))
def test_every_module_of_labs_imports_without_a_framework(name):
    """With every framework made unfindable, so this also holds where one is missing."""
    code = ("import sys, importlib\n"
            "class Closed:\n"
            "    def find_spec(self, name, path=None, target=None):\n"
            f"        if name.split('.')[0] in {sorted(floors.FRAMEWORKS)!r}:\n"
            "            raise ImportError('framework imported: ' + name)\n"
            "sys.meta_path.insert(0, Closed())\n"
            f"importlib.import_module('labs.{name}')\n")
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-800:]


def test_no_module_of_labs_parity_has_the_name_of_something_that_the_package_exports():
    """`import labs.parity.self_distance as s` would give the function."""
    from labs import parity
    modules = {path.stem for path in (ROOT / "labs/parity").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert modules & set(parity.__all__) == set()

"""Collecting the suite is quick, because names of tests come from names of files: each worker does it again."""
import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
CODE = """
import json, sys, time
import pytest
status = pytest.main(["--collect-only", "-q", "-p", "no:cacheprovider"])
from labs import data
heavy = sorted({name.split(".")[0] for name in sys.modules} & {"torch", "paddle", "transformers"})
print("loaded:" + json.dumps({"status": int(status), "heavy": heavy, "data": data.used()}))
"""


def test_collecting_the_tests_loads_no_framework_and_no_data():
    done = subprocess.run([sys.executable, "-c", CODE], cwd=ROOT, capture_output=True, text=True)
    said = done.stdout.rpartition("loaded:")[2]
    assert said, done.stdout[-2000:] + done.stderr[-2000:]
    assert json.loads(said) == {"status": 0, "heavy": [], "data": []}
    assert " tests collected" in done.stdout
    assert not [line for line in done.stdout.splitlines() if " at 0x" in line], "a name with an address in it is another in each worker"

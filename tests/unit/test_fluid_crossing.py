"""What crosses between a notebook and Fluid: arrays, numbers, text and dicts of them, never a pickle."""
import ast
from pathlib import Path

import numpy as np
import pytest

from labs import parity
from labs.fluid.kernel import fluid_crossing

ROOT = Path(__file__).parents[2]
OVER_THERE = [*(ROOT / "labs/fluid/kernel").glob("*.py"), *(ROOT / "labs/tasks").glob("*/fluid_side.py"), ROOT / "labs/parity/sketches.py"]


def crossed(tmp_path, **values):
    fluid_crossing.pack(tmp_path / "box.npz", values)
    return fluid_crossing.unpack(tmp_path / "box.npz")


def test_arrays_keep_their_type_and_bits(tmp_path):
    given = {"f4": np.float32([0.1, np.nan, -0.0]), "f8": np.arange(6.0).reshape(2, 3), "i8": np.array([2**53 + 1]), "none": np.zeros((0, 3))}
    back = crossed(tmp_path, given=given)["given"]
    assert {name: (a.dtype, a.shape, a.tobytes()) for name, a in back.items()} == {n: (a.dtype, a.shape, a.tobytes()) for n, a in given.items()}


def test_numbers_text_and_deep_dicts_cross(tmp_path):
    given = {"rate": 0.1, "steps": 3, "name": "学习率 é", "yes": True, "deep": {"one step": {"fc1.weight": 1.5}}, "empty": {}}
    assert crossed(tmp_path, given=given) == {"given": given}


def test_a_sketch_crosses(tmp_path):
    drawn = parity.sketch(np.arange(5000.0).reshape(50, 100), 256)
    back = crossed(tmp_path, record={"fc.weight": drawn})["record"]["fc.weight"]
    assert back.shape == (50, 100) and np.array_equal(back.values, drawn.values)


@pytest.mark.parametrize("value, says", [
    ([1, 2], r"not list: np.array"), (None, "not NoneType"), (np.array([None]), "array of object"), ({1: 2.0}, "names as keys"),
    ({"a/b": 2.0}, "names as keys"), ({"x": {"y": object()}}, "given/x/y: only arrays"), (print, "not builtin_function_or_method")])
def test_what_cannot_cross_is_named(tmp_path, value, says):
    with pytest.raises(TypeError, match=says):
        crossed(tmp_path, given=value)


def test_a_pickle_is_not_read(tmp_path):
    np.savez(tmp_path / "box.npz", evil=np.array([print], dtype=object))
    with pytest.raises(ValueError, match="allow_pickle"):
        fluid_crossing.unpack(tmp_path / "box.npz")


@pytest.mark.parametrize("path", OVER_THERE, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_runs_over_there_is_python_3_7_and_imports_nothing_of_labs(path):
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 7))
    top = {alias.name.split(".")[0] for node in tree.body if isinstance(node, ast.Import) for alias in node.names}
    top |= {node.module.split(".")[0] for node in tree.body if isinstance(node, ast.ImportFrom)}
    assert top <= {"__future__", "dataclasses", "math", "numpy", "types", "fluid_sketch", "paddle", "collections", "itertools"}

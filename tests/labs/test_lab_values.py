"""What crosses between grader and submission: any plain value and back, and no bytes that could
harm.
"""

import io
import json
import pickle
import zipfile

import numpy as np
import pytest

from labs.grading import values
from labs.grading.comparing import compare

WHOLE = [
    None,
    True,
    3,
    -(10**30),
    0.1,
    float("inf"),
    "text \ud800 \u2581",
    b"\x00\xff",
    [],
    (),
    {},
    [1, (2, "x")],
    {"a": [1], 3: None, (1, 2): 4},
    1 + 2j,
    np.arange(6).reshape(2, 3),
    np.arange(12.0).reshape(3, 4)[::2, ::-1],
    np.zeros((0, 3), "float32"),
    np.array("x"),
    np.array(3.5),
    np.asfortranarray(np.ones((2, 3))),
    [np.array([True]), {"k": np.array(["a", "bc"])}],
]


@pytest.mark.parametrize("value", WHOLE, ids=lambda value: type(value).__name__)
def test_a_value_comes_back_as_it_went(value):
    back = values.from_bytes(values.to_bytes(value))
    assert type(back) is type(value) and compare(value, back) is None
    assert values.to_bytes(value) == values.to_bytes(value)


def test_tensors_and_numbers_of_numpy_become_plain():
    import paddle
    import torch

    back = values.from_bytes(
        values.to_bytes(
            [
                torch.ones(2, requires_grad=True),
                paddle.ones([2]),
                np.float32(0.5),
                np.int64(3),
                np.bool_(True),
            ]
        )
    )
    assert (
        back[0].dtype == back[1].dtype == np.float32
        and back[2:] == [0.5, 3, True]
        and type(back[3]) is int
    )


class Odd:
    pass


@pytest.mark.parametrize(
    "value",
    [
        Odd(),
        {1, 2},
        np.array([Odd()]),
        (n for n in ()),
        [[Odd()]],
        np.array(["2020"], "datetime64[Y]"),
        range,
        iter([]),
    ],
    ids=["an object", "a set", "an array of objects", "a generator", "an object in lists", "a date", "a class", "an iterator"],
)
def test_what_cannot_cross_is_refused_in_words(value):
    with pytest.raises(values.ValueRefused, match="hand over numbers|it holds"):
        values.to_bytes(value)


def test_what_contains_itself_and_what_is_too_large_is_refused():
    endless = []
    endless.append(endless)
    with pytest.raises(values.ValueRefused, match="nested"):
        values.to_bytes(endless)
    with pytest.raises(values.ValueRefused, match="larger"):
        values.to_bytes(np.zeros(10**6), limit=10**5)


def archive(members, compression=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as made:
        for name, data in members:
            made.writestr(name, data)
    return file.getvalue()


def npy(array=None, header=None, body=b""):
    file = io.BytesIO()
    if header is None:
        np.save(file, array, allow_pickle=True)
        return file.getvalue()
    text = repr(header).encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + body


TREE = json.dumps(["array", 0])
BOMB = {"descr": "<f8", "fortran_order": False, "shape": (1 << 40,)}
HOSTILE = {
    "nothing": b"",
    "noise": bytes(range(256)) * 9,
    "half": values.to_bytes(np.ones(9))[:-30],
    "pickle": pickle.dumps([1]),
    "an array of objects": archive(
        [("tree.json", TREE), ("0.npy", npy(np.array([Odd()], object)))]
    ),
    "compressed": archive(
        [("tree.json", TREE), ("0.npy", npy(np.zeros(10**6)))], zipfile.ZIP_DEFLATED
    ),
    "a shape of terabytes": archive([("tree.json", TREE), ("0.npy", npy(header=BOMB))]),
    "a negative shape": archive(
        [("tree.json", TREE), ("0.npy", npy(header={**BOMB, "shape": (-1, -8)}, body=b"x" * 64))]
    ),
    "no tree": archive([("0.npy", npy(np.ones(1)))]),
    "a tree of another kind": archive([("tree.json", '{"a": 1}')]),
    "an index that is not there": archive([("tree.json", '["array", 7]')]),
    "a name twice": archive([("tree.json", "1"), ("tref.json", "2")]).replace(b"tref", b"tree"),
    "a header that is code": archive(
        [
            ("tree.json", TREE),
            ("0.npy", b"\x93NUMPY\x01\x00\x20\x00" + b"__import__('os').abort()".ljust(32)),
        ]
    ),
    "nested beyond all depth": archive([("tree.json", '["list",' * 100_000 + "1" + "]" * 100_000)]),
    "an unhashable key": archive([("tree.json", '["dict", [["list", 1], 2]]')]),
    "many members": archive(
        [("tree.json", "1"), *((f"{i}.npy", b"") for i in range(values.MEMBERS + 1))]
    ),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
def test_bytes_of_a_stranger_are_refused(data):
    with pytest.raises(values.ValueRefused):
        values.from_bytes(data, limit=4 << 20)


RIGHT = [
    1.5,
    3,
    "text",
    [1, 2],
    {"a": 1},
    np.ones(3),
    np.arange(3),
    np.ones(3, "complex64"),
    None,
    True,
    (1, [2.0]),
]
STRANGE = [
    10**400,
    -(10**400),
    float("nan"),
    float("inf"),
    "",
    "\ud800",
    b"",
    [],
    [[]],
    {},
    {1: 2},
    np.zeros(0),
    np.array("x"),
    np.array(["a", "b", "c"]),
    np.full(3, np.nan),
    np.array(4),
    np.zeros((3, 3)),
    None,
    False,
    1j,
    (),
    np.array([True, False, True]),
    np.array([10**18] * 3),
    [10**400] * 2,
]


def test_no_answer_stops_a_comparison_and_none_of_these_is_right():
    for right in RIGHT:
        assert compare(right, right) is None
        for strange in STRANGE:
            found = compare(right, strange)
            same = type(right) is type(strange) and right is None
            assert (found is None) == same, (right, strange)
            assert same or found.says and "\n" not in found.says


@pytest.mark.parametrize("dtype, tolerance", [("float64", 1e-9), ("float32", 1e-4)])
def test_the_tolerance_is_relative_to_the_right_answers_scale(dtype, tolerance):
    for scale in (1e-20, 1.0, 1e20):
        right = (np.arange(6).reshape(2, 3) * scale).astype(dtype)
        near, far = right.copy(), right.copy()
        near[1, 2] += right.max() * dtype_of(dtype)(tolerance / 3)
        far[1, 2] += right.max() * dtype_of(dtype)(tolerance * 3)
        assert compare(right, near) is None
        assert compare(right, far).says.startswith("entry 1, entry 2: expected ")
        assert (
            compare(right, right.astype("float32" if dtype == "float64" else "float64")).kind
            == "dtype"
        )
    assert compare(np.zeros(3), np.full(3, 1e-300)) is not None, "nothing is near zero but zero"


def dtype_of(name):
    return np.dtype(name).type

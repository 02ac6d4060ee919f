"""Outputs: what a cell leaves behind is text, HTML and JSON, and never less than text."""
import json

import numpy as np
import pytest

from labs import outputs


def test_a_bundle_holds_text_html_and_data():
    made = outputs.bundle("text", "<b>text</b>", {"kind": "result", "value": 1})
    assert made == {"text/plain": "text", "text/html": "<b>text</b>", outputs.MIME: {"kind": "result", "value": 1}}


def test_html_and_data_may_be_missing():
    assert outputs.bundle("text") == {"text/plain": "text"}


@pytest.mark.parametrize("text", ["", "  \n", None])
def test_text_may_not_be_missing(text):
    with pytest.raises(ValueError, match="expected the output as text"):
        outputs.bundle(text, "<b>only html</b>")


@pytest.mark.parametrize("data", [{}, {"value": 1}, {"kind": 3}, [1]])
def test_data_needs_a_kind(data):
    with pytest.raises(ValueError, match="kind"):
        outputs.bundle("text", data=data)


def test_numpy_and_non_finite_numbers_become_json():
    data = {"kind": "x", "f": np.float32(0.5), "i": np.int64(3), "b": np.bool_(True), "a": np.arange(2), "pair": (1, 2),
            "bad": [float("nan"), np.float64("inf"), -float("inf")], "none": None}
    made = outputs.bundle("text", data=data)[outputs.MIME]
    assert json.loads(json.dumps(made, allow_nan=False)) == {
        "kind": "x", "f": 0.5, "i": 3, "b": True, "a": [0, 1], "pair": [1, 2], "bad": ["nan", "inf", "-inf"], "none": None}


def test_what_json_cannot_hold_is_named_with_its_place():
    with pytest.raises(TypeError, match=r"data\['rows'\]\[1\]\['x'\]: JSON has no form for object"):
        outputs.bundle("text", data={"kind": "x", "rows": [{}, {"x": object()}]})
    with pytest.raises(TypeError, match="expected text as keys, got 3"):
        outputs.bundle("text", data={"kind": "x", "by": {3: 4}})

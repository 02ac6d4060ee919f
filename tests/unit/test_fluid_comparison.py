"""A run on another processor holds to its recording; a mistake does not.

Another processor adds in another order. So the float32 of a recording is computed again here with its sums in another
order, as the kernels of an Intel and an AMD processor do: after twenty steps the weights end percents apart.
"""
import dataclasses
from pathlib import Path

import numpy as np
import pytest

from labs.fluid import comparison, recordings

STEPS, RATE = 20, 0.5
MADE = {"date": "2026-11-22", "versions": "paddlepaddle 1.8.5", "processor": "AMD EPYC, AVX2"}
CELLS = ["%%fluid -i w -o climbed"]
START = np.random.default_rng(0).normal(size=(40, 24)) * 0.3
X, Y = np.random.default_rng(1).normal(size=(64, 40)), np.random.default_rng(2).normal(size=(64, 24)) * 2


def product(a, b, order):
    """A product of matrices whose sums go in another order."""
    if order is None:
        return a @ b
    picks = np.random.default_rng(order).permutation(a.shape[1])
    half = len(picks) // 2
    return a[:, picks[:half]] @ b[picks[:half]] + a[:, picks[half:]] @ b[picks[half:]]


def climbed(dtype, order=None, start=START, wrong=lambda what, array: array):
    """Twenty steps of gradient descent through a kink, as records by rung; `wrong` may change what is computed."""
    x, y, w = X.astype(dtype), Y.astype(dtype), start.astype(dtype)
    rungs, losses = {"parameters": {"w": w}}, []
    for step in range(STEPS):
        z = product(x, w, order)
        away = np.maximum(z, 0) - y
        losses.append(wrong("loss", np.mean(away * away, dtype=dtype)))
        gradient = wrong("gradient", product(x.T, np.where(z > 0, away, 0).astype(dtype), order) / dtype(len(x)))
        w = (w - dtype(RATE) * wrong("update", gradient)).astype(dtype)
        if not step:
            rungs.update({"loss": {"loss": float(losses[0])}, "gradients": {"w": gradient}, "one step": {"w": w}})
    return {**rungs, "k steps": {"w": w, "losses": np.array(losses, dtype)}}


def both(order=None, start=START, wrong32=lambda what, array: array, wrong64=lambda what, array: array):
    return {"climbed": {"float32": climbed(np.float32, order, start, wrong32), "float64": climbed(np.float64, order, start, wrong64)}}


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """A recording of the climb, with its spread measured as %%fluid does."""
    from labs.fluid.magic import DRAWS, moved
    folder = tmp_path_factory.mktemp("recording")
    draws = [both(start=moved({"w": START}, draw)["w"]) for draw in range(1, DRAWS + 1)]
    recordings.write(folder, CELLS, {"w": START}, [], both(), MADE, draws)
    return recordings.find(CELLS, {"w": START}, folder)[0]


def drift(recording, values, outputs=(), precision="float64"):
    return comparison.drift(recording, list(outputs), recordings.reduced(values), precision)


@pytest.mark.parametrize("order", range(20))
def test_sums_in_another_order_have_not_drifted(recording, order):
    assert drift(recording, both(order)) == []


def test_the_order_of_sums_changes_float32_by_more_than_a_fixed_tolerance_could_allow():
    """Else the test above shows nothing."""
    one, other = (both(order)["climbed"]["float32"]["k steps"]["w"] for order in (None, 3))
    assert np.max(np.abs(one - other)) > 0


def scaled(name, by):
    return lambda what, array: (array * by).astype(array.dtype) if what == name else array


def one_wrong(what, array):
    if what != "update":
        return array
    array = array.copy()
    array[3, 5] *= 1.001
    return array


MISTAKES = {"a doubled loss": scaled("loss", 2), "a loss one in a thousand higher": scaled("loss", 1.001),
            "a doubled gradient": scaled("gradient", 2), "a rate one in a thousand higher": scaled("update", 1.001),
            "one weight's update one in a thousand higher": one_wrong,
            "a gradient in half precision": lambda what, array: array.astype("float16").astype(array.dtype) if what == "gradient" else array}
AT = {"loss": "/loss/loss", "gradient": "/gradients/w", "update": "/one step/w"}


@pytest.mark.parametrize("name", MISTAKES)
@pytest.mark.parametrize("order", [None, 7])
def test_a_mistake_in_float32_alone_is_a_drift(recording, name, order):
    wrong = drift(recording, both(order, wrong32=MISTAKES[name]))
    assert any("climbed/float32/" in each for each in wrong) and not any("float64/" in each.split(":")[0] for each in wrong)


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_float64_alone_is_a_drift(recording, name):
    wrong = drift(recording, both(7, wrong64=MISTAKES[name]))
    assert any(each.startswith("climbed/float64/") for each in wrong)


def test_a_mistake_in_the_recordings_float32_is_a_drift_of_the_right_run(recording, tmp_path):
    """The spread is measured from float32 to float32: a mistake that all draws share does not hide itself."""
    from labs.fluid.magic import moved
    for name, mistake in MISTAKES.items():
        draws = [both(start=moved({"w": START}, draw)["w"], wrong32=mistake) for draw in (1, 2, 3)]
        path = recordings.write(tmp_path / name, CELLS, {}, [], both(wrong32=mistake), MADE, draws)
        assert drift(recordings.read(path), both(7)), name


def test_nan_is_a_drift(recording):
    values = both()
    values["climbed"]["float32"]["gradients"]["w"][0, 0] = np.nan
    assert drift(recording, values)


def test_a_changed_parameter_count_is_a_drift(recording):
    values = both()
    values["climbed"]["float32"]["one step"]["w"] = np.zeros((40, 25), "float32")
    assert any("one step/w" in each for each in drift(recording, values))


# --- what has no twin ---

BEFORE = {"losses": np.linspace(2.3, 0.1, 20), "errors": np.array([1.0, 1.2e-7, 0.9e-7], "float32"), "n": 3, "name": "lenet",
          "half": np.array([0.5, 0.25], "float16"), "large": np.random.default_rng(2).normal(size=5000),
          "facts": {"loss": "0.8616"}, "odd": np.array([1.0, np.nan, np.inf])}
LINE = {"output_type": "stream", "name": "stdout", "text": "loss 2.3012 of 3, 1.5e-07\n"}
FIGURE = {"output_type": "display_data", "data": {"text/plain": "<Figure>", "image/png": "AAAA"}}


def kept(tmp_path, precision="float64"):
    path = recordings.write(tmp_path, CELLS, {}, [LINE, FIGURE], BEFORE, MADE, (), precision)
    return recordings.read(path)


def test_rounding_is_no_drift(tmp_path):
    now = {**BEFORE, "losses": BEFORE["losses"] * (1 + 1e-12), "errors": BEFORE["errors"] + np.float32([3e-7, 3.7e-8, -3e-8])}
    assert drift(kept(tmp_path), now, [LINE, dict(FIGURE, data={"text/plain": "<Figure>", "image/png": "BBBB"})]) == []


@pytest.mark.parametrize("name, value, says", [
    ("losses", BEFORE["losses"] + 1e-7, "losses: other values, up to 1e-07 apart"), ("losses", BEFORE["losses"][:19], r"now float64 (19,)"),
    ("losses", BEFORE["losses"].astype("f4").astype("f8"), "losses: other values"), ("large", BEFORE["large"] * 1.001, ": other values"),
    ("large", BEFORE["large"].reshape(50, 100), "sketch:50x100"), ("n", 4, "n: other values"), ("name", "mlp", "name: other words"),
    ("errors", np.float32([1.0, 1e-3, 0.9e-7]), "errors: other values"), ("half", np.float16([0.5, 0.26]), "half: other values"),
    ("facts", {"loss": "0.8617"}, "facts/loss: other words"), ("new", 1, "new: recorded nothing"),
    ("odd", np.array([1.0, 0.0, np.inf]), "odd: other values"), ("odd", np.array([1.0, np.nan, -np.inf]), "odd: other values"),
    ("n", 3.0, "now float64")])
def test_every_value_that_drifts_is_named(tmp_path, name, value, says):
    wrong = "; ".join(drift(kept(tmp_path), {**BEFORE, name: value}, [LINE, FIGURE]))
    assert says in wrong


@pytest.mark.parametrize("said, says", [
    ([LINE], "recorded the outputs"), ([dict(LINE, text="loss 2.3013 of 3, 1.5e-07\n"), FIGURE], "output 1 differs"),
    ([dict(LINE, text="loss 2.3012 of 4, 1.5e-07\n"), FIGURE], "output 1 differs"),
    ([dict(LINE, text="lost 2.3012 of 3, 1.5e-07\n"), FIGURE], "output 1 differs"),
    ([dict(LINE, text="loss 2.3012 of 3, 1.6e-07\n"), FIGURE], "output 1 differs"),
    ([LINE, {"output_type": "display_data", "data": {"text/plain": "<Figure>"}}], "output 2 differs")])
def test_every_output_that_drifts_is_named(tmp_path, said, says):
    assert says in drift(kept(tmp_path), BEFORE, said)[0]


@pytest.mark.parametrize("words, same", [("loss 2.3013 of 3, 1.6e-07\n", True), ("loss 2.3014 of 3, 1.5e-07\n", False),
                                         ("loss 2.3012 of 4, 1.5e-07\n", False)])
def test_text_of_a_cell_that_computes_in_float32_may_turn_its_last_digit(tmp_path, words, same):
    wrong = drift(kept(tmp_path, "float32"), BEFORE, [dict(LINE, text=words), FIGURE], "float32")
    assert (not wrong) == same


def test_a_whole_number_written_with_a_point_is_held_exactly():
    assert not comparison.alike("[14.]", "[15.]", "float32") and comparison.alike("[14.]", "[14.]")


# --- the recordings that ship, as another processor would compute them ---

SHIPPED = sorted(path for path in Path(recordings.TASKS).glob("*/recordings/*.json") if path.with_suffix(".npz").exists())


def elsewhere(found, seed, by=lambda path, array: array):
    """The values of a recording, each float32 array as far from the recorded one as its spread says, or a few ulp."""
    rng, arrays = np.random.default_rng(seed), comparison.by_path(found.values)
    for path in comparison.twinned(arrays):
        array = arrays[path]
        size = float(np.sqrt(np.mean(np.square(array, dtype=float)))) if array.size else 0.0
        far = max(found.spread[path], 2 * float(np.finfo("float32").eps) * size)
        arrays[path] = (array + far * rng.normal(size=array.shape)).astype(array.dtype)
    return recordings.nested({path: np.asarray(by(path, array)) for path, array in arrays.items()})


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.parent.name + "-" + path.stem[:19])
def test_a_shipped_recording_holds_elsewhere_and_not_with_a_wrong_number(path):
    found = recordings.read(path)
    arrays = comparison.by_path(found.values)
    assert comparison.drift(found, found.outputs, elsewhere(found, 0), found.precision) == []
    for name, array in arrays.items():
        if array.dtype.kind not in "fc" or not np.any(array):
            continue

        def doubled(other, value, name=name):
            return value * 2 if other == name else value
        if len(arrays) < 200 or "/loss" in name or name.endswith("/losses"):
            exact = recordings.nested({other: np.asarray(doubled(other, value)) for other, value in arrays.items()})
            assert comparison.drift(found, found.outputs, exact, found.precision), f"{name} doubled"


def test_without_its_spread_a_recording_of_twenty_deep_steps_would_not_hold_elsewhere():
    deep = [found for found in map(recordings.read, (path for path in SHIPPED if path.parent.parent.name == "se_resnext"))
            if any("float32/k steps" in name for name in found.spread)]
    assert deep, "a recording of many steps in float32"
    for found in deep:
        values = elsewhere(found, 0)
        assert not comparison.drift(found, found.outputs, values)
        wrong = comparison.drift(dataclasses.replace(found, spread={}), found.outputs, values)
        assert any("float32/k steps" in each for each in wrong)


def test_a_spread_is_kept_for_each_float32_array_that_has_a_twin():
    for path in SHIPPED:
        found = recordings.read(path)
        assert found.spread.keys() == comparison.twinned(comparison.by_path(found.values)).keys(), path.name


def test_a_recording_cannot_be_changed_in_place(recording):
    with pytest.raises(dataclasses.FrozenInstanceError):
        recording.date = "2026-01-01"

"""The machine's limits are kept for the conditions under which they were measured, and for no others."""
import json
import stat

import pytest

from labs import limits
from labs.limits import Limits, LimitsError

HERE = {"processor": "a processor", "threads": "2", "OMP_NUM_THREADS": "2"}


@pytest.fixture
def machine(monkeypatch):
    """Measured here; the conditions of now can be changed by the test."""
    now = dict(HERE)
    monkeypatch.setattr(limits, "conditions", lambda: dict(now))
    found = Limits({"Paddle": 5e10}, {"Paddle": 2e10}, {"Paddle": "cpu"}, "2", {"Paddle": 1.5e-6}, dict(HERE), "2026-11-22")
    return found, now


def test_what_was_saved_is_read_again(machine, tmp_path):
    found, _ = machine
    path = found.save(tmp_path / "new")
    again = limits.Limits.load(tmp_path / "new")
    assert {name: getattr(again, name) for name in limits.FIELDS} == {name: getattr(found, name) for name in limits.FIELDS}
    assert again.date == "2026-11-22" and [each.name for each in path.parent.iterdir()] == [path.name], "no draft is left"


@pytest.mark.parametrize("condition, value", [("processor", "another"), ("threads", "1"), ("OMP_NUM_THREADS", "1"), ("PyTorch", "9 on cpu")])
def test_under_other_conditions_there_are_none(machine, tmp_path, condition, value):
    found, now = machine
    found.save(tmp_path)
    now[condition] = value
    assert limits.Limits.load(tmp_path) is None


def test_of_two_measurements_the_faster_numbers_are_kept(machine, tmp_path):
    found, now = machine
    found.save(tmp_path)
    busy = Limits({"Paddle": 4e10}, {"Paddle": 3e10}, {"Paddle": "cpu"}, "2", {"Paddle": 9e-6}, dict(now), "2026-12-01")
    busy.save(tmp_path)
    again = limits.Limits.load(tmp_path)
    assert (again.flops, again.bandwidth, again.dispatch) == ({"Paddle": 5e10}, {"Paddle": 3e10}, {"Paddle": 1.5e-6})
    assert again.date == "2026-12-01" and busy.flops == {"Paddle": 4e10}, "the measurement itself is left alone"


def test_machines_that_share_a_cache_do_not_disturb_each_other(machine, tmp_path):
    found, now = machine
    found.save(tmp_path)
    now["processor"] = "another"
    Limits({"Paddle": 1.0}, {"Paddle": 1.0}, {"Paddle": "cpu"}, "2", {"Paddle": 1.0}, dict(now)).save(tmp_path)
    assert limits.Limits.load(tmp_path).flops == {"Paddle": 1.0}
    now["processor"] = "a processor"
    assert limits.Limits.load(tmp_path).flops == {"Paddle": 5e10}


def test_never_saved_is_none_and_makes_nothing(machine, tmp_path):
    assert limits.Limits.load(tmp_path / "not there") is None and not (tmp_path / "not there").exists()


def test_the_default_place_is_the_cache(machine, tmp_path, monkeypatch):
    monkeypatch.setenv("LABS_CACHE", str(tmp_path))
    assert machine[0].save().parent == tmp_path and limits.Limits.load().flops == {"Paddle": 5e10}


@pytest.mark.parametrize("damage", [
    lambda record: "{", lambda record: "[]", lambda record: json.dumps({**record, "flops": {"Paddle": -1.0}}),
    lambda record: json.dumps({**record, "dispatch": 3}), lambda record: json.dumps({**record, "conditions": {}}),
    lambda record: json.dumps({name: value for name, value in record.items() if name != "date"})])
def test_a_damaged_file_is_an_error_and_no_limit(machine, tmp_path, damage):
    path = machine[0].save(tmp_path)
    path.write_text(damage(json.loads(path.read_text())))
    with pytest.raises(LimitsError, match="remove the file and measure again"):
        limits.Limits.load(tmp_path)


def test_a_part_is_not_kept(tmp_path):
    with pytest.raises(LimitsError, match="only Paddle was measured"):
        Limits({"Paddle": 1.0}, {"Paddle": 1.0}, {"Paddle": "cpu"}, "1", {"Paddle": 1.0}).save(tmp_path)


def test_a_folder_that_cannot_be_written_is_named(machine, tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(LimitsError, match="cannot be written .*LABS_CACHE"):
        machine[0].save(tmp_path / "file")


def test_a_class_can_read_what_one_has_saved(machine, tmp_path):
    assert machine[0].save(tmp_path).stat().st_mode & stat.S_IROTH


def test_only_some_can_be_measured_and_a_wrong_name_is_told(monkeypatch):
    monkeypatch.setattr(limits, "BYTES", 1 << 16)
    monkeypatch.setattr(limits, "SIZES", (8, 16))
    monkeypatch.setattr(limits, "CALLS", 10)
    found = limits.limits(seconds=0.001, only=["NumPy"])
    assert set(found.flops) == set(found.bandwidth) == set(found.dispatch) == {"NumPy"} and found.conditions is None
    assert 0 < found.dispatch["NumPy"] < 1e-2 and "one small operation" in repr(found)
    for wrong in (["Numpy"], []):
        with pytest.raises(ValueError, match="expected some of NumPy"):
            limits.limits(seconds=0.001, only=wrong)


def test_the_time_of_a_small_operation_is_that_of_one(monkeypatch):
    monkeypatch.setattr(limits, "BYTES", 1 << 16)
    monkeypatch.setattr(limits, "SIZES", (8, 16))
    monkeypatch.setattr(limits, "CALLS", 50)
    calls = []
    monkeypatch.setattr(limits, "_numpy", lambda: ("cpu", {16: int}, {"sum": int}, lambda: calls.append(1)))
    monkeypatch.setattr(limits, "best", lambda call, *_, **__: (call(), 2.0)[1])
    assert limits.limits(seconds=1, only=["NumPy"]).dispatch == {"NumPy": 2.0 / 50} and len(calls) == 50 * limits.REPEATS


@pytest.mark.parametrize("repeats", [1, 2])
def test_each_limit_is_measured_as_often_as_asked(monkeypatch, repeats):
    calls = []
    monkeypatch.setattr(limits, "_numpy", lambda: ("cpu", {16: int}, {"sum": int}, int))
    monkeypatch.setattr(limits, "best", lambda *_, **__: calls.append(1) or float(len(calls)))
    found = limits.limits(seconds=1, only=["NumPy"], repeats=repeats)
    assert len(calls) == 3 * repeats, "a product, a reading, a start"
    low, high = found.spread["dispatch"]["NumPy"]
    assert low == found.dispatch["NumPy"] and (low < high) is (repeats > 1)
    for wrong in (0, 1.5, True, None):
        with pytest.raises(ValueError, match="repeats: expected a whole number"):
            limits.limits(seconds=1, only=["NumPy"], repeats=wrong)


def test_conditions_name_what_decides():
    found = limits.conditions()
    assert {"processor", "threads", "NumPy", *limits.SETTINGS} <= set(found) and all(isinstance(value, str) for value in found.values())


def test_the_fastest_of_several_readers_is_the_limit_and_its_range_is_shown(monkeypatch):
    took = iter([1.0, 1.0, 1.0, 4.0, 4.0, 5.0, 2.0, 2.0, 3.0, 1.0, 1.0, 1.0])      # product, sum, matrix times vector, start
    monkeypatch.setattr(limits, "_numpy", lambda: ("cpu", {16: int}, {"sum": int, "matrix times vector": int}, int))
    monkeypatch.setattr(limits, "best", lambda *_, **__: next(took))
    found = limits.limits(seconds=1, only=["NumPy"])
    assert found.bandwidth == {"NumPy": limits.BYTES / 2} and found.readers == {"NumPy": "matrix times vector"}
    assert found.spread["bandwidth"] == {"NumPy": [limits.BYTES / 3, limits.BYTES / 2]}
    assert "matrix times vector" in found.text and "0.1 (0.1 to 0.1)" in found.text


def test_the_fastest_width_of_a_product_is_the_limit(monkeypatch):
    took = iter([4.0, 1.0, 4.0, 1.0, 4.0, 2.0] + [1.0] * 6)     # widths 10 and 20 in three repeats; sum, start
    monkeypatch.setattr(limits, "_numpy", lambda: ("cpu", {20: int, 10: int}, {"sum": int}, int))
    monkeypatch.setattr(limits, "best", lambda *_, **__: next(took))
    found = limits.limits(seconds=1, only=["NumPy"])
    assert found.flops == {"NumPy": 2 * 20 ** 3 / 4} and found.spread["flops"] == {"NumPy": [4000, 4000]}


def test_the_faster_of_two_keeps_its_reader_and_the_range_grows(machine, tmp_path):
    found, now = machine
    for bandwidth, reader in ((2e10, "sum"), (1e10, "matrix times vector")):
        Limits({"Paddle": 1.0}, {"Paddle": bandwidth}, {"Paddle": "cpu"}, "2", {"Paddle": 1.0}, dict(now), readers={"Paddle": reader},
               spread={"bandwidth": {"Paddle": [bandwidth, bandwidth]}}).save(tmp_path)
    again = limits.Limits.load(tmp_path)
    assert again.readers == {"Paddle": "sum"} and again.spread["bandwidth"] == {"Paddle": [1e10, 2e10]}

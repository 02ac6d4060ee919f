"""The share of texts on which two programs agree: every run demands all of them."""
import pytest

from labs import outputs, results


def test_full_agreement_passes_and_counts_texts():
    found = results.agreement("ids", [True] * 5, target="all", source="a library").check()
    shown = found._repr_mimebundle_()
    assert found.value == 1.0 and "texts" in shown["text/plain"] and shown[outputs.MIME]["n"] == 5
    assert "interval" not in shown["text/plain"] and shown[outputs.MIME]["interval"] is None, "all are counted"


def test_one_difference_fails_in_a_quick_run(monkeypatch):
    monkeypatch.setenv("LABS_RUN", "quick")
    with pytest.raises(results.ResultError, match="ids: 0.8 lies outside"):
        results.agreement("ids", [True] * 4 + [False], target="all", source="a library").check()


@pytest.mark.parametrize("wrong", [[], [1, 1], [[True]]])
def test_what_is_no_list_of_truths_raises(wrong):
    with pytest.raises(ValueError, match="expected at least one truth value"):
        results.agreement("ids", wrong, target="all", source="a library")


def test_a_number_passes_in_its_band_and_has_no_interval(monkeypatch):
    monkeypatch.setenv("LABS_RUN", "quick")
    found = results.number("parameters", 27_559_896, "27,559,896", "a library", band=(27_559_896, 27_559_896)).check()
    shown = found._repr_mimebundle_()
    piece = shown[outputs.MIME]
    assert piece["kind"] == "result" and piece["interval"] is piece["n"] is None and piece["inside"]
    assert "27,559,896" in shown["text/plain"] and " to " not in shown["text/plain"] and "95 %" not in shown["text/plain"]


def test_a_number_outside_of_its_band_fails(monkeypatch):
    monkeypatch.setenv("LABS_RUN", "quick")
    with pytest.raises(results.ResultError, match="error: 1e-11 lies outside"):
        results.number("error", 1e-11, "1e-12", "the course", band=(0, 1e-12)).check()


@pytest.mark.parametrize("wrong", ["12", True, None, [1]])
def test_what_is_no_number_raises(wrong):
    with pytest.raises(ValueError, match="expected an int or a float"):
        results.number("parameters", wrong, "12", "a library", band=(12, 12))


def test_a_forgotten_band_is_told_at_once():
    with pytest.raises(ValueError, match="expected a band .* got none for full"):
        results.accuracy("digits", [1, 2], [1, 2], "1", "a paper", quick=(0, 1))

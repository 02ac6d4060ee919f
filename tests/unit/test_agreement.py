"""The share of texts on which two programs agree: every run demands all of them."""
import pytest

from labs import outputs, results


def test_full_agreement_passes_and_counts_texts():
    found = results.agreement("ids", [True] * 5, target="all", source="a library").check()
    shown = found._repr_mimebundle_()
    assert found.value == 1.0 and "texts" in shown["text/plain"] and shown[outputs.MIME]["n"] == 5


def test_one_difference_fails_in_a_quick_run(monkeypatch):
    monkeypatch.setenv("LABS_RUN", "quick")
    with pytest.raises(results.ResultError, match="ids: 0.8 lies outside"):
        results.agreement("ids", [True] * 4 + [False], target="all", source="a library").check()


@pytest.mark.parametrize("wrong", [[], [1, 1], [[True]]])
def test_what_is_no_list_of_truths_raises(wrong):
    with pytest.raises(ValueError, match="expected at least one truth value"):
        results.agreement("ids", wrong, target="all", source="a library")

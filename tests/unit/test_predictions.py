"""A prediction is answered by the question's own quantity, with when it was measured."""
import numpy as np
import pytest
from bs4 import BeautifulSoup

from labs import outputs, predictions
from labs.predictions import prediction


@pytest.fixture
def page(monkeypatch):
    shown = []
    monkeypatch.setattr(predictions, "show", lambda one: shown.append(one._repr_mimebundle_()))
    return shown


def test_a_question_is_shown_and_its_answer_stands_beside_it(page):
    right = prediction("How many of the images will be right?")
    assert page[0]["text/plain"].startswith("Before you go on: How many of the images will be right?")
    assert right.answer(np.int64(1957), when="after the last epoch", mode="eval") is None
    said = BeautifulSoup(page[1]["text/html"], "html.parser").select_one("p.labs-prediction").get_text(" ", strip=True)
    assert said == "You were asked: How many of the images will be right? Measured: 1,957, after the last epoch, in eval mode."
    assert page[1][outputs.MIME] == {"kind": "prediction", "question": "How many of the images will be right?", "answer": "1,957",
                                     "when": "after the last epoch", "mode": "eval", "answered": True}


def test_an_answer_of_several_sides_names_each(page):
    prediction("How many?").answer({"Paddle": 0.957, "PyTorch": 0.952}, when="over one pass", mode=None, write="{:.1%}")
    assert page[1]["text/plain"].endswith("Measured: Paddle: 95.7%; PyTorch: 95.2%, over one pass.")


@pytest.mark.parametrize("words", [None, "", "Write it down.", "How many", 3])
def test_what_is_no_question_is_refused(page, words):
    with pytest.raises(ValueError, match="expected a"):
        prediction(words)
    assert page == []


@pytest.mark.parametrize("measured", [None, float("nan"), np.array([1, 2]), {}, {"Paddle": None}, True, "", "nan"])
def test_what_is_no_measurement_is_refused(page, measured):
    asked = prediction("How many?")
    with pytest.raises(ValueError, match="expected|no number"):
        asked.answer(measured, when="after the last epoch", mode="eval")
    assert len(page) == 1


@pytest.mark.parametrize("when, mode, says", [("", "eval", "when: expected words"), ("late", "eval", "when: expected words"), (None, "eval", "when"),
                                              ("after the step", "test", "mode: expected"), ("after the step", True, "mode: expected")])
def test_when_and_mode_are_said(page, when, mode, says):
    with pytest.raises(ValueError, match=says):
        prediction("How many?").answer(1, when=when, mode=mode)


def test_a_question_at_the_end_of_a_cell_is_shown_once(page):
    from IPython.core.interactiveshell import InteractiveShell
    data, _ = InteractiveShell.instance().display_formatter.format(prediction("How many?"))
    assert data == {} and len(page) == 1

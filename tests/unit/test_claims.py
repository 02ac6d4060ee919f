"""A claim is shown as prose, stops the run where it is false, and leaves its data."""
import numpy as np
import pytest
from bs4 import BeautifulSoup

from labs import claims, outputs, sentences
from labs.claims import Claim, ClaimError, claim, estimate, learned, paragraph


@pytest.fixture
def page(monkeypatch):
    """What was displayed, as MIME bundles, in a quick run."""
    shown = []
    monkeypatch.setenv("LABS_RUN", "quick")
    monkeypatch.setattr(claims, "show", lambda one: shown.append(one._repr_mimebundle_()))
    return shown


def test_a_true_claim_is_a_paragraph_with_a_mark_that_is_heard(page):
    assert claim(f"{957:,} of the images are right.", 957 > 900) is None
    body = BeautifulSoup(page[0]["text/html"], "html.parser")
    mark, = body.select("p.labs-claim span.labs-pass")
    assert body.p.get_text() == "957 of the images are right.\u00a0✔" == page[0]["text/plain"]
    assert mark["role"] == "img" and mark["aria-label"] == "checked, holds"
    assert page[0][outputs.MIME] == {"kind": "claims", "claims": [
        {"sentence": "957 of the images are right.", "holds": True, "only": None, "checked": True, "run": "quick"}]}


@pytest.mark.parametrize("mode", ["quick", "full"])
def test_a_false_claim_is_shown_and_stops_quick_and_full_runs(page, monkeypatch, mode):
    monkeypatch.setenv("LABS_RUN", mode)
    with pytest.raises(ClaimError, match="It is small"):
        claim("It is small.", False)
    assert "checked, does not hold" in page[0]["text/plain"] and page[0][outputs.MIME]["claims"][0]["holds"] is False


def test_a_false_claim_is_shown_as_such_in_a_smoke_run(page, monkeypatch):
    monkeypatch.setenv("LABS_RUN", "smoke")
    claim("It is small.", False)
    assert "✘ (checked, does not hold in this smoke run, which proves nothing)" in page[0]["text/plain"]
    assert "labs-fail" in page[0]["text/html"] and "labs-pass" not in page[0]["text/html"]


def test_what_does_not_depend_on_the_data_stops_a_smoke_run_too(page, monkeypatch):
    monkeypatch.setenv("LABS_RUN", "smoke")
    with pytest.raises(ClaimError):
        claim("The two are equal.", False, always=True)


@pytest.mark.parametrize("value", [np.bool_(True), (np.arange(3) < 3).all(), True])
def test_the_truth_values_of_python_and_numpy_are_taken(page, value):
    claim("It is so.", value)
    assert page[0][outputs.MIME]["claims"][0]["holds"] is True


@pytest.mark.parametrize("value, says", [
    (None, "None is the value of a call"), (float("nan"), "got float nan"), (1, "got int 1"), ("yes", "got str"),
    (np.array([True, True]), r"\(a == b\).all\(\)"), (np.array(True), "say which"), ([True], "got list"), (np.float64(1), "got float64")])
def test_what_is_no_truth_value_is_refused_and_nothing_is_shown(page, value, says):
    with pytest.raises(TypeError, match=says):
        claim("It is so.", value)
    assert page == []


@pytest.mark.parametrize("words, says", [
    (None, "expected a sentence"), ("", "full stop"), ("half a sentence", "full stop"), (f"It is {float('nan'):.1f} points.", "nan is no number"),
    (f"It is {float('-inf')}.", "-inf is no number"), ("It is $x^2$.", "Markdown cells only"), (b"It is.", "expected a sentence")])
def test_what_is_no_sentence_is_refused(page, words, says):
    with pytest.raises(ValueError, match=says):
        claim(words, True)
    assert page == []


def test_words_that_hold_nan_or_inf_are_words(page):
    claim("The finance of `nan` and `inf` is an info.", True)


def test_several_claims_make_one_paragraph_and_all_false_ones_are_named(page):
    with pytest.raises(ClaimError, match=r"B\. \| C\."):
        paragraph(Claim("A.", True), "Between.", Claim("B.", False), Claim("C.", False))
    assert page[0]["text/html"].count("<p") == 1 and len(page[0][outputs.MIME]["claims"]) == 3
    assert BeautifulSoup(page[0]["text/html"], "html.parser").get_text().startswith("A.\u00a0✔ Between. B.\u00a0✘ (checked, does not hold) C.")


@pytest.mark.parametrize("parts", [(), ("Only words.",), (Claim("A.", True), 3), (Claim("A.", True), None)])
def test_a_paragraph_without_a_claim_is_none(page, parts):
    with pytest.raises(TypeError, match=r"expected Claim\(sentence, holds\)"):
        paragraph(*parts)


def test_a_claim_that_is_not_made_here_stops_nothing_and_says_where_it_is(page):
    claim("The bits differ.", False, only=("on processors with AVX-512", False))
    assert page[0]["text/plain"] == "Only on processors with AVX-512: The bits differ.\u00a0– (not checked here)"
    assert page[0][outputs.MIME]["claims"][0]["checked"] is False
    with pytest.raises(ClaimError):
        claim("The bits differ.", False, only=("on processors with AVX-512", np.bool_(True)))


@pytest.mark.parametrize("only, checked", [("quick", True), ("full", False)])
def test_a_claim_of_one_run_is_checked_there_alone(page, only, checked):
    claim("It holds.", True, only=only)
    assert page[0][outputs.MIME]["claims"][0]["checked"] is checked


@pytest.mark.parametrize("only", ["smoke", "sometimes", ("words",), (True, "words"), 3])
def test_another_condition_is_refused(page, only):
    with pytest.raises(ValueError, match="only: expected"):
        claim("It holds.", True, only=only)


def test_a_condition_needs_a_truth_value(page):
    with pytest.raises(TypeError, match="expected True or False, got NoneType"):
        claim("It holds.", True, only=("on Mondays", None))


def test_code_emphasis_and_links_are_set_and_all_else_is_escaped():
    made = sentences.markup("`a < b` is *so*, 2 * 3 * 4, <b>, see [the `paper`](https://arxiv.org/abs/1)&c")
    assert made == ('<code>a &lt; b</code> is <em>so</em>, 2 * 3 * 4, &lt;b&gt;, '
                    'see <a href="https://arxiv.org/abs/1">the <code>paper</code></a>&amp;c')


def test_an_effect_stands_beside_its_nulls_and_beats_them_by_more_than_the_noise(page):
    learned("LeNet-5 is right on 95.7%.", 0.957, {"untrained": 0.1, "nearest neighbour": 0.929}, noise=0.02)
    assert "For comparison: untrained 10.0%, nearest neighbour 92.9%; chance moves the difference by 2.0%." in " ".join(page[0]["text/plain"].split())
    with pytest.raises(ClaimError):
        learned("LeNet-5 is right on 95.7%.", 0.957, {"untrained": 0.1, "nearest neighbour": 0.929}, noise=0.03)
    learned("Perplexity 4.5.", 4.5, {"untrained": 65}, noise=0.1, write="{:.1f}", lower_is_better=True)
    with pytest.raises(ClaimError):
        learned("Perplexity 4.5.", 4.5, {"before": 4.4}, noise=0.0, write="{:.1f}", lower_is_better=True)


@pytest.mark.parametrize("value, nulls, noise", [(0.9, {}, 0.1), (0.9, None, 0.1), (float("nan"), {"a": 0.1}, 0.1), (0.9, {"a": float("nan")}, 0.1),
                                                 (0.9, {"a": None}, 0.1), (0.9, {"a": 0.1}, -1), (0.9, {"a": 0.1}, None), (np.ones(2), {"a": 0.1}, 0.1)])
def test_an_effect_without_a_null_or_without_numbers_is_refused(page, value, nulls, noise):
    with pytest.raises(ValueError, match="expected"):
        learned("It learns.", value, nulls, noise=noise)


def test_an_estimate_has_its_interval():
    assert estimate(2.31, (2.2, 2.44)) == "2.31 (95 %: 2.20 to 2.44)"
    for wrong in ((2.4, 2.5), (float("nan"), 3)):
        with pytest.raises(ValueError, match="contains the value"):
            estimate(2.31, wrong)


def test_several_in_a_cell_are_shown_in_order(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda one: shown.append(repr(one)))
    claim("A.", True)
    claim("B.", True)
    assert shown == ["A.\u00a0✔", "B.\u00a0✔"]

"""The status page: what it reads from a run, and what it never shows green."""
import importlib.metadata
import json
import platform
import re

import nbformat
import pytest
from books import cell, new_book, text, write_chapter
from bs4 import BeautifulSoup

from book.make import findings, gpu, runs, site, status
from book.make.book import MADE, pages
from labs import outputs

RUNGS = findings.RUNGS


def ladder(error=1e-16, green=True, planted=False, second="Paddle"):
    return {"kind": "ladder", "title": "LeNet", "green": green, "red": None if green else "loss", "planted": planted, "parameters": 10, "steps": 20,
            "pairs": [{"first": "PyTorch", "second": second, "rungs": [
                {"name": name, "error64": error, "where64": "w", "ratio32": 1.0, "where32": "w", "green": green, "problem": ""} for name in RUNGS]}]}


def mistake(hit):
    return {"name": "a", "planted": "a", "should break": "loss", "float64": "loss", "float32": "loss", "caught": hit}


RESULT = {"kind": "result", "what": "LeNet", "value": 0.954, "n": 1000, "interval": [0.94, 0.965], "target": "99 %", "source": "LeCun",
          "band": [0.93, 0.985], "inside": True, "run": "quick"}


def left(*pieces):
    """A cell's outputs with these pieces of data."""
    return [{"output_type": "display_data", "metadata": {}, "data": {"text/plain": "x", outputs.MIME: piece}} for piece in pieces]


@pytest.fixture
def book(tmp_path):
    """A book whose chapter 2 has a run that holds: `book(pieces, **changes of the record)` writes it and returns the root."""
    root = new_book(tmp_path)

    def make(*pieces, **changes):
        write_chapter(root, "02_plain", [text("t0", "# 2. Plain, and more"), cell("c0", "1 + 1"), cell("c1", "2")])
        notebook = nbformat.read(root / "chapters/02_plain.ipynb", 4)
        run = {"before": runs.before(notebook), "depends": {"files": {}, "package_data": None}, "mode": "quick", "seconds": 20.0, "processor_s": 18.0, "peak_mb": 700,
               "date": "2026-11-01T10:00:00Z", "versions": {"python": platform.python_version(), "torch": importlib.metadata.version("torch")}, "places": {"torch": "cpu", "paddle": "cpu"},
               "cells": [{"id": "c0", "execution_count": 1, "outputs": left(*pieces)}, {"id": "c1", "execution_count": 2, "outputs": []}]}
        run |= changes
        (root / "_build/runs/02_plain.json").write_text(json.dumps(run), encoding="utf-8")
        return root
    return make


def page(root, name="chapters/02_plain"):
    return status.Page(name, root, gpu.read(root))


def tables(root):
    """{caption: rows as lists of texts} of the page."""
    documents = pages(root)
    soup = BeautifulSoup(status.text(root, documents), "html.parser")
    return {table.caption.get_text(): [[c.get_text().strip() for c in row.select("th, td")] for row in table.select("tbody tr")]
            for table in soup.select("table")}


def test_a_page_that_ran_is_green_and_shows_its_run(book):
    row = page(book()).execution()
    assert str(row["state"]) == "✔ executed" and str(row["cells"]) == "✔ 2 of 2"
    assert (row["peak memory, MB"], row["run"], row["device"], row["date"], row["last on a GPU"]) == (700, "quick", "cpu", "2026‑11‑01", "never")


def changed_code(root):
    write_chapter(root, "02_plain", [text("t0", "# 2. Plain"), cell("c0", "1 + 1"), cell("c1", "3")], run=False)


def no_run(root):
    (root / "_build/runs/02_plain.json").unlink()


def other_versions(root):
    """As on a Python without a lock, after an upgrade: what ran is no longer what is installed."""
    path = root / "_build/runs/02_plain.json"
    run = json.loads(path.read_text(encoding="utf-8"))
    run["versions"] = dict.fromkeys(run["versions"], "0.0.1")
    path.write_text(json.dumps(run), encoding="utf-8")


def no_versions(root):
    path = root / "_build/runs/02_plain.json"
    path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | {"versions": {}}), encoding="utf-8")


def another_card(root):
    path = root / "_build/runs/02_plain.json"
    run = json.loads(path.read_text(encoding="utf-8"))
    run["before"]["graphics cards"] = "GPU 0: NVIDIA of last year"
    path.write_text(json.dumps(run), encoding="utf-8")


def failed_since(root):
    (root / "_build/errors").mkdir()
    (root / "_build/errors/02_plain.txt").write_text("it broke", encoding="utf-8")


@pytest.mark.parametrize("spoil, word", [
    (changed_code, "out of date: its code changed"), (no_run, "did not run"), (failed_since, "failed"),
    (other_versions, r"out of date: python 0\.0\.1 -> 3\.\d+\.\d+, torch 0\.0\.1 -> \d.*"), (no_versions, "out of date: it does not say .*"),
    (another_card, "out of date: graphics cards GPU 0: NVIDIA of last year -> .*")])
def test_a_page_that_did_not_run_as_it_stands_is_never_green(book, spoil, word):
    root = book(ladder(), RESULT)
    spoil(root)
    one = page(root)
    assert one.state.value is False and re.fullmatch(word, one.state.word), one.state.word
    assert one.proof()["proofs green"] is None and list(one.rungs()) == [], "it shows proofs of a run that does not count"


@pytest.mark.parametrize("cells", [
    [{"id": "c0", "execution_count": 1, "outputs": []}, {"id": "c1", "execution_count": None, "outputs": []}],
    [{"id": "c0", "execution_count": 1, "outputs": []}, {"id": "c1", "execution_count": 2, "outputs": [{"output_type": "error"}]}]])
def test_a_cell_that_did_not_end_well_is_counted(book, cells):
    one = page(book(cells=cells))
    assert one.state.value is False and one.state.word == "1 cells did not run" and str(one.execution()["cells"]) == "✘ 1 of 2"


def test_a_smoke_run_is_no_verdict(book):
    assert page(book(mode="smoke")).state.value is None


def test_a_run_over_its_budget_shows_it(book, monkeypatch):
    root = book(seconds=130.0, processor_s=99.0)
    made = nbformat.read(root / "chapters/02_plain.ipynb", 4)
    made.metadata["parity"] = {"budget_s": 60}
    nbformat.write(made, root / "chapters/02_plain.ipynb")
    row = page(root).execution()
    assert str(row["processor seconds"]) == "✘ 99 of 60" and row["seconds"] == "130"


def test_worst_error_by_pair_and_rung(book):
    found = findings.worst(page(book(ladder(1e-16), ladder(3e-15), ladder(1e-13, second="Fluid"), ladder(1.0, False, planted=True))).run)
    assert {pair: row["loss"] for pair, row in found.items()} == {"PyTorch and Paddle": 3e-15, "PyTorch and Fluid": 1e-13}
    assert found["PyTorch and Paddle"]["ladders"] == 2 and found["PyTorch and Paddle"]["green"] is True


def test_a_planted_mistake_is_no_failed_proof_and_a_red_proof_is_one(book):
    assert str(page(book(ladder(), ladder(1.0, False, planted=True))).proof()["proofs green"]) == "✔ 1 of 1"
    assert str(page(book(ladder(), ladder(1.0, False))).proof()["proofs green"]) == "✘ 1 of 2"


def test_a_difference_that_is_shown_on_purpose_is_no_failed_proof(book):
    shown = {"kind": "equality", "title": "E", "green": False, "tolerance": 1e-12, "rows": []}
    assert str(page(book(ladder(), shown | {"planted": True})).proof()["proofs green"]) == "✔ 1 of 1"
    assert str(page(book(ladder(), shown)).proof()["proofs green"]) == "✘ 1 of 2"


def test_a_rung_that_was_not_climbed_has_no_error(book):
    short = ladder(1e-14)
    short["pairs"][0]["rungs"] = [rung for rung in short["pairs"][0]["rungs"] if rung["name"] in ("forward", "loss")]
    row, = page(book(short)).rungs()
    assert row["loss"] == 1e-14 and row["gradients"] is None and page(book(short)).proof()["worst float64 error"] == 1e-14


def test_a_further_rung_of_a_ladder_has_no_column_and_counts_as_green_or_red(book):
    more = ladder(1e-14)
    more["pairs"][0]["rungs"].append(more["pairs"][0]["rungs"][0] | {"name": "also: cache", "error64": 1.0, "green": False})
    found = findings.worst(page(book(more)).run)["PyTorch and Paddle"]
    assert found["also: cache"] == 1.0 and not found["green"] and found["forward"] == 1e-14


def test_a_counted_number_is_written_whole_and_without_an_interval(book):
    counted = RESULT | {"what": "parameters", "value": 27_559_896, "n": None, "interval": None, "band": [27_559_896, 27_559_896]}
    row, = page(book(counted)).results()
    assert (row["this build"], row["band"], row["95 % interval"], row["n"]) == ("27,559,896", "27,559,896", None, None)


def test_mistakes_and_bands_are_counted(book):
    pieces = {"kind": "mistakes", "title": "M", "green": False, "rows": [mistake(True), mistake(False)]}, RESULT, RESULT | {"inside": False}
    row = page(book(*pieces)).proof()
    assert str(row["mistakes caught"]) == "✘ 1 of 2" and str(row["results in their band"]) == "✘ 1 of 2"


def made_claim(holds=True, checked=True):
    return {"sentence": "So.", "holds": holds, "only": None, "checked": checked, "run": "quick"}


def test_claims_and_predictions_are_counted_by_page(book):
    pieces = [{"kind": "claims", "claims": [made_claim(), made_claim()]}, {"kind": "claims", "claims": [made_claim(False, checked=False)]},
              {"kind": "prediction", "question": "A?", "answered": False}, {"kind": "prediction", "question": "B?", "answered": False},
              {"kind": "prediction", "question": "A?", "answered": True}]
    row = page(book(*pieces)).proof()
    assert str(row["claims that hold"]) == "✔ 2 of 2" and str(row["predictions answered"]) == "✘ 1 of 2"
    row = page(book({"kind": "claims", "claims": [made_claim(), made_claim(False)]})).proof()
    assert str(row["claims that hold"]) == "✘ 1 of 2" and row["predictions answered"] is None


def test_results_stand_beside_their_targets(book):
    perplexity = RESULT | {"what": "LSTM", "value": 114.5, "interval": [110.0, 119.25], "band": [1.0, "inf"], "n": 20}
    rows = tables(book(RESULT, perplexity))["Results of this build beside the published ones"]
    assert rows == [["2. Plain", "LeNet", "95.4%", "1000", "94.0% to 96.5%", "93.0% to 98.5%", "✔ yes", "99 %", "LeCun"],
                    ["2. Plain", "LSTM", "114.5", "20", "110 to 119.2", "1 to inf", "✔ yes", "99 %", "LeCun"]]


def test_every_page_with_code_has_its_row_and_the_others_none(book):
    rows = tables(book())["Pages with code, as they were executed"]
    assert [row[0] for row in rows] == ["Pairs", "2. Plain"]
    assert rows[0][1].startswith("✘ out of date: its code changed"), "a run that says nothing cannot be told to hold"


def test_a_gpu_run_is_kept_for_the_builds_of_machines_without_one(book):
    root = book(places={"torch": "cuda (H100)", "paddle": "cpu"})
    assert page(root).execution()["last on a GPU"] == "2026-11-01, torch: cuda (H100); paddle: cpu"
    assert gpu.note(root) == ["02_plain"]
    book()
    assert page(root).execution()["last on a GPU"] == "2026-11-01, torch: cuda (H100); paddle: cpu"
    assert gpu.note(root) == [] and list(gpu.read(root)) == ["02_plain"]


def test_the_page_is_made_and_never_written():
    root = site.Path(site.__file__).resolve().parents[2]
    assert set(site.MADE) == set(MADE) <= set(pages(root))
    assert [name for name in site.MADE if (root / f"{name}.md").exists()] == []

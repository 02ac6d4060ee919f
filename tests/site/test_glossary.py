"""The glossary: every entry is whole, no term is missing, and the site links the first use of each."""
import re
from pathlib import Path

import nbformat
import pytest
from books import new_book, text, write_chapter
from bs4 import BeautifulSoup

from book.make import book, glossary, site

ROOT = Path(__file__).resolve().parents[2]
TERMS, NAMES = glossary.read(ROOT)
TEXTS = book.texts(ROOT)
SMALL = [glossary.Term("ladder", "等价阶梯", "A proof."), glossary.Term("softmax", "s", "S."), glossary.Term("softmax regression", "s", "S."),
         glossary.Term("LSTM", "长短期记忆网络", "A network."), glossary.Term("McNemar's test", "检验", "A test.", ["McNemar"])]


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term.anchor)
def test_every_entry_is_whole(term):
    assert re.search("[\u4e00-\u9fff]|Fluid", term.zh), "expected a Chinese word"
    assert term.says.endswith(".") and 15 < len(term.says) < 220, "expected a sentence or two"
    assert re.search(term.pattern, term.en), "its own pattern does not find it"


def test_no_two_entries_share_an_anchor():
    anchors = [term.anchor for term in TERMS]
    assert len(anchors) == len(set(anchors))


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)
def test_no_term_of_a_page_is_missing(path):
    found = glossary.missing(glossary.prose(nbformat.read(path.with_suffix(".ipynb"), 4)), TERMS, NAMES)
    assert not found, f"{path.name} uses {', '.join(found)}: enter it in book/glossary.toml, as a term, a form of one, or a name"


@pytest.mark.parametrize("said, lacks", [
    ("An LSTM reads it.", []), ("Two LSTMs.", []), ("A GRU and a CRF.", ["GRU", "CRF"]), ("A BiLSTM.", ["BiLSTM"]), ("An LSTM-CRF.", ["CRF"]),
    ("It is called *teacher forcing* here.", ["teacher forcing"]), ("known as the *ladder*", []), ("It is *not* new.", []),
    ("In Chinese: 使用CTC训练", ["CTC"]), ("SGD, SGD", ["SGD"]), ("NumPy by LeCun and PaddlePaddle", []), ("GPU and GPUs", [])])
def test_a_missing_term_is_found(said, lacks):
    assert glossary.missing(said, SMALL, ["GPU"]) == lacks


def test_code_formulas_and_addresses_are_no_prose():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(
        "Word `CRF` and $CTC_1$ and [text](HTTP.md)\n\n```python\nGRU()\n```\n\n$$ABC$$ end"), nbformat.v4.new_code_cell("XYZ")])
    assert glossary.prose(notebook).split() == ["Word", "and", "and", "[text]", "end"]


@pytest.mark.parametrize("said, uses", [("Ladders lean.", ["ladder"]), ("a stepladder", []), ("ladder-like", []), ("softmax regression", ["softmax regression"]),
                                        ("softmax regression by softmax", ["softmax", "softmax regression"]), ("McNemar’s test", ["McNemar's test"]), ("lstm", [])])
def test_use_is_told_from_likeness(said, uses):
    assert [term.en for term in glossary.used(said, SMALL)] == uses


@pytest.mark.parametrize("entries, says", [('[[term]]\nen = "a"\nzh = "b"', "missing or unknown field says"),
                                           ('[[term]]\nen = "a"\nzh = "b"\nsays = "c"\n[[term]]\nen = "x"\nforms = ["a"]\nzh = "b"\nsays = "c"', "stands under 'a' and under 'x'")])
def test_a_broken_entry_is_refused(tmp_path, entries, says):
    (tmp_path / "book").mkdir()
    (tmp_path / "book/glossary.toml").write_text(entries, encoding="utf-8")
    with pytest.raises(glossary.GlossaryError, match=says):
        glossary.read(tmp_path)


@pytest.fixture(scope="module")
def linked(tmp_path_factory):
    """A built book whose second chapter uses terms in every kind of place."""
    root = new_book(tmp_path_factory.mktemp("glossary"))
    write_chapter(root, "02_plain", [
        text("t0", "# The ladder\n\nCode `ladder`, a [link to a ladder](01_pairs.ipynb), then Softmax regression on a *ladder*, "
                   "another ladder, McNemar's test, and softmax.")])
    site.build(root)
    return root / "_build/html"


def test_the_first_use_in_prose_is_linked_and_no_other(linked):
    soup = BeautifulSoup((linked / "chapters/02_plain.html").read_text(encoding="utf-8"), "html.parser")
    links = [(a.get_text(), a["href"]) for a in soup.select("article a.term")]
    page = "../book/pages/glossary.html#term-"
    assert links == [("Softmax regression", page + "softmax-regression"), ("ladder", page + "ladder"), ("McNemar’s test", page + "mcnemar-s-test"),
                     ("softmax", page + "softmax")]
    assert soup.select_one("em a.term").get_text() == "ladder", "the first use in prose is the emphasised one"
    assert "等价阶梯" in soup.select_one("em a.term")["title"]


def test_the_page_holds_the_terms_in_use_and_where(linked):
    soup = BeautifulSoup((linked / "book/pages/glossary.html").read_text(encoding="utf-8"), "html.parser")
    names = [dt.dfn.get_text() for dt in soup.select("dl.labs-glossary dt")]
    assert {"ladder", "softmax", "softmax regression", "McNemar's test"} <= set(names) and "LSTM" not in names
    assert names == sorted(names, key=str.lower)
    assert soup.select_one("#term-ladder + dd a")["href"] == "../../chapters/02_plain.html"
    assert soup.select_one("#term-ladder [lang=zh-Hans]").get_text() == "等价阶梯"

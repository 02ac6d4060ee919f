"""The bibliography and the links to it; API names and the links to the frameworks' documentation."""
import importlib
import re
from pathlib import Path

import nbformat
import pytest
from books import new_book, text, write_chapter
from bs4 import BeautifulSoup

from book.make import api_links, book, prose, references, site

ROOT = Path(__file__).resolve().parents[2]
ALL = references.read(ROOT)
TEXTS = book.texts(ROOT)
KNOWN = api_links.names(ROOT)
each_text = pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)


def read(path):
    return nbformat.read(path.with_suffix(".ipynb"), 4)


@pytest.mark.parametrize("one", ALL, ids=lambda one: one.key)
def test_every_reference_is_whole(one):
    assert 1600 < one.year < 2100 and len(one.title) > 10 and not one.title.endswith(".")
    assert re.fullmatch(r"https://\S+", one.where) or (not one.where and one.note)


def test_every_reference_of_a_page_is_there():
    wrong = {path.stem: references.unknown(references.source(read(path)), ALL) for path in TEXTS}
    assert not any(wrong.values()), f"enter in book/references.toml: {wrong}"


def test_the_articles_and_their_programs_are_referred_to_where_the_pages_speak_of_them():
    needed = {"index": ["tf2fluid", "article-concepts"], "06_mnist": ["tf2fluid", "article-mnist", "article-concepts"],
              "07_se_resnext": ["tf2fluid", "article-se-resnext"], "08_rnn_lm": ["tf2fluid", "article-rnn-lm"]}
    sources = {path.stem: references.source(read(path)) for path in TEXTS}
    by_key = {one.key: one for one in ALL}
    commit = "https://github.com/JohnRabbbit/TF2Fluid/blob/7944c151258b7a530cbc01879d18fd40c33eace2/"
    for page, keys in needed.items():
        for key in keys:
            assert by_key[key].is_used_in(sources[page]) or (key == "tf2fluid" and commit in sources[page]), (page, key)


@pytest.mark.parametrize("entries, says", [
    ('key = "a"\nauthor = "A"\nyear = 1\ntitle = "T"', "wrong: key, where or note"),
    ('key = "a b"\nauthor = "A"\nyear = 1\ntitle = "T"\nnote = "n"', "small letters"),
    ('key = "a"\nauthor = "A"\nyear = 1\nnote = "n"', "wrong: title"),
    ('key = "a"\nauthor = "A"\nyear = 1\ntitle = "T"\nnote = "n"\nurl = "x"', "wrong: url"),
    ('key = "a"\nauthor = "A"\nyear = 1\ntitle = "T"\nnote = "n"\n[[reference]]\nkey = "a"\nauthor = "B"\nyear = 2\ntitle = "U"\nnote = "n"', "same key")])
def test_a_broken_reference_is_refused(tmp_path, entries, says):
    (tmp_path / "book").mkdir()
    (tmp_path / "book/references.toml").write_text("[[reference]]\n" + entries, encoding="utf-8")
    with pytest.raises(references.BibliographyError, match=says):
        references.read(tmp_path)


def test_a_link_to_no_entry_is_found():
    assert references.unknown("[a](../book/pages/references.md#ref-nobody) and [b](references.md#ref-lecun-1998)", ALL) == ["ref-nobody"]


@each_text
def test_no_api_name_of_a_page_is_missing(path):
    spans = [span for cell in read(path).cells if cell.cell_type == "markdown" for span in prose.spans(cell.source)]
    found = api_links.missing(spans, KNOWN)
    assert not found, f"{path.name} names {', '.join(found)}: enter it in book/api_links.toml"


@pytest.mark.parametrize("spans, lacks", [(["nn.Linear", "F.relu(x)", "torch.nn.LSTM", "nn.Module", "nn.Layer"], []), (["torch.nn.Nothing"], ["torch.nn.Nothing"]),
                                          (["paddle.nothing(x)", "paddle.nothing"], ["paddle.nothing"]), (["nn", "x.nn.Linear", "torch", "nn.Linear + 1"], [])])
def test_a_missing_api_name_is_found(spans, lacks):
    assert api_links.missing(spans, KNOWN) == lacks


@pytest.mark.parametrize("side", api_links.SIDES)
def test_every_name_of_the_table_is_in_the_installed_framework(side):
    gone = []
    for name in sorted({full[side] for full in KNOWN.values() if side in full}):
        found = importlib.import_module(side)
        for part in name.split(".")[1:]:
            found = getattr(found, part, None)
        gone += [name] if found is None else []
    assert gone == []


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A built book whose second chapter links to the references and names APIs."""
    root = new_book(tmp_path_factory.mktemp("references"))
    write_chapter(root, "02_plain", [
        text("t0", "# `nn.Linear` here\n\n[LeCun](../book/pages/references.md#ref-lecun-1998), `nn.Linear(2, 3)`, `torch.nn.LSTM`, again "
                   "`nn.Linear`, [a `nn.GRU`](01_pairs.ipynb), and `other.Linear`.")])
    site.build(root)
    return root / "_build/html"


def test_a_link_leads_to_its_entry_and_the_entry_back(built):
    page = BeautifulSoup((built / "chapters/02_plain.html").read_text(encoding="utf-8"), "html.parser")
    assert page.find("a", string="LeCun")["href"] == "../book/pages/references.html#ref-lecun-1998"
    listed = BeautifulSoup((built / "book/pages/references.html").read_text(encoding="utf-8"), "html.parser")
    entry = listed.select_one("#ref-lecun-1998")
    assert entry.select_one(".used-in a")["href"] == "../../chapters/02_plain.html" and entry.a["href"] == "https://doi.org/10.1109/5.726791"
    assert len(listed.select(".labs-references li")) == len(ALL) and not listed.select_one("#ref-kudo-2018 .used-in")


def test_the_first_use_of_an_api_name_is_linked_and_no_other(built):
    page = BeautifulSoup((built / "chapters/02_plain.html").read_text(encoding="utf-8"), "html.parser")
    links = [(a.get_text(), a["href"].rpartition("/")[2]) for a in page.select("article a.api")]
    assert links == [("Paddle", "Linear_en.html"), ("PyTorch", "torch.nn.Linear.html"), ("torch.nn.LSTM", "torch.nn.LSTM.html")]

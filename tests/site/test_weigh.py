"""Weights and budget of the pages, and the two looks through the files: links and figures."""
import json

import pytest
from bs4 import BeautifulSoup
from links import broken, figures_without_text

from book.make import browser, status, weigh

LIGHT = {"requests": 5, "sent": 9_000, "bytes": 20_000, "paint": 1.1}


@pytest.mark.parametrize("what, says", [("requests", "a.html: 13 requests, 12 are allowed"), ("sent", "a.html: 351 kB sent, 350 are allowed"),
                                        ("bytes", "a.html: 1,301 kB unpacked, 1,300 are allowed"),
                                        ("paint", "a.html: 2.1 s to the first paint, 2.0 are allowed")])
def test_a_page_over_the_budget_is_named(what, says):
    just_over = {"requests": 13, "sent": 351_000, "bytes": 1_301_000, "paint": 2.1}
    assert weigh.over({"a.html": LIGHT | {what: just_over[what]}, "b.html": LIGHT}) == [says]


def test_a_page_at_the_budget_is_allowed():
    assert weigh.over({"a.html": weigh.BUDGET}) == []


def test_search_may_be_larger_and_no_slower():
    larger = weigh.BUDGET | weigh.LARGER["search.html"]
    assert weigh.over({"search.html": larger}) == [] and weigh.over({"a.html": larger})
    assert weigh.over({"search.html": larger | {"paint": 2.1}}) == ["search.html: 2.1 s to the first paint, 2.0 are allowed"]
    assert weigh.over({"search.html": larger | {"sent": 760_000}}) == ["search.html: 760 kB sent, 750 are allowed"]


def write_site(root, body):
    """A site whose status page has this body."""
    html = root / "_build/html"
    (html / "book/pages").mkdir(parents=True)
    (html / "index.html").write_text("<link rel='icon' href='data:,'><p>small</p>", encoding="utf-8")
    (html / f"{status.HERE}.html").write_text(f"<link rel='icon' href='data:,'>{body}", encoding="utf-8")
    (root / "_build/sphinx").mkdir()
    (root / "_build/sphinx/stamp.json").write_text(json.dumps({"digest": "one"}), encoding="utf-8")
    return html


MARKED = f"<h1>S</h1>{status.WEIGHTS[0]}<p>Not measured</p>{status.WEIGHTS[1]}<footer>end</footer>"


def test_the_weights_take_the_place_of_the_words_that_there_are_none(tmp_path):
    html = write_site(tmp_path, MARKED)
    for _ in range(2):                                  # entering them again changes nothing
        weigh.enter(html, {"index.html": LIGHT})
        page = BeautifulSoup((html / f"{status.HERE}.html").read_text(encoding="utf-8"), "html.parser")
        assert [cell.get_text().strip() for cell in page.select("tbody td")] == ["5", "9", "20", "1.1", "✔ yes"]
        assert page.select_one("tbody a")["href"] == "../../index.html" and page.footer and "Not measured" not in page.get_text()


def test_a_status_page_that_lost_its_marks_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="lost the marks"):
        weigh.enter(write_site(tmp_path, "<h1>S</h1>"), {"index.html": LIGHT})


def test_the_built_page_keeps_its_marks(small_book):
    text = (small_book / f"_build/html/{status.HERE}.html").read_text(encoding="utf-8")
    assert all(mark in text for mark in status.WEIGHTS) and "Measured when the site is published" in text


@pytest.mark.needs("chromium")
def test_a_page_is_weighed_with_all_that_it_loads(tmp_path, chromium):
    (tmp_path / "page.html").write_text("<link rel='icon' href='data:,'><script src='one.js'></script>" + "x" * 5000, encoding="utf-8")
    (tmp_path / "one.js").write_text("// " + "y" * 100_000, encoding="utf-8")
    with browser.served(tmp_path) as address:
        found = weigh.weigh(chromium, address, "page.html")
    assert found["requests"] == 2 and found["bytes"] == 105_003 + len("<link rel='icon' href='data:,'><script src='one.js'></script>")
    assert found["sent"] < 1000, "text is sent compressed"
    assert 0.5 < found["paint"] < 5, "the slow line delays the paint by its latency at least"


@pytest.mark.needs("chromium")
def test_every_page_is_looked_at_once_and_told_in_order(tmp_path):
    """By browsers in processes of their own, the largest page first."""
    html = write_site(tmp_path, MARKED)
    found = browser.each_page(html, weigh.weigh)
    assert list(found) == browser.pages(html) == ["book/pages/status.html", "index.html"]
    assert found["index.html"]["bytes"] == len((html / "index.html").read_bytes()) and found["index.html"]["requests"] == 1


def test_the_same_build_is_weighed_once(tmp_path, monkeypatch):
    write_site(tmp_path, MARKED)
    monkeypatch.setattr(browser, "each_page", lambda html, look: dict.fromkeys(browser.pages(html), LIGHT))
    first, fresh = weigh.site(tmp_path)
    assert fresh and set(first) == {"index.html", "book/pages/status.html"}
    assert weigh.site(tmp_path) == (first, False)
    (tmp_path / "_build/sphinx/stamp.json").write_text(json.dumps({"digest": "two"}), encoding="utf-8")
    assert weigh.site(tmp_path)[1] is True


@pytest.mark.parametrize("error, told", [(BrokenPipeError, False), (ConnectionResetError, False), (ValueError, True)])
def test_a_browser_that_hangs_up_is_no_error(capsys, error, told):
    with browser.Server(("127.0.0.1", 0), browser.Quiet) as server:
        try:
            raise error("gone")
        except error:
            server.handle_error(None, ("127.0.0.1", 1))
    assert (error.__name__ in capsys.readouterr().err) is told


@pytest.mark.parametrize("link, answers", [
    ("b.html", True), ("b.html#there", True), ("#here", True), ("/b.html#there", True), ("https://a.example/x", True), ("d/", True), ("%62.html", True),
    ("b.html#gone", False), ("gone.html", False), ("#gone", False), ("d/gone.html", False)])
def test_a_link_that_leads_nowhere_is_found(tmp_path, link, answers):
    (tmp_path / "d").mkdir()
    (tmp_path / "d/index.html").write_text("", encoding="utf-8")
    (tmp_path / "a.html").write_text(f"<p id='here'><a href='{link}'>x</a>", encoding="utf-8")
    (tmp_path / "b.html").write_text("<p id='there'>", encoding="utf-8")
    assert broken(tmp_path) == ([] if answers else [f"a.html -> {link}"])


@pytest.mark.parametrize("picture, says", [
    ("<img src='a.png' alt='A curve.'>", True), ("<figure class='labs-figure'><svg role='img' aria-label='A curve.'></svg></figure>", True),
    ("<img src='a.png'>", False), ("<img src='a.png' alt=''>", False), ("<figure class='labs-figure'><svg></svg></figure>", False)])
def test_a_figure_that_says_nothing_is_found(tmp_path, picture, says):
    (tmp_path / "a.html").write_text(f"<article>{picture}</article>", encoding="utf-8")
    assert (figures_without_text(tmp_path) == []) is says


def test_the_small_book_has_no_broken_link(small_book):
    assert broken(small_book / "_build/html") == []

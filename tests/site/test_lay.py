"""Laying the tree, the derived configuration, and what becomes of a failed build."""
import json
import os

import nbformat
import pytest
import yaml
from books import TORCH, cell, new_book, text, write_chapter

from book.make import site
from book.make.book import PLACEHOLDER, BookError, address_in, parts, version


@pytest.fixture
def book(tmp_path):
    """A small book that has not been built."""
    return new_book(tmp_path)


@pytest.fixture
def no_jupyter_book(monkeypatch):
    """Stands in for Jupyter Book, which takes seconds: counts its runs and writes one page."""
    runs = []

    def make_html(root, source, output):
        runs.append(source)
        made = output / "_build/html"
        made.mkdir(parents=True, exist_ok=True)
        (made / "index.html").write_text((source / "index.md").read_text(encoding="utf-8"), encoding="utf-8")

    monkeypatch.setattr(site, "make_html", make_html)
    return runs


def notebook(*ids):
    return nbformat.v4.new_notebook(cells=[text("t", "# T")[0], *(cell(name, f"x = '{name}'")[0] for name in ids)])


def run_of(*ids):
    return {"cells": [{"id": name, "execution_count": i, "outputs": [
        {"output_type": "display_data", "metadata": {}, "data": {"text/plain": name, site.DATA_MIME: {"kind": "result"}}}]}
        for i, name in enumerate(ids, 1)]}


def test_outputs_go_to_their_cells():
    """Each code cell gets its own outputs and count, without the data that no page shows."""
    made = site.with_outputs(notebook("a", "b"), run_of("a", "b"), "01_x")
    code = [c for c in made.cells if c.cell_type == "code"]
    assert [(c.execution_count, dict(c.outputs[0]["data"])) for c in code] == [(1, {"text/plain": "a"}), (2, {"text/plain": "b"})]


@pytest.mark.parametrize("ids, at", [(("a", "c"), 2), (("a",), 2), (("a", "b", "c"), 3), (("b", "a"), 1)])
def test_run_of_other_code_is_refused(ids, at):
    """A cell changed, gone, added or moved: the message names the chapter, the cell and the command."""
    with pytest.raises(site.SiteError, match=rf"01_x: .*code cell {at} on; execute it again: make chapter NAME=01_x"):
        site.with_outputs(notebook("a", "b"), run_of(*ids), "01_x")


def test_pages_follow_parts_and_sections_whichever_way_they_are_written(tmp_path):
    """Reading order, and no suffix, for all who ask."""
    (tmp_path / "_toc.yml").write_text("root: index.md\nparts:\n- caption: I\n  chapters:\n  - file: a\n    sections: [{file: b.md}]\n"
                                       "- chapters: [{file: c.ipynb}]\n", encoding="utf-8")
    assert parts(tmp_path) == [(None, ["index"]), ("I", ["a", "b"]), (None, ["c"])]


@pytest.mark.parametrize("end", ["", "/", ".git"])
@pytest.mark.parametrize("url, pages", [("https://github.com/Some-One/a.b", "https://some-one.github.io/a.b/")])
def test_address_gives_the_place_of_the_site(url, pages, end):
    """GitHub Pages serves OWNER/NAME there."""
    assert address_in({"repository": {"url": url + end}}).pages == pages


@pytest.mark.parametrize("url", ["", "github.com/a/b", "https://github.com/a", "https://gitlab.com/a/b"])
def test_other_addresses_are_refused(url):
    """A link to a wrong place is worse than none."""
    with pytest.raises(BookError, match="must be https://github.com/OWNER/NAME"):
        address_in({"repository": {"url": url}}).pages      # noqa: B018


CONFIG = {"title": "T", "exclude_patterns": ["x"], "repository": {"url": "https://github.com/a/b"}, "execute": {"execute_notebooks": "force"},
          "launch_buttons": {"colab_url": "https://colab.example"}, "html": {"use_repository_button": True, "favicon": "f.svg"}}


def test_configuration_with_an_address_has_its_links():
    """Buttons, the site's own address, sitemap, issues."""
    made = site.derived_config(CONFIG, "1.0", "2026-01-02")
    assert made["html"]["baseurl"] == "https://a.github.io/b/" and made["html"]["use_repository_button"]
    assert made["launch_buttons"] == CONFIG["launch_buttons"] and "sphinx_sitemap" in made["sphinx"]["extra_extensions"]
    assert made["sphinx"]["config"]["notfound_urls_prefix"] == "/b/"
    assert made["sphinx"]["config"]["html_context"] == {
        "parity_version": "1.0", "parity_date": "2026-01-02", "parity_issues_url": "https://github.com/a/b/issues/new",
        "parity_pages_url": "https://a.github.io/b/"}


def test_configuration_without_an_address_has_no_link_to_it():
    """Nothing of the placeholder is left, and the rest stays."""
    made = site.derived_config({**CONFIG, "repository": {"url": PLACEHOLDER}}, "1.0", "2026-01-02")
    assert "launch_buttons" not in made and made["html"] == {"favicon": "f.svg"}
    assert PLACEHOLDER not in json.dumps(made) and made["execute"] == {"execute_notebooks": "off"}


def test_chapter_without_a_run_is_an_error(book):
    """It names the chapter and both ways on; --allow-missing takes the chapter without outputs."""
    (book / "_build/runs/02_plain.json").unlink()
    with pytest.raises(site.SiteError, match="not executed yet: 02_plain. Run make book, or make chapter NAME=02_plain"):
        site.plan(book, "2026-01-02")
    laid = nbformat.reads(site.plan(book, "2026-01-02", allow_missing=True)["chapters/02_plain.ipynb"].decode(), 4)
    assert [c.outputs for c in laid.cells if c.cell_type == "code"] == [[], [], [], []]


def test_page_that_is_not_there_is_an_error(book):
    """The contents name a file that nobody wrote."""
    (book / "_toc.yml").write_text("root: index\nchapters: [{file: chapters/99_gone}]", encoding="utf-8")
    with pytest.raises(site.SiteError, match="names chapters/99_gone, but there is neither"):
        site.plan(book, "2026-01-02")


def test_laid_tree_holds_notebooks_and_not_their_texts(book):
    """A chapter's text beside its notebook would be a second source of the same page."""
    (book / "chapters/02_plain.md").write_text("# Plain", encoding="utf-8")
    files = site.plan(book, "2026-01-02")
    assert "chapters/02_plain.ipynb" in files and "chapters/02_plain.md" not in files
    assert {"404.md", "index.md", "_toc.yml", "book/static/sides.css", "book/extension/parity_site/page.py"} <= set(files)
    assert yaml.safe_load(files["_config.yml"])["sphinx"]["config"]["html_context"]["parity_version"] == "1.2.3"


def test_only_what_differs_is_written(tmp_path):
    """Unchanged files keep their time, changed ones are written, unwanted ones go."""
    assert site.lay({"a": b"1", "d/b": b"2"}, tmp_path) == (["a", "d/b"], [])
    os.utime(tmp_path / "a", (1, 1))
    assert site.lay({"a": b"1", "c": b"3"}, tmp_path) == (["c"], ["d/b"])
    assert (tmp_path / "a").stat().st_mtime == 1 and not (tmp_path / "d/b").exists()


def test_second_build_without_changes_does_nothing(book, no_jupyter_book):
    """Also on another day: the date at the foot is the day on which the pages were made."""
    assert site.build(book, today="2026-01-02") is True
    assert site.build(book, today="2026-01-03") is False
    assert len(no_jupyter_book) == 1
    (book / "index.md").write_text("# Edited", encoding="utf-8")
    assert site.build(book, today="2026-01-03") is True
    assert (book / "_build/html/index.html").read_text(encoding="utf-8") == "# Edited"
    assert "parity_date: '2026-01-03'" in (book / "_build/site/_config.yml").read_text(encoding="utf-8")


def test_pages_of_a_dropped_chapter_go(book, no_jupyter_book):
    """What left the contents leaves the site."""
    site.build(book)
    (book / "_build/sphinx/_build/html/old.html").write_text("old", encoding="utf-8")
    (book / "_toc.yml").write_text("format: jb-book\nroot: index\nchapters: [{file: chapters/01_pairs}]", encoding="utf-8")
    site.build(book)
    assert not (book / "_build/html/old.html").exists()


def test_failed_build_leaves_the_good_site(book, monkeypatch):
    """A warning fails the build each time, is shown, and the site that stood before still stands."""
    write_chapter(book, "02_plain", [text("t0", "# Plain\n\n[nowhere](gone.md)"), cell("c0", TORCH, "torch")])
    (book / "_build/html").mkdir()
    (book / "_build/html/index.html").write_text("good", encoding="utf-8")
    for _ in range(2):                                  # a second try must not find the page made and stay silent
        with pytest.raises(site.SiteError, match="(?s)untouched.*02_plain.*gone.md"):
            site.build(book)
    assert (book / "_build/html/index.html").read_text(encoding="utf-8") == "good"
    assert "gone.md" in (book / "_build/site.log").read_text(encoding="utf-8")


def test_version_is_read_as_text(tmp_path):
    """Without it the foot of the pages would name none."""
    (tmp_path / "labs").mkdir()
    (tmp_path / "labs/__init__.py").write_text("__version__ = None\n", encoding="utf-8")
    with pytest.raises(BookError, match="expected a line __version__"):
        version(tmp_path)

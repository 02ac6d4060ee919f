"""What the extension makes of cells and pages, read from the HTML of a small book."""
import re

import pytest
from bs4 import BeautifulSoup

PAGES = ("index", "chapters/01_pairs", "chapters/02_plain", "book/pages/running", "book/pages/teaching",
         "book/pages/report", "book/pages/glossary", "book/pages/references", "book/pages/status", "search", "404")


def page(book, name):
    return BeautifulSoup((book / f"_build/html/{name}.html").read_text(encoding="utf-8"), "html.parser")


def blocks(book):
    return page(book, "chapters/01_pairs").select(".sides-block")


def labels(block):
    return [label.get_text() for label in block.select("label.sides-label")]


def test_neighbouring_sides_become_one_block(small_book):
    """Each pair is a block, and a cell outside of pairs is not in one."""
    assert [labels(block) for block in blocks(small_book)] == [["Paddle", "PyTorch"], ["Fluid", "Paddle", "PyTorch"], ["Paddle", "PyTorch"]]


def test_fluid_comes_first_wherever_it_was_written(small_book):
    """In the second block the Fluid cell was written last."""
    panes = [pane["class"] for pane in blocks(small_book)[1].select(".sides-pane")]
    assert panes == [["sides-pane", "side-fluid"], ["sides-pane", "side-paddle"], ["sides-pane", "side-torch"]]


def test_outputs_stay_in_their_column(small_book):
    """What a cell printed stands in its pane and nowhere else."""
    for block, names in zip(blocks(small_book), (("p1", "q1"), ("f2", "p2", "q2"), ("p4", "q4"))):
        for pane, name in zip(block.select(".sides-pane"), names):
            assert re.findall(r"printed by (\w+)", pane.get_text()) == [name]


def test_every_label_belongs_to_one_radio_button(small_book):
    """Ids are unique on the page, one side a block is open, and each pane is named by its label."""
    soup = page(small_book, "chapters/01_pairs")
    ids = [element["id"] for element in soup.select(".sides-block [id]")]
    assert len(ids) == len(set(ids))
    for block in soup.select(".sides-block"):
        radios = block.select("input[type=radio]")
        assert [r["id"] for r in radios] == [label["for"] for label in block.select("label")]
        assert [r["value"] for r in radios if r.has_attr("checked")] == ["paddle"]
        assert len({r["name"] for r in radios}) == 1
        assert [p["aria-labelledby"] for p in block.select(".sides-pane")] == [label["id"] for label in block.select("label")]
    assert len({r["name"] for r in soup.select("input.sides-choice")}) == 3


def test_magic_line_is_hidden_and_highlighting_kept(small_book):
    """No magic line is left on the page; the first line of code is there, coloured."""
    soup = page(small_book, "chapters/01_pairs")
    assert not re.search(r"%%(paddle|torch|fluid)", soup.select_one("article").get_text())
    first = soup.select_one(".sides-pane.side-torch pre")
    assert first.get_text().startswith("import torch\n\nclass LeNet")
    assert first.select_one(".kn").get_text() == "import"


def test_side_alone_stays_a_plain_cell_under_its_name(small_book):
    """A lone side is in no block and says which framework it is."""
    soup = page(small_book, "chapters/01_pairs")
    alone = soup.select(".side-alone")
    assert [p.get_text() for p in alone] == ["PyTorch"]
    assert alone[0].find_parent(class_="sides-block") is None
    assert "printed by q3" in alone[0].find_next_sibling("div", class_="cell").get_text()


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("book", ["small_book", "addressed_book"])
def test_no_page_loads_from_a_third_party(book, name, request):
    """Scripts, styles, images and fonts come from the site itself."""
    soup = page(request.getfixturevalue(book), name)
    loaded = [e.get("src") or e.get("href") for e in soup.select("script[src], img[src], iframe, source, link[href]:not([rel=canonical])")]
    assert len(loaded) >= 4
    assert [url for url in loaded if re.match(r"(https?:)?//", url)] == []


@pytest.mark.parametrize("name", PAGES)
def test_every_loaded_file_is_there(small_book, name):
    """No script, style or image of a page is missing from the site."""
    html = small_book / "_build/html"
    for element in page(small_book, name).select("script[src], img[src], link[rel~=stylesheet], link[rel~=icon]"):
        url = (element.get("src") or element.get("href")).split("?")[0]
        file = html / url.lstrip("/") if url.startswith("/") else (html / name).parent / url
        assert file.resolve().is_file(), url


def scripts(book, name):
    return " ".join(script.get("src", "") + script.get_text() for script in page(book, name).select("script")).lower()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_loads_one_style_sheet_and_one_script(small_book, name):
    """What the theme and its extensions bring is one file each; only the search page has a second script."""
    soup = page(small_book, name)
    files = [link["href"].split("?")[0].rpartition("/")[2] for link in soup.select("link[rel~=stylesheet]")]
    assert files == ["site.css"]
    loaded = [script["src"].split("?")[0].rpartition("/")[2] for script in soup.select("script[src]")]
    assert loaded == (["find.js", "site.js"] if name == "search" else ["site.js"])
    assert all(script.has_attr("defer") or script.get("type") == "module" for script in soup.select("script[src]"))


def test_nothing_unused_is_published(small_book):
    """No script of other themes, no index of Sphinx's search, no font but what formulas and icons need."""
    names = {file.name for file in (small_book / "_build/html").rglob("*") if file.is_file() and "images" not in file.parts}
    assert not {"searchindex.js", "thebe.js", "sphinx-thebe.js", "design-tabs.js", "basic.css", "tex-chtml.js"} & names
    assert {name for name in names if name.rpartition(".")[2] in ("woff", "woff2", "ttf")} == {"icons.woff", "math.woff2"}


def test_a_formula_is_there_without_a_script(small_book):
    """It is MathML, with the power above its base."""
    power = page(small_book, "chapters/01_pairs").select_one("math msup")
    assert [part.get_text() for part in power.find_all(True)] == ["x", "2"]


@pytest.mark.parametrize("name", PAGES)
def test_one_search_field_in_sight(small_book, name):
    """The theme's second search bar is gone."""
    header = page(small_book, name).select_one("#pst-header")
    assert header.get_text(strip=True) == "" and not header.select("input, button")


@pytest.mark.parametrize("name", PAGES)
def test_foot_names_version_date_and_where_to_report(small_book, addressed_book, name):
    """The link leads to the page of the book, or to the repository's issues where there is an address."""
    foot = page(small_book, name).select_one(".parity-footer")
    assert re.search(r"Parity 1\.2\.3, built on \d{4}-\d\d-\d\d\.", " ".join(foot.get_text().split()))
    assert re.search(r"(report\.html|^#)$", foot.a["href"])
    assert page(addressed_book, name).select_one(".parity-footer a")["href"] == "https://github.com/Some-One/some-name/issues/new"


def test_chapter_offers_colab_where_the_address_is_real(small_book, addressed_book):
    """No button leads nowhere: with the placeholder there is neither Colab nor repository."""
    colab = page(addressed_book, "chapters/01_pairs").select("a[href^='https://colab.research.google.com/']")
    assert [a["href"] for a in colab] == [
        "https://colab.research.google.com/github/Some-One/some-name/blob/main/chapters/01_pairs.ipynb"]
    assert "github.com/example" not in str(page(small_book, "chapters/01_pairs"))
    assert not page(small_book, "chapters/01_pairs").select("a[href*='colab.research']")


def test_chapter_can_be_downloaded(small_book):
    """The download button leads to a notebook that is there."""
    link = page(small_book, "chapters/01_pairs").select_one("a.btn-download-source-button")["href"]
    assert link.endswith(".ipynb")
    assert (small_book / "_build/html/chapters" / link).resolve().is_file()


def test_not_found_page_works_at_any_depth(small_book, addressed_book):
    """Its styles and links start at the site's root, which on GitHub Pages is the repository's name."""
    for book, root in ((small_book, "/"), (addressed_book, "/some-name/")):
        soup = page(book, "404")
        urls = [e.get("href") or e.get("src") for e in soup.select("link[rel~=stylesheet], script[src], nav a[href]:not([href^='#'])")]
        assert urls and [u for u in urls if not u.startswith(root)] == []


def test_sitemap_lists_the_pages(addressed_book, small_book):
    """Full addresses, without the 404 and search pages; none where the address is the placeholder."""
    listed = re.findall("<loc>(.*?)</loc>", (addressed_book / "_build/html/sitemap.xml").read_text(encoding="utf-8"))
    assert sorted(listed) == sorted(f"https://some-one.github.io/some-name/{name}.html" for name in PAGES[:-2])
    assert not (small_book / "_build/html/sitemap.xml").exists()


@pytest.mark.parametrize("name", PAGES)
def test_the_head_says_what_the_page_is(small_book, addressed_book, name):
    """One viewport, one title, a description; the picture and the page's own address where there is one."""
    for book in (small_book, addressed_book):
        head = page(book, name).head
        assert len(head.select("meta[name=viewport]")) == 1 and len(head.select("title")) == 1
        if name in ("search", "404"):
            assert head.select_one("meta[name=robots]")["content"] == "noindex"
            continue
        said = head.select_one("meta[name=description]")
        assert 0 < len(said["content"]) <= 202, said
    picture, here = (page(addressed_book, name).head.select_one(f"meta[property='og:{what}']") for what in ("image", "url"))
    if name not in ("search", "404", "index"):
        assert picture["content"] == "https://some-one.github.io/some-name/_static/pair.png"
        assert here["content"] == f"https://some-one.github.io/some-name/{name}.html"
        assert (addressed_book / "_build/html/_static/pair.png").is_file()


def test_each_page_has_its_text_beside_it(small_book):
    """`llms.txt` lists them; the head leads there."""
    html = small_book / "_build/html"
    listed = re.findall(r"\]\((\S+)\)", (html / "llms.txt").read_text(encoding="utf-8"))
    assert "book/pages/running.md" in listed and [name for name in listed if not (html / name).is_file()] == []
    link = page(small_book, "book/pages/running").head.select_one("link[rel=alternate]")["href"]
    assert (html / "book/pages" / link).resolve().is_file()


def test_the_contents_of_the_page_stand_below_its_name(small_book):
    """In the list of all pages, on the page itself and on no other."""
    soup = page(small_book, "chapters/01_pairs")
    links = [link["href"] for link in soup.select("#pst-primary-sidebar .page-sections a")]
    assert links == ["#two", "#three", "#alone", "#two-again", "#a-table"]
    assert links == ["#" + section["id"] for section in soup.select("article section section")]


def test_what_differs_is_marked_and_counted(small_book):
    """In a pair of Paddle and PyTorch; the magic line and the package's name are no difference."""
    first = blocks(small_book)[0]
    assert [[mark.get_text() for mark in pane.select("mark")] for pane in first.select(".sides-pane")] == [["Layer"], ["Module"]]
    assert first.select_one(".lit-switch").get_text() == "1 of 4 lines differs"
    assert first.select_one(".lit-bar .visually-hidden").get_text() == "Lines that differ: Paddle 3; PyTorch 3."


def test_a_page_begins_with_what_it_says(small_book):
    """The cells that prepare the notebook are one closed fold; the banner of the run stays in sight."""
    article = page(small_book, "chapters/02_plain").select_one("article section")
    fold = article.select_one("details")
    assert fold.summary.get_text().split("\n")[1] == "Set-up of the notebook" and not fold.has_attr("open")
    assert [word for word in ("importlib", "device.prepare", "import glimmer", "printed by s1") if word not in fold.get_text()] == []
    assert "printed by s2" not in fold.get_text() and "printed by s2" in article.get_text()
    assert len(article.find_all("details", recursive=True)) == 1, "no fold in the fold"


def test_set_up_that_the_text_speaks_of_stays_in_sight(small_book):
    """In the other chapter no banner follows: only the cell for Colab is folded, and says so."""
    assert [fold.summary.get_text().split("\n")[1] for fold in page(small_book, "chapters/01_pairs").select("article details")] == ["Set-up for Colab"]


def test_the_style_sheet_keeps_what_the_search_page_alone_uses(small_book):
    style = (small_book / "_build/html/_static/site.css").read_text(encoding="utf-8")
    assert ".search-page" in style and ".search-code" in style


def test_every_page_names_the_course_and_leads_to_its_first_page(small_book):
    """In the sidebar, and above the article for the phone, where the sidebar is away."""
    links = page(small_book, "chapters/02_plain").select("a.brand")
    assert [link.select_one(".brand-name").get_text() for link in links] == ["Parity", "Parity"]
    assert {link["href"] for link in links} == {"../index.html"}

"""A small book in Chromium: columns, tabs, memory, width, silence. (The real one: test_built.py.)"""
import accessibility
import pytest
from opening import WIDTHS, check_pages, shown, sides

from book.make import browser

PAIRS = "chapters/01_pairs.html"

pytestmark = pytest.mark.needs("chromium")


@pytest.fixture(scope="module")
def address(small_book):
    """Where the small book is served."""
    with browser.served(small_book / "_build/html") as url:
        yield url


def test_wide_page_shows_columns(opened, address):
    """At 1440 px a pair stands side by side on one line, with Fluid in a row above."""
    two, three, _ = shown(opened(address + PAIRS, 1440))
    assert two[0]["left"] < two[1]["left"] and two[0]["top"] == two[1]["top"]
    fluid, paddle, torch = three
    assert fluid["top"] < paddle["top"] == torch["top"] and paddle["left"] < torch["left"]


def test_very_wide_page_shows_three_columns(opened, address):
    """At 1920 px Fluid stands beside the pair."""
    three = shown(opened(address + PAIRS, 1920))[1]
    assert len({pane["top"] for pane in three}) == 1
    assert [pane["side"] for pane in sorted(three, key=lambda pane: pane["left"])] == ["fluid", "paddle", "torch"]


def test_tabs_switch_together_and_are_remembered(opened, address):
    """At 390 px one choice counts for all blocks, for the next page and for the next visit."""
    page = opened(address + PAIRS, 390)
    assert sides(page) == [["paddle"]] * 3
    page.locator("label.side-torch").nth(2).click()
    assert sides(page) == [["torch"]] * 3
    page.reload(wait_until="networkidle")
    assert sides(page) == [["torch"]] * 3
    page.locator("label.side-fluid").click()                # only the second block has Fluid
    assert sides(page) == [["torch"], ["fluid"], ["torch"]]


def test_switching_keeps_the_block_in_place(opened, address):
    """The label under the finger stays there, although blocks above change their height."""
    page = opened(address + PAIRS, 390)
    page.evaluate("document.querySelector('.sides-pane.side-torch').append(Object.assign(document.createElement('div'), {style: 'height: 500px'}))")
    label = page.locator("label.side-torch").nth(2)
    label.scroll_into_view_if_needed()
    before = label.bounding_box()["y"]
    label.click()
    assert abs(label.bounding_box()["y"] - before) < 2


def test_tabs_work_by_keyboard(opened, address):
    """Arrow keys move between the sides of a block, and the focus can be seen."""
    page = opened(address + PAIRS, 390)
    page.locator("#sides-1-paddle").focus()
    page.keyboard.press("ArrowRight")
    assert sides(page)[0] == ["torch"]
    assert page.evaluate("getComputedStyle(document.querySelector('label[for=sides-1-torch]')).outlineStyle") == "solid"
    page.keyboard.press("ArrowLeft")
    assert sides(page)[0] == ["paddle"]


def test_tabs_work_without_javascript(opened, address):
    """The first side is there to read, and a tap opens the other."""
    page = opened(address + PAIRS, 390, java_script_enabled=False)
    code = page.locator(".sides-block").first
    assert code.locator(".side-paddle pre").first.is_visible() and not code.locator(".side-torch pre").first.is_visible()
    code.locator("label.side-torch").click()
    assert code.locator(".side-torch pre").first.is_visible()


def test_tabs_work_where_storage_is_blocked(address, chromium):
    """A browser that forbids storage costs the memory, and nothing else."""
    context = chromium.new_context(viewport={"width": 390, "height": 900})
    context.add_init_script("Object.defineProperty(window, 'localStorage', {configurable: true, get() { throw new DOMException('no', 'SecurityError'); }})")
    page, complaints = context.new_page(), []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address + PAIRS, wait_until="networkidle")
    page.locator("label.side-torch").first.click()
    assert sides(page) == [["torch"]] * 3 and complaints == []
    context.close()


def contrast_on_white(*colour):
    """WCAG contrast ratio of a colour (0 to 255) on white paper."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (value / 255 for value in colour)]
    return 1.05 / (0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_print_shows_both_sides(opened, address, scheme):
    """On paper every side is there, dark on white."""
    page = opened(address + PAIRS, 794, color_scheme=scheme)
    page.emulate_media(media="print", color_scheme=scheme)
    assert sides(page) == [["paddle", "torch"], ["fluid", "paddle", "torch"], ["paddle", "torch"]]
    paper = page.evaluate("[document.documentElement, document.body].map(e => getComputedStyle(e).backgroundColor)")
    assert set(paper) <= {"rgb(255, 255, 255)", "rgba(0, 0, 0, 0)"}
    inks = set(page.evaluate("""() => [...document.querySelectorAll('.sides-pane pre, .sides-pane pre span, article p, article h2, .labs-table td')]
        .map(e => getComputedStyle(e).color.match(/[0-9]+/g).slice(0, 3).map(Number).join())"""))
    assert inks and [ink for ink in inks if contrast_on_white(*map(int, ink.split(","))) < 4.5] == []


def test_pages_fit_and_are_silent(opened, address, small_book):
    """The small book at four widths."""
    names = browser.pages(small_book / "_build/html")
    assert PAIRS in names
    assert check_pages(opened, address, names) == []


def test_the_check_sees_what_it_looks_for(opened, tmp_path):
    """A page that is too wide, throws, and asks a third party is found out in all three."""
    (tmp_path / "bad.html").write_text("<link rel='icon' href='data:,'><div style='width: 3000px'>x</div><script>missing()</script>"
                                       "<img src='http://127.0.0.2:9/x.png'>", encoding="utf-8")
    with browser.served(tmp_path) as address:
        found = check_pages(opened, address, ["bad.html"])
    [(name, too_wide, complaints, elsewhere)] = found
    assert name == "bad.html" and too_wide == list(WIDTHS)
    assert any("missing" in said for said in complaints) and elsewhere == ["http://127.0.0.2:9/x.png"]


@pytest.mark.parametrize("query, page, anchor, excerpt, marks", [
    ("quorum", "02_plain", "more", "All the quorum functions of 张量 stand here, with 1−m in a sentence.", ["quorum"]),
    ("quorum function", "02_plain", "more", "All the quorum functions of 张量 stand here, with 1−m in a sentence.", ["quorum function"]),
    ("normaliseRows", "02_plain", "more", "vector = normalise_rows(1 + 1)", ["normalise_rows"]),
    ("normalize the rows", "02_plain", "more", "vector = normalise_rows(1 + 1)", ["normalise_rows"]),
    ("class of LeNets", "01_pairs", "two", "class LeNet(paddle.nn.Layer):", ["class", "LeNet"])])
def test_search_leads_to_the_section_and_shows_the_sentence_or_the_line(opened, address, query, page, anchor, excerpt, marks):
    """However one writes it; what was found in code is shown as code."""
    shown_page = opened(f"{address}search.html?q={query}", 1440)
    first = shown_page.locator("#search-results li").first
    first.wait_for()
    assert first.locator("a").get_attribute("href") == f"chapters/{page}.html#{anchor}"
    assert excerpt in first.locator("p").all_inner_texts()
    assert first.locator("mark").all_inner_texts()[-len(marks):] == marks
    assert first.locator("code").count() == ("(" in excerpt)
    assert [run.get_attribute("lang") for run in first.locator("p span").all()] == ["zh"] * ("张" in excerpt)


@pytest.mark.needs("axe")
@pytest.mark.parametrize("name", [PAIRS, "index.html", "book/pages/glossary.html", "book/pages/status.html"])
def test_axe_finds_nothing(opened, address, name):
    assert accessibility.findings(opened(address + name, 1440)) == []


@pytest.mark.needs("axe")
def test_axe_sees_what_it_looks_for(opened, tmp_path):
    """A picture without words on a phone too, and code that cannot be read in the dark alone."""
    (tmp_path / "bad.html").write_text(
        "<!doctype html><html lang='en'><title>Bad</title><link rel='icon' href='data:,'><style>html[data-theme=dark] { background: #000 } "
        "html[data-theme=dark] .k { color: #111 }</style><main><h1 style='color: #999'>Bad</h1><img src='data:,'>"
        "<pre><span class='k'>import</span> <span class='k'>from</span></pre></main>", encoding="utf-8")
    with browser.served(tmp_path) as url:
        found = {(theme, width, rule, where) for theme, width, rule, where, _ in accessibility.findings(opened(url + "bad.html", 1440))}
    assert {("light", 1440, "image-alt", "img"), ("light", 390, "image-alt", "img"), ("dark", 1440, "color-contrast", "span")} <= found
    assert ("light", 1440, "color-contrast", "span") not in found and ("light", 1440, "color-contrast", "h1") in found


@pytest.mark.needs("axe")
@pytest.mark.parametrize("fault", ["style='color: #bbb'", "class='pale'", "style='background: #444'", "style='opacity: 0.3'"])
def test_axe_sees_one_pale_word_among_many_that_look_alike(opened, tmp_path, fault):
    """Colours are looked at once a style; what is not shown stands for no other."""
    rows = [f"<tr><td>{number}</td></tr>" for number in range(40)]
    rows[20] = f"<tr {fault}><td id='pale'>20</td></tr>"
    (tmp_path / "one.html").write_text(
        "<!doctype html><html lang='en'><title>One</title><link rel='icon' href='data:,'><style>.pale td { color: #bbb }</style>"
        f"<main><h1>One</h1><p style='color: #bbb; display: none'>gone</p><p style='color: #bbb' id='too'>here</p><table>{''.join(rows)}</table></main>",
        encoding="utf-8")
    with browser.served(tmp_path) as url:
        found = {where for _, _, rule, where, _ in accessibility.findings(opened(url + "one.html", 1440)) if rule == "color-contrast"}
    assert found == {"#pale", "#too"}

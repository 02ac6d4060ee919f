"""The finished site in Chromium, as `make book` left it: `make test-site`.

Every page is opened once and asked everything; a test is one promise about all pages.
"""
from pathlib import Path

import pytest
from links import broken, figures_without_text
from opening import PHONE, WIDTHS, shown, sides
from survey import GLYPHS, asked

from book.make import browser, status, weigh

ROOT = Path(__file__).resolve().parents[2]
HTML = ROOT / "_build/html"
A4 = 794                        # the width of a sheet at 96 dots an inch
MNIST = "chapters/06_mnist.html"
WORD = "discordant"             # stands in chapter 6 and in no other place
# What axe-core finds in the theme and we do not fix: (rule, a selector of the element). Nothing else may be found.
THEME = ()
pytestmark = [pytest.mark.built, pytest.mark.needs("site", "chromium"), pytest.mark.timeout(1500)]


@pytest.fixture(scope="module")
def address():
    """Where the site is served."""
    with browser.served(HTML) as url:
        yield url


@pytest.fixture(scope="module")
def survey():
    """{page: what it was asked}."""
    return browser.each_page(HTML, asked)


def across(survey, fact):
    """{page: fact} of the pages that have something to say."""
    return {name: facts[fact] for name, facts in survey.items() if facts[fact]}


def test_no_page_shows_a_warning_of_a_library():
    """What a cell leaves on stderr is a message to whoever wrote the page, not to who reads it."""
    assert [name for name in browser.pages(HTML) if "output stderr" in (HTML / name).read_text(encoding="utf-8")] == []


def test_no_page_scrolls_sideways(survey):
    assert survey and across(survey, "wide") == {}, f"of the widths {WIDTHS}"


def test_no_page_complains_in_the_console(survey):
    assert across(survey, "complaints") == {}


def test_no_page_asks_a_third_party(survey):
    assert across(survey, "elsewhere") == {}


def test_the_letters_of_every_figure_have_nine_pixels_on_a_phone(survey):
    """labs.pictures says how wide a figure must be for that; where a page gives it less, it scrolls."""
    assert across(survey, "small") == {}


@pytest.mark.needs("axe")
def test_axe_finds_nothing_of_ours(survey):
    ours = {name: [found for found in facts["violations"] if not any(found[2] == rule and where in found[3] for rule, where in THEME)]
            for name, facts in survey.items()}
    assert {name: found for name, found in ours.items() if found} == {}


@pytest.mark.needs("axe")
def test_the_list_of_the_themes_findings_is_not_longer_than_needed(survey):
    seen = [(found[2], found[3]) for facts in survey.values() for found in facts["violations"]]
    assert [(rule, where) for rule, where in THEME if not any(rule == r and where in w for r, w in seen)] == []


@pytest.mark.needs("chinese-font")
def test_every_chinese_character_has_a_glyph(survey):
    assert across(survey, "unseen") == {}


def test_a_character_without_a_glyph_is_found_out(opened, address):
    page = opened(address, 800)
    assert page.evaluate(GLYPHS, "a\U0010fffc") == ["\U0010fffc"]


def test_every_internal_link_and_anchor_answers():
    assert broken(HTML) == []


def test_every_figure_says_what_it_shows():
    assert figures_without_text(HTML) == []


def test_the_interface_has_an_entry_for_every_public_name():
    """With an anchor, from the docstring that the code carries."""
    import labs.data
    import labs.parity
    entries = (HTML / "book/pages/api.html").read_text(encoding="utf-8")
    names = [f"{module.__name__}.{name}" for module in (labs.data, labs.parity) for name in module.__all__
             if callable(getattr(module, name))]
    assert [name for name in [*names, "labs.timing.paired"] if f'id="{name}"' not in entries] == []


def test_every_page_keeps_its_budget_and_the_status_page_shows_it():
    weights, _ = weigh.site(ROOT)
    assert set(weights) == set(browser.pages(HTML)) and weigh.over(weights) == []
    shown_there = (HTML / f"{status.HERE}.html").read_text(encoding="utf-8")
    assert all(f">{name.removesuffix('.html')}</a>" in shown_there for name in weights)


def test_search_finds_a_word_of_chapter_6(opened, address):
    page = opened(f"{address}search.html?q={WORD}", 1440)
    page.wait_for_selector("#search-results li a")
    found = page.locator("#search-results li a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert any(link.startswith(MNIST) for link in found), found


def test_the_search_field_leads_to_the_results(opened, address):
    """The button opens the field; the word and Enter find the page."""
    page = opened(address, 1440)
    page.locator("button.search-button-field").first.click()
    page.keyboard.type(WORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/search.html?q=*")
    page.wait_for_selector(f"#search-results a[href^='{MNIST}']")


def test_columns_at_1440_and_tabs_on_a_phone(opened, address):
    page = opened(address + MNIST, 1440)
    blocks = shown(page)
    assert blocks and all({"paddle", "torch"} <= {pane["side"] for pane in block} for block in blocks)
    pairs = [{pane["side"]: pane for pane in block} for block in blocks]
    assert all(pair["paddle"]["top"] == pair["torch"]["top"] and pair["paddle"]["left"] < pair["torch"]["left"] for pair in pairs)
    page.set_viewport_size({"width": PHONE, "height": 900})
    assert {len(block) for block in shown(page)} == {1}


def test_a_choice_on_the_phone_holds_on_the_whole_page_and_after_it(opened, address):
    page = opened(address + MNIST, PHONE)
    page.locator("label.side-torch").first.click()
    assert {tuple(block) for block in sides(page)} == {("torch",)}
    page.goto(address, wait_until="networkidle")
    page.goto(address + MNIST, wait_until="networkidle")
    assert {tuple(block) for block in sides(page)} == {("torch",)}


def walk(page, most=400):
    """Press Tab until the focus leaves the page: [(what has it, whether one can see that it has it)]."""
    stops = []
    for _ in range(most):
        page.keyboard.press("Tab")
        stop = page.evaluate("""() => { const e = document.activeElement; if (!e || e === document.body) return null;
            const seen = [e, e.labels && e.labels[0], e.parentElement].filter(Boolean).some(x => {
                const s = getComputedStyle(x), box = x.getBoundingClientRect();
                return box.width * box.height > 0 && ((s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0) || s.boxShadow !== 'none'); });
            return [[e.tagName, e.className, e.id, e.parentElement.className].join(' ').slice(0, 120), seen]; }""")
        if stop is None:
            return stops
        stops.append(tuple(stop))
    raise AssertionError(f"{most} presses of Tab did not lead through the page; the last stops: {stops[-5:]}")


@pytest.mark.parametrize("width", [PHONE, 1440])
def test_the_keyboard_reaches_everything_and_one_sees_where_it_is(opened, address, width):
    page = opened(address + MNIST, width)
    stops = walk(page)
    assert "skip-link" in stops[0][0].lower(), stops[0]
    reached = " ".join(stop for stop, _ in stops)
    for what in ("theme-switch", "btn", *(["sides-choice", "labs-table-box"] if width == PHONE else ["search-button"])):
        assert what in reached, f"no press of Tab reaches {what}"
    assert [stop for stop, seen in stops if not seen] == []


def test_arrow_keys_change_the_side(opened, address):
    page = opened(address + MNIST, PHONE)
    page.locator(".sides-choice:checked").first.focus()
    before = sides(page)[0]
    page.keyboard.press("ArrowRight")
    assert sides(page)[0] != before


def test_the_theme_follows_the_system_and_the_reader(opened, address):
    """Dark where the system is; the button changes it, and the choice outlives the page."""
    page = opened(address + MNIST, 1440, color_scheme="dark")
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert sum(map(int, dark[4:-1].split(","))) < 150, dark
    for _ in range(3):                                  # the button goes round: auto, light, dark
        if page.evaluate("document.documentElement.dataset.mode") == "light":
            break
        page.locator("button.theme-switch-button:visible").first.click()
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    page.reload(wait_until="networkidle")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"


@pytest.mark.parametrize("name", [MNIST, f"{status.HERE}.html"])
def test_no_table_runs_off_the_paper(opened, address, name):
    page = opened(address + name, A4)
    page.emulate_media(media="print")
    edges = page.evaluate("[...document.querySelectorAll('.labs-table')].map(t => [t.caption ? t.caption.innerText : '', t.getBoundingClientRect().right])")
    assert edges and [(caption, edge) for caption, edge in edges if edge > A4] == []


def test_print_shows_every_side_and_no_line_is_cut(opened, address):
    page = opened(address + MNIST, A4)
    page.emulate_media(media="print")
    panes = page.evaluate("[...document.querySelectorAll('.sides-block')].map(b => b.querySelectorAll('.sides-pane').length)")
    assert panes and [len(block) for block in sides(page)] == panes
    cut = page.evaluate("[...document.querySelectorAll('article pre')].filter(p => p.getClientRects().length && p.scrollWidth > p.clientWidth + 1)"
                        ".map(p => p.innerText.slice(0, 60))")
    assert cut == []


def test_without_javascript_everything_can_be_read(opened, address):
    """The text is the same, folds open, and a tap shows the other side."""
    with_it, without = (opened(address + MNIST, PHONE, java_script_enabled=on) for on in (True, False))
    text = [" ".join(page.locator("article").text_content().split()) for page in (with_it, without)]
    headings = without.locator("article :is(h1, h2)")
    assert all(headings.nth(i).is_visible() for i in range(headings.count())) and headings.count() > 5
    assert len(text[1]) > 0.95 * len(text[0])           # formulas are drawn by script; without it their source stands there
    assert all(without.locator(f"{what}:not(details *)").first.is_visible() for what in ("figure.labs-figure svg", "table.labs-table"))
    block = without.locator(".sides-block").first
    assert block.locator(".side-paddle pre").first.is_visible()
    block.locator("label.side-torch").click()
    assert block.locator(".side-torch pre").first.is_visible()
    fold = without.locator("article details summary").first
    fold.click()
    assert without.locator("article details pre").first.is_visible()


def test_a_glossary_link_leads_to_its_term(opened, address):
    page = opened(address + MNIST, 1440)
    link = page.locator("a.term").first
    word, target = link.inner_text(), link.get_attribute("href").split("#")[1]
    link.click()
    page.wait_for_url("**/glossary.html#*")
    assert page.locator(f"dt#{target}").is_visible() and page.locator(f"dt#{target} [lang='zh-Hans']").inner_text().strip(), word

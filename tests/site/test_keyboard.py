"""The finished site by keyboard alone and by ear: nothing is out of reach, nothing holds the focus, nothing is noise. `make test-site`."""
from pathlib import Path

import pytest
from opening import PHONE

from book.make import browser

HTML = Path(__file__).resolve().parents[2] / "_build/html"
MNIST = "chapters/06_mnist.html"
#: What has the focus: its tag, classes and name, whether it is in the window, and what lies over it.
FOCUS = """() => { const e = document.activeElement, seen = (e.labels && e.labels[0]) || e, box = seen.getClientRects()[0] || seen.getBoundingClientRect();
    const x = Math.min(innerWidth - 2, Math.max(1, box.left + Math.min(box.width / 2, 30)));
    const y = (Math.max(0, box.top) + Math.min(innerHeight, box.bottom)) / 2;
    const over = document.elementFromPoint(x, y);
    return { what: [e.tagName, e.className, e.id, e.textContent.trim().slice(0, 40)].join(' '), out: e === document.body,
        inside: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
        covered: !(over && (seen.contains(over) || over.contains(seen))) }; }"""
STILL = "* { transition: none !important; animation: none !important; scroll-behavior: auto !important }"

pytestmark = [pytest.mark.built, pytest.mark.needs("site", "chromium"), pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def address():
    """Where the site is served."""
    with browser.served(HTML) as url:
        yield url


@pytest.fixture
def mnist(opened, address):
    """`mnist(width)`: chapter 6, without movements."""
    def show(width, **settings):
        page = opened(address + MNIST, width, **settings)
        page.add_style_tag(content=STILL)
        return page
    return show


def path(page, most=450):
    """What has the focus at each press of Tab, until it leaves the page."""
    found = []
    for _ in range(most):
        page.keyboard.press("Tab")
        found.append(page.evaluate(FOCUS))
        if found[-1]["out"]:
            return found[:-1]
    raise AssertionError(f"{most} presses of Tab did not lead through the page: {found[-3:]}")


@pytest.mark.parametrize("width", [PHONE, 1440])
def test_what_has_the_focus_is_in_sight_and_nothing_lies_over_it(mnist, width):
    there = path(mnist(width))
    assert len(there) > 100 and [stop["what"] for stop in there if not stop["inside"] or stop["covered"]] == []


def test_shift_and_tab_lead_back_from_the_last_stop_to_the_first(mnist):
    page = mnist(1440)
    there = [stop["what"] for stop in path(page)]
    back = []
    for _ in there:
        page.keyboard.press("Shift+Tab")
        back.append(page.evaluate(FOCUS)["what"])
    assert back == there[::-1]


def test_the_skip_link_leads_past_the_lists_to_the_chapter(mnist):
    page = mnist(1440)
    page.keyboard.press("Tab")
    assert "Skip to main content" in page.evaluate(FOCUS)["what"]
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


@pytest.mark.parametrize("width", [PHONE, 1440])
def test_only_what_scrolls_is_a_stop(mnist, width):
    page = mnist(width)
    idle = """() => [...document.querySelectorAll('article [tabindex="0"]')].filter(box => box.checkVisibility()
        && box.scrollWidth <= box.clientWidth + 1).map(box => box.className + ' ' + box.textContent.trim().slice(0, 40))"""
    missed = """() => [...document.querySelectorAll('article :is(pre, .labs-table-box, .labs-figure, div.math)')].filter(box => box.checkVisibility()
        && box.scrollWidth > box.clientWidth + 1 && box.tabIndex !== 0).map(box => box.className + ' ' + box.textContent.trim().slice(0, 40))"""
    assert page.evaluate(idle) == [] and page.evaluate(missed) == []
    page.locator("article details > summary").nth(2).press("Enter")              # code that comes into sight
    if width == PHONE:
        page.locator("label.side-torch").first.click()
    assert page.evaluate(missed) == []


def test_a_wide_table_on_a_phone_says_that_it_scrolls_and_is_moved_by_arrow_keys(mnist):
    page = mnist(PHONE)
    box = page.locator(".labs-table-box.scrolls:visible").first
    assert "scrolls" in box.evaluate("box => getComputedStyle(box, '::after').content")
    box.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(200)
    assert box.evaluate("box => box.scrollLeft") > 0


def test_the_search_opens_and_closes_by_key_and_gives_the_focus_back(mnist):
    page = mnist(1440)
    button = page.locator("button.search-button-field").first
    button.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.matches('input[type=search]')")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.matches('button.search-button-field')") and not page.locator("dialog[open]").count()
    page.keyboard.press("Control+k")
    assert page.evaluate("document.activeElement.matches('input[type=search]')")


@pytest.mark.parametrize("width", [PHONE, 1024])
def test_the_contents_of_the_page_open_by_key_lead_to_a_section_and_close(mnist, width):
    page = mnist(width)
    button = page.locator("button.secondary-toggle:visible").first
    button.focus()
    page.keyboard.press("Enter")
    page.locator("dialog[open] a[href='#the-proof']").wait_for()
    page.keyboard.press("Tab")
    assert page.evaluate("!!document.activeElement.closest('dialog[open]')"), "the focus is in what has opened"
    page.keyboard.press("Escape")
    assert not page.locator("dialog[open]").count()
    page.keyboard.press("Enter")
    page.locator("dialog[open] a[href='#the-proof']").press("Enter")
    page.wait_for_timeout(300)
    assert not page.locator("dialog[open]").count(), "who chose a section sees it"
    assert -5 <= page.locator("#the-proof").bounding_box()["y"] < 300


def test_marks_folds_and_copies_by_key(mnist):
    page = mnist(1440, permissions=["clipboard-read", "clipboard-write"])
    switch = page.locator(".lit-switch").first
    switch.press(" ")
    assert switch.get_attribute("aria-pressed") == "false" and page.evaluate("document.documentElement.dataset.lit") == "off"
    switch.press(" ")
    assert switch.get_attribute("aria-pressed") == "true"
    fold = page.locator("article details").nth(1)
    fold.locator("summary").press("Enter")
    assert fold.locator("pre").first.is_visible()
    block = page.locator(".sides-pane.side-torch div.highlight").first
    block.locator("button.copybtn").press("Enter")
    page.wait_for_timeout(200)
    assert page.evaluate("navigator.clipboard.readText()").strip() == block.locator("pre").inner_text().strip()


def test_who_hears_a_chapter_is_told_what_is_code_what_holds_and_what_a_figure_shows(mnist):
    """The accessibility tree of the browser: code is code, a verdict a word, a formula mathematics, a figure its sentence."""
    page = mnist(1440)
    tree = page.locator("article").aria_snapshot()
    assert tree.count("- code: ") + tree.count("- code:\n") > 20 and "- math: " in tree and 'img "checked, holds"' in tree
    assert page.locator("article div.highlight-python pre:not([role=code])").count() == 0
    assert "Lines that differ: Paddle" in tree and 'button "6 of 19 lines differ" [pressed]' in tree
    assert "✔" not in tree.replace('img "checked, holds": ✔', ""), "a mark without a word"
    unnamed = [line for line in tree.splitlines() if line.strip() in ("- img", "- button", "- link", "- figure", "- table", "- textbox")]
    assert unnamed == []
    assert not any("\ue000" <= sign <= "\uf8ff" for sign in tree), "a sign of an icon font, which is read as nothing or as nonsense"


def test_on_a_phone_the_sides_are_a_choice_of_two_names(mnist):
    tree = mnist(PHONE).locator(".sides-block").first.aria_snapshot()
    assert 'radio "Paddle" [checked]' in tree and 'radio "PyTorch"' in tree and 'group "Paddle"' in tree and 'group "PyTorch"' not in tree


def test_every_part_of_the_page_has_a_name_and_none_is_empty(opened, address):
    tree = opened(address + MNIST, 1440).locator("body").aria_snapshot()
    landmarks = [line for line in tree.splitlines() if line.startswith(("- navigation", "- contentinfo", "- banner", "- main", "- complementary"))]
    assert [line for line in landmarks if not line.endswith(":")] == [], "a landmark with nothing in it"

"""The site in Chromium: columns, tabs, memory, width, silence.

Skipped where there is no Chromium or no Python package `playwright` (which drives the
Chromium that is installed, and downloads none). The pages of the real site join in when
they have been built.
"""
import functools
import http.server
import importlib.util
import shutil
import threading
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]
WIDTHS = (390, 800, 1440, 1920)
PAIRS = "chapters/01_pairs.html"

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium found"),
    pytest.mark.skipif(importlib.util.find_spec("playwright") is None, reason="the package playwright is not installed"),
]


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves a folder and says nothing."""

    def log_message(self, *arguments):
        """No line per request."""


def serve(folder):
    """Serve a folder on loopback; the server knows its port."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture(scope="module")
def browser():
    """One Chromium for all tests of this file."""
    from playwright.sync_api import sync_playwright
    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="module")
def address(small_book):
    """Where the small book is served."""
    server = serve(small_book / "_build/html")
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture
def opened(browser):
    """`opened(url, width, **settings)` gives a page that notes its errors and the requests that leave its site."""
    contexts = []

    def show(url, width, **settings):
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}, **settings))
        page = contexts[-1].new_page()
        page.complaints, page.elsewhere = [], []
        origin = "/".join(url.split("/", 3)[:3])
        page.on("console", lambda m: page.complaints.append(m.text) if m.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("request", lambda r: None if r.url.startswith((origin, "data:")) else page.elsewhere.append(r.url))
        page.goto(url, wait_until="networkidle")
        return page

    yield show
    for context in contexts:
        context.close()


def shown(page):
    """For each block, the sides whose panes are in sight, with the left edge of each."""
    return page.evaluate("""() => [...document.querySelectorAll('.sides-block')].map(block =>
        [...block.querySelectorAll('.sides-pane')].filter(pane => pane.getClientRects().length)
            .map(pane => ({side: pane.className.split('side-').pop(), left: Math.round(pane.getBoundingClientRect().left),
                           top: Math.round(pane.getBoundingClientRect().top)})))""")


def sides(page):
    return [[pane["side"] for pane in block] for block in shown(page)]


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


def test_tabs_work_where_storage_is_blocked(opened, address, browser):
    """A browser that forbids storage costs the memory, and nothing else."""
    context = browser.new_context(viewport={"width": 390, "height": 900})
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


def pages_of(html):
    return sorted(file.relative_to(html).as_posix() for file in html.rglob("*.html")
                  if "_static" not in file.parts and file.name != "404.html")


def check_pages(opened, base, names):
    """No page scrolls sideways, complains, or asks a third party, at any width."""
    wrong = []
    for name in names:
        page = opened(base + name, WIDTHS[0])
        over = {}
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            over[width] = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        too_wide = [width for width, by in over.items() if by > 0]
        if too_wide or page.complaints or page.elsewhere:
            wrong.append((name, too_wide, page.complaints, page.elsewhere))
        page.close()
    return wrong


def test_pages_fit_and_are_silent(opened, address, small_book):
    """The small book at four widths."""
    names = pages_of(small_book / "_build/html")
    assert PAIRS in names
    assert check_pages(opened, address, names) == []


@pytest.mark.skipif(not (ROOT / "_build/html/index.html").exists(), reason="_build/html: site not built")
def test_pages_of_the_built_site_fit_and_are_silent(opened):
    """The same for every page of the site as it was last built."""
    server = serve(ROOT / "_build/html")
    names = pages_of(ROOT / "_build/html")
    assert "index.html" in names
    assert check_pages(opened, f"http://127.0.0.1:{server.server_port}/", names) == []
    server.shutdown()


def test_the_check_sees_what_it_looks_for(opened, tmp_path):
    """A page that is too wide, throws, and asks a third party is found out in all three."""
    (tmp_path / "bad.html").write_text("<link rel='icon' href='data:,'><div style='width: 3000px'>x</div><script>missing()</script>"
                                       "<img src='http://127.0.0.2:9/x.png'>", encoding="utf-8")
    server = serve(tmp_path)
    found = check_pages(opened, f"http://127.0.0.1:{server.server_port}/", ["bad.html"])
    server.shutdown()
    [(name, too_wide, complaints, elsewhere)] = found
    assert name == "bad.html" and too_wide == list(WIDTHS)
    assert any("missing" in said for said in complaints) and elsewhere == ["http://127.0.0.2:9/x.png"]

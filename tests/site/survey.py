"""One visit to a page of the site, in which it is asked everything: each promise about all pages reads its part."""
import accessibility
from opening import PHONE, too_wide, watched

from book.make import needs

# signs of a text for which there is no glyph
GLYPHS = """text => {
    const draw = sign => { const canvas = Object.assign(document.createElement('canvas'), {width: 40, height: 40});
        const pen = canvas.getContext('2d'); pen.font = '30px ' + getComputedStyle(document.body).fontFamily;
        pen.fillText(sign, 2, 32); return canvas.toDataURL(); };
    const box = draw('\\u{10FFFD}'), blank = draw(' ');
    return [...new Set(text)].filter(sign => [box, blank].includes(draw(sign))); }"""


# figures whose smallest letters, subscripts left out, are drawn smaller than this many px
LETTERS = """least => [...document.querySelectorAll('article svg[role=img]')].filter(figure => figure.getClientRects().length).map(figure => {
    const texts = [...figure.querySelectorAll('g[transform*="scale"]')].filter(text => text.querySelector(':scope > use, :scope > path'));
    const sizes = texts.map(text => text.getScreenCTM()).map(drawn => 100 * Math.hypot(drawn.a, drawn.b));      // matplotlib draws letters of 100 units
    return [Math.min(...sizes), figure.getAttribute('aria-label').slice(0, 60)]; }).filter(([size]) => size < least)"""


def asked(chromium, address, name):
    """What a page answered: {"wide", "complaints", "elsewhere", "small", "unseen", "violations"}."""
    with chromium.new_context(viewport={"width": 1440, "height": 900}, color_scheme="light") as context:
        page = watched(context, address + name)
        facts = {"violations": [], "wide": too_wide(page)}
        facts["complaints"], facts["elsewhere"] = list(page.complaints), list(page.elsewhere)     # axe, below, makes requests of its own
        page.set_viewport_size({"width": PHONE, "height": 900})
        facts["small"] = page.evaluate(LETTERS, 8.95)
        facts["unseen"] = page.evaluate(GLYPHS, "".join(sign for sign in page.inner_text("body") if "\u4e00" <= sign <= "\u9fff"))
        if not needs.NEEDS["axe"].lacking():
            facts["violations"] = accessibility.findings(page)
        return facts

"""axe-core on an open page: wide and narrow, light and dark."""
from importlib.resources import files

from opening import PHONE

COLOURS = ["color-contrast", "link-in-text-block"]      # the slow rules; the only ones that another theme can break
ROUNDS = (("light", 1440, {}), ("dark", 1440, {"runOnly": COLOURS}), ("light", PHONE, {"rules": {rule: {"enabled": False} for rule in COLOURS}}))
STILL = "* { transition: none !important; animation: none !important }"         # or a colour is caught while it fades
# Code is coloured in thousands of pieces of a few kinds, and a drawing has thousands of strokes: axe would take a minute a page.
# It looks at the first piece of each kind of each block of code, and at a drawing as a whole.
ONCE = """() => { const seen = new Set();
    for (const piece of document.querySelectorAll('pre span')) {
        const block = piece.closest('div[class]'), kind = piece.className + ' in ' + (block ? block.className : '');
        if (seen.has(kind)) { piece.replaceWith(piece.textContent); } else { seen.add(kind); } }
    document.querySelectorAll('.labs-figure svg > :is(g, defs)').forEach(strokes => strokes.remove()); }"""
LOOK = """async options => (await axe.run(options)).violations.flatMap(rule =>
    rule.nodes.map(node => [rule.id, node.target.join(' '), node.html.slice(0, 120)]))"""


def findings(page):
    """What axe-core finds: (theme, width, rule, selector, the element's beginning). The page is spoilt for anything else."""
    page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    page.evaluate(ONCE)
    page.add_style_tag(content=STILL)
    found = []
    for scheme, width, options in ROUNDS:
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(400)                      # the theme looks a little later which boxes now scroll
        page.evaluate("theme => { document.documentElement.dataset.theme = theme }", scheme)
        found += [(scheme, width, *one) for one in page.evaluate(LOOK, options)]
    return found

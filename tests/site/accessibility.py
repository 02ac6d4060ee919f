"""axe-core on an open page: wide and narrow, light and dark.

Colours take axe most of its time, and a page has thousands of elements in a few styles. So axe looks at the colours of
two elements of each style, the first and the last; all other rules see every element.
"""
from importlib.resources import files

from opening import PHONE

COLOURS = ["color-contrast", "link-in-text-block"]      # the only rules that another theme can break
THEMES, SIZES = ("light", "dark"), (1440, PHONE)
STILL = "* { transition: none !important; animation: none !important }"         # or a colour is caught while it fades
# Code is coloured in thousands of pieces of a few kinds, and a drawing has thousands of strokes: axe would take a minute a page.
# It looks at the first piece of each kind of each block of code, and at a drawing as a whole.
ONCE = """() => { const seen = new Set();
    for (const piece of document.querySelectorAll('pre span')) {
        const block = piece.closest('div[class]'), kind = piece.className + ' in ' + (block ? block.className : '');
        if (seen.has(kind)) { piece.replaceWith(piece.textContent); } else { seen.add(kind); } }
    document.querySelectorAll('.labs-figure svg > :is(g, defs)').forEach(strokes => strokes.remove()); }"""
# An element's colours come from its own style and from those of all elements around it: all this is its style here.
STYLES = """() => {
    const OWN = ['color', 'backgroundColor', 'backgroundImage', 'opacity', 'fontSize', 'fontWeight', 'fontStyle', 'textDecorationLine',
                 'textShadow', 'borderBottom', 'boxShadow', 'visibility', 'position', 'clip', 'clipPath', 'filter', 'mixBlendMode'];
    const known = new Map(), numbers = new Map(), chosen = new Map();
    const style = element => {
        if (!element) { return 0; }
        if (!known.has(element)) {
            const own = getComputedStyle(element);
            const all = [style(element.parentElement), element.tagName, ...OWN.map(name => own[name])].join('|');
            if (!numbers.has(all)) { numbers.set(all, numbers.size + 1); }
            known.set(element, numbers.get(all)); }
        return known.get(element); };
    for (const element of document.body.querySelectorAll('*')) {
        const speaks = element.matches('input, textarea, select') || [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim());
        if (speaks && element.getClientRects().length) {
            const kind = style(element), before = chosen.get(kind);
            chosen.set(kind, before ? [before[0], element] : [element]); } }
    return [...new Set([...chosen.values()].flat())]; }"""
LOOK = """async ([options, within]) => {
    const found = await axe.run(within ? {include: eval(within)()} : document, {...options, resultTypes: ['violations']});
    return found.violations.flatMap(rule => rule.nodes.map(node => [rule.id, node.target.join(' '), node.html.slice(0, 120)])); }"""


def findings(page):
    """What axe-core finds: (theme, width, rule, selector, the element's beginning). The page is spoilt for anything else."""
    page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text(encoding="utf-8"))
    page.evaluate(ONCE)
    page.add_style_tag(content=STILL)
    found = []

    def look(theme, width, options, within=None):
        found.extend((theme, width, *one) for one in page.evaluate(LOOK, [options, within]))
    for width in reversed(SIZES):
        page.set_viewport_size({"width": width, "height": 900})
        page.wait_for_timeout(400)                      # the theme looks a little later which boxes now scroll
        page.evaluate("theme => { document.documentElement.dataset.theme = theme }", THEMES[0])
        look(THEMES[0], width, {"rules": {rule: {"enabled": False} for rule in COLOURS}})
    for theme in THEMES:
        page.evaluate("theme => { document.documentElement.dataset.theme = theme }", theme)
        look(theme, SIZES[0], {"runOnly": COLOURS}, STYLES)
    return found

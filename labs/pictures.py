"""From a matplotlib figure to an element of a page: SVG that has what every reader needs.

A title, labels on every axis that is drawn and a text for readers who cannot see the figure are
required. What is drawn in black takes the page's own text colour, the background is left open,
ids belong to the figure, and one matplotlib gives the same figure the same bytes every time.
"""
import hashlib
import html
import io
import math
import re
import sys
import warnings

import matplotlib as mpl
import numpy as np
from matplotlib.legend import Legend

from labs import outputs

COLUMN = 720            # px: how wide a figure of six inches (432 points) stands on a page
LETTERS = 9             # px: no smaller, on a phone either, where a figure that needs more room than there is scrolls in its box
WIDEST = 560            # px: what a figure may need on a phone; beyond, one sees less than two thirds of it
TEXT = re.compile(r'<g[^>]*\btransform="translate\([^"]*\bscale\(([\d.]+) -')      # a drawn text: its size in points / 100


class Picture(outputs.Shown):
    """A finished figure: `.svg`, `.html`, `.alt`, `.data`; a notebook shows it by itself."""

    def __init__(self, svg, alt, data):
        self.svg, self.alt, self.data = svg, alt, data
        self.width = min(COLUMN, round(float(re.search(r'viewBox="\S+ \S+ (\S+)', svg)[1]) * COLUMN / 432))

    @property
    def html(self):
        return f'<figure class="labs-figure" style="margin:1em 0;max-width:{self.width}px">{self.svg}</figure>'

    @property
    def text(self):
        """The figure in words."""
        return self.alt


def picture(figure, alt):
    """Make a `Picture` of a matplotlib figure.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
    alt : str
        What the figure shows, in a sentence, for whoever cannot see it: at least 20 characters.

    Raises
    ------
    ValueError
        The alt text, a title or an axis label is missing, a character has no glyph, letters are too small for a page or run
        off the figure; says which.
    """
    title = _require(figure, alt)
    with warnings.catch_warnings(), mpl.rc_context({"svg.fonttype": "path", "svg.hashsalt": "labs"}):
        warnings.filterwarnings("error", message="Glyph .* missing")
        text = io.StringIO()
        try:
            figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
        except UserWarning as missing:
            raise ValueError(f"the figure holds a character that no font has ({missing}): for Chinese, call "
                             'plots.chinese_font(data.folder("wqy_microhei")) before drawing') from None
    _inside(figure)
    least = _least(text.getvalue())
    if "matplotlib.pyplot" in sys.modules:      # or the notebook would show it a second time
        sys.modules["matplotlib.pyplot"].close(figure)
    data = {"kind": "figure", "title": title, "alt": alt, "series": _series(figure)}
    return Picture(_for_the_page(text.getvalue(), alt, least), alt, data)


def _require(figure, alt):
    """Return the figure's title, or raise for what a reader would miss."""
    if not isinstance(alt, str) or len(alt.strip()) < 20:
        raise ValueError(f"alt text: expected a sentence of at least 20 characters that says what the figure shows, got {alt!r}")
    above = figure.get_suptitle()
    drawn = [axes for axes in figure.axes if axes.get_visible() and axes.axison]
    titles = [title for title in [above, *(axes.get_title() for axes in figure.axes)] if title.strip()]
    for i, axes in enumerate(drawn):
        where = f"axes {i + 1} of {len(drawn)}" + (f" ({axes.get_title()!r})" if axes.get_title() else "")
        bar = hasattr(axes, "_colorbar")
        if not (above or axes.get_title() or bar or len(titles) and _overlaid(axes, drawn)):
            raise ValueError(f"title missing on {where}: axes.set_title(...) or figure.suptitle(...)")
        found = {"x": _label(figure, axes, "x"), "y": _label(figure, axes, "y")}
        for way in "xy":
            if not found[way] and not (bar and any(found.values())):
                raise ValueError(f"{way} label missing on {where}: axes.set_{way}label('what, unit')")
    if not titles:
        raise ValueError("title missing: figure.suptitle(...)")
    for legend in figure.findobj(Legend):
        if legend.get_frame_on():
            raise ValueError("the legend has a white box, which hides it on a dark page: draw inside `with plots.style():`")
    return above or titles[0]


def _inside(figure):
    """Raise for a text, or a box around one, that the figure's edge cuts."""
    texts = [*figure.texts, *(text for legend in figure.findobj(Legend) for text in legend.get_texts())]
    for axes in figure.axes:
        if axes.get_visible():
            texts += [*axes.texts, axes.title, *((axes.xaxis.label, axes.yaxis.label) if axes.axison else ())]
    for text in texts:
        if text.get_visible() and text.get_text().strip() and not text.get_clip_on():
            boxes = [text.get_window_extent(), *([text.get_bbox_patch().get_window_extent()] if text.get_bbox_patch() else [])]
            over = max(max(-box.x0, -box.y0, box.x1 - figure.bbox.width, box.y1 - figure.bbox.height) for box in boxes)
            if over > 0:
                raise ValueError(f"{text.get_text()!r} runs {over * 72 / figure.dpi:.0f} points off the figure: give it more room, "
                                 "fewer words in a line, or another place (a diagram: width=, height=, boxes below one another)")


def _least(svg):
    """Px of width at which the smallest letters of a figure have 9 px; raises where that is more than a page has."""
    width = float(re.search(r'viewBox="\S+ \S+ (\S+) ', svg)[1])
    smallest = min((float(size) * 100 for size in TEXT.findall(svg)), default=10.0)
    if width * LETTERS / smallest > WIDEST:
        raise ValueError(f"letters of {smallest:g} points in a figure of {width / 72:g} inches are too small to read on a page: "
                         f"at least {width * LETTERS / WIDEST:.1f} points (fontsize=), or a narrower figure")
    return math.ceil(width * LETTERS / smallest)


def _overlaid(axes, drawn):
    return any(other is not axes and other.get_title() and other.get_position().bounds == axes.get_position().bounds for other in drawn)


def _label(figure, axes, way):
    """The label of an axis, its own or one that it shares; True where the axis is not drawn."""
    if not getattr(axes, f"{way}axis").get_visible():
        return True
    shared = getattr(axes, f"get_shared_{way}_axes")().get_siblings(axes)
    own = [getattr(each, f"get_{way}label")().strip() for each in shared]
    return any(own) or bool(getattr(figure, f"get_sup{way}label")().strip())


def _series(figure):
    """What the lines and bars say, in a few numbers each, for the status page."""
    found = []
    for axes in figure.axes:
        drawn = [(line.get_label(), np.asarray(line.get_ydata(), dtype=float)) for line in axes.lines]
        drawn += [(bars.get_label(), np.array([bar.get_height() for bar in bars])) for bars in axes.containers if hasattr(bars, "patches")]
        for label, y in drawn:
            if label and not str(label).startswith("_") and y.size:
                found.append({"label": str(label), "n": y.size, "first": y[0], "last": y[-1], "min": y.min(), "max": y.max()})
    return found


def _for_the_page(svg, alt, least):
    """Make matplotlib's SVG file an element of a page: black to the page's colour, ids of its own, no leftovers."""
    size = re.search(r'viewBox="([^"]+)"', svg).group(1)
    inside = svg[svg.index(">", svg.index("<svg")) + 1:svg.rindex("</svg>")]
    inside = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->|<style.*?</style>|<defs>\s*</defs>", "", inside, flags=re.S)
    inside = inside.replace("#000000", "currentColor")
    inside = re.sub(r'\bd="[^"]*"', lambda d: re.sub(r"(\.\d\d)\d+", r"\1", d.group()), inside)
    used = set(re.findall(r'(?:url\(#|href="#)([^)"]+)', inside))
    own = "f" + hashlib.sha256((alt + inside).encode()).hexdigest()[:8] + "-"
    inside = re.sub(r' id="([^"]*)"', lambda i: f' id="{own}{i.group(1)}"' if i.group(1) in used else "", inside)
    inside = re.sub(r'(url\(#|href="#)', lambda r: r.group() + own, inside)
    inside = re.sub(r"\s*\n\s*", "\n", inside).strip()
    # what matplotlib draws in black it leaves without a fill: it inherits this one
    return (f'<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="{size}" role="img" '
            f'aria-label="{html.escape(alt, quote=True)}" fill="currentColor" stroke-linejoin="round" stroke-linecap="butt" '
            f'style="--least:{least}px;width:100%;height:auto;background:var(--labs-figure-bg,transparent)">\n{inside}\n</svg>')

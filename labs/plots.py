"""Figures of the course: one style that reads on a light page and on a dark one.

Drawings that the chapters share, and `show` for a figure of a chapter's own. Each takes `alt`,
a sentence that says what the figure shows.
"""
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from labs.pictures import picture

#: Okabe and Ito's colours, darker where it takes that to stand out: at least 3:1 against white and against #14181e.
#: The first three belong to the frameworks and to nothing else; `OTHERS` are for everything else, in order.
COLORS = {"paddle": "#0072B2", "torch": "#D55E00", "fluid": "#009E73", "other": "#BF6A9A", "neutral": "#7F7F7F"}
OTHERS = ("#BF6A9A", "#A9791C", "#8A73C9", "#9A6B4F")
#: Two curves that coincide are both seen, and nobody depends on colour.
LINES = {"paddle": "-", "torch": (0, (4, 2.5)), "fluid": (0, (1, 1.5)), "other": "-."}
AGAIN = ((0, (6, 1.5, 1, 1.5)), (0, (3, 1, 1, 1, 1, 1)), (0, (8, 3)))     # a second, third ... curve of one framework
WIDTH = 6.0                         # inches: 432 points across a column of 720 px, so 9 points show as 15 px
STRONG = "#606A79"                  # boxes that a diagram fills: no framework's colour
DARK, LIGHT = "#010101", "#ffffff"  # numbers on a coloured cell: not black, which is the page's colour

_fallback_fonts = []                # what chinese_font has added, behind DejaVu Sans


def style():
    """Give the style as a context: `with plots.style(): figure, axes = plt.subplots()`."""
    return mpl.rc_context({
        "font.family": ["DejaVu Sans", *_fallback_fonts], "font.size": 9, "axes.titlesize": 10.5, "figure.titlesize": 10.5,
        "text.color": "black", "axes.labelcolor": "black", "axes.edgecolor": "black", "xtick.color": "black", "ytick.color": "black",
        "axes.prop_cycle": mpl.cycler(color=OTHERS),
        "axes.spines.top": False, "axes.spines.right": False, "axes.grid": True, "grid.color": COLORS["neutral"], "grid.alpha": 0.3,
        "grid.linewidth": 0.6, "axes.axisbelow": True, "lines.linewidth": 1.6, "legend.frameon": False,
        "figure.figsize": (WIDTH, 3.2), "figure.constrained_layout.use": True,
    })


def chinese_font(folder):
    """Let figures hold Chinese: `plots.chinese_font(data.folder("wqy_microhei"))`, before they are drawn.

    Parameters
    ----------
    folder : path
        Where `wqy-microhei.ttc` lies. Latin text keeps its font; only the missing glyphs come from this one.

    Raises
    ------
    FileNotFoundError
    """
    from matplotlib import font_manager
    file = Path(folder) / "wqy-microhei.ttc"
    if not file.is_file():
        raise FileNotFoundError(f'expected the font at {file}: pass what data.folder("wqy_microhei") returns')
    font_manager.fontManager.addfont(file)
    name = font_manager.FontProperties(fname=file).get_name()
    if name not in _fallback_fonts:
        _fallback_fonts.append(name)


def show(figure, alt):
    """Display a matplotlib figure as SVG in the page; what it must have stands at `labs.pictures.picture`."""
    from IPython.display import display
    display(picture(figure, alt))


def _framework(name):
    """The framework in a series' name, or None."""
    return next((key for key in ("paddle", "torch", "fluid") if key in name.lower()), None)


def _looks(names):
    """Colour and line of each series: a framework's own where the name has one, else one that no framework has.

    A second series of one framework keeps the colour and takes another line.
    """
    looks, seen, others = {}, {}, 0
    for name in names:
        who = _framework(name)
        if who:
            seen[who] = seen.get(who, 0) + 1
            looks[name] = COLORS[who], LINES[who] if seen[who] == 1 else AGAIN[(seen[who] - 2) % len(AGAIN)]
        else:
            looks[name] = OTHERS[others % len(OTHERS)], (LINES["other"], "-", (0, (3, 1.5)), (0, (1, 1)))[others % 4]
            others += 1
    return looks


def _axes(title, xlabel, ylabel, height=3.2, width=WIDTH):
    figure = Figure(figsize=(width, height))
    axes = figure.add_subplot()
    axes.set(title=title, xlabel=xlabel, ylabel=ylabel)
    return figure, axes


def curves(series, title, xlabel, ylabel, alt, band=None, band_label="weights moved by one ulp", log=False):
    """Draw curves, and behind them the band that some other curves span.

    Parameters
    ----------
    series : dict of str to (x, y) or y
        Name to values; a name with Paddle, Torch or Fluid in it has that framework's colour and line.
    title, xlabel, ylabel, alt : str
    band : array_like, shape (k, n), optional
        k curves over the first series' x; the band is their least and greatest value.
    band_label : str
    log : bool
        A logarithmic y axis.
    """
    pairs = {name: values if isinstance(values, tuple) else (np.arange(1, len(values) + 1), values) for name, values in series.items()}
    with style():
        figure, axes = _axes(title, xlabel, ylabel)
        if band is not None:
            x, band = np.asarray(next(iter(pairs.values()))[0]), np.asarray(band, dtype=float)
            if band.ndim != 2 or band.shape[1] != len(x):
                raise ValueError(f"band: expected curves of shape (k, {len(x)}), got {band.shape}")
            axes.fill_between(x, band.min(0), band.max(0), color=COLORS["neutral"], alpha=0.45, linewidth=1.0, label=band_label)
        looks = _looks(pairs)
        for name, (x, y) in pairs.items():
            if len(x) != len(y):
                raise ValueError(f"{name}: expected as many x as y, got {len(x)} and {len(y)}")
            axes.plot(x, y, label=name, color=looks[name][0], linestyle=looks[name][1])
        if log:
            axes.set_yscale("log")
        if len(pairs) > 1 or band is not None:
            axes.legend()
        show(figure, alt)


def bars(values, title, xlabel, ylabel, alt, intervals=None, target=None, target_label="published", write="{:.4g}"):
    """Draw one bar a name, with its number written below the name.

    Parameters
    ----------
    values : dict of str to float
    intervals : dict of str to (low, high), optional
    target : float, optional
        A line across, named `target_label`.
    write : str
        How the numbers are written.
    """
    with style():
        figure, axes = _axes(title, xlabel, ylabel)
        axes.grid(axis="x", visible=False)
        looks = _looks(values)
        for i, (name, value) in enumerate(values.items()):
            axes.bar(i, value, width=0.6, color=looks[name][0], label=name)
            low, high = (intervals or {}).get(name, (value, value))
            if name in (intervals or {}):
                axes.errorbar(i, value, [[value - low], [high - value]], color="black", capsize=4, linewidth=1.2)
        axes.set_xticks(range(len(values)), [f"{name}\n{write.format(value)}" for name, value in values.items()])
        axes.margins(y=0.15)
        if target is not None:
            axes.axhline(target, color="black", linestyle=":", linewidth=1.2, label=target_label)
            axes.annotate(f"{target_label} " + write.format(target), (1, target), (-2, 3), xycoords=("axes fraction", "data"),
                          textcoords="offset points", ha="right", va="bottom")
        show(figure, alt)


def images(array, title, alt, titles=None, columns=8, limits=None):
    """Draw a gallery.

    Parameters
    ----------
    array : array_like, shape (N, H, W) or (N, H, W, 3)
    titles : list of str, optional
        One above each image.
    limits : (float, float), optional
        What is black and what is white; default the least and greatest value of all.
    """
    array = np.asarray(array)
    if array.ndim not in (3, 4) or not len(array):
        raise ValueError(f"images: expected at least one, of shape (N, H, W) or (N, H, W, 3), got {array.shape}")
    if titles is not None and len(titles) != len(array):
        raise ValueError(f"images: expected {len(array)} titles, got {len(titles)}")
    columns = min(columns, len(array))
    rows = -(-len(array) // columns)
    low, high = (array.min(), array.max()) if limits is None else limits
    with style():
        side = WIDTH / max(columns, 4)
        figure = Figure(figsize=(WIDTH, 0.4 + rows * (side * array.shape[1] / array.shape[2] + (0.18 if titles else 0))))
        figure.suptitle(title)
        for i, axes in enumerate(figure.subplots(rows, columns, squeeze=False).flat):
            axes.set_axis_off()
            if i < len(array):
                axes.imshow(array[i], cmap="gray", vmin=low, vmax=high, interpolation="none")
                axes.set_title(titles[i] if titles else "", fontsize=8, pad=2)
        show(figure, alt)


def matrix(array, row_labels, column_labels, title, xlabel, ylabel, alt):
    """Draw a matrix of counts with its numbers, a confusion matrix say; a zero has no cell."""
    array = np.asarray(array)
    if array.shape != (len(row_labels), len(column_labels)):
        raise ValueError(f"matrix: expected shape {(len(row_labels), len(column_labels))} by the labels, got {array.shape}")
    with style():
        figure, axes = _axes(title, xlabel, ylabel, height=0.9 + 0.36 * len(array))
        axes.grid(visible=False)
        shade = mpl.colormaps["cividis"].reversed()
        for (row, column), value in np.ndenumerate(array):
            color = shade(0.75 * (value / max(array.max(), 1)) ** 0.4)          # small counts, the errors, stay visible
            if value:
                axes.fill([column - .5, column + .5, column + .5, column - .5], [row - .5, row - .5, row + .5, row + .5], color=color, linewidth=0)
            ink = max((DARK, LIGHT), key=lambda c: contrast(c, color)) if value else "black"
            axes.text(column, row, f"{value:g}", ha="center", va="center", color=ink, fontsize=8)
        axes.set(xlim=(-.5, len(column_labels) - .5), ylim=(len(row_labels) - .5, -.5))
        axes.set_xticks(range(len(column_labels)), column_labels)
        axes.set_yticks(range(len(row_labels)), row_labels)
        show(figure, alt)


def diagram(boxes, arrows, title, alt, strong=(), height=3.2, heads=True, width=WIDTH):
    """Draw boxes and what leads from one to another: the parts of a network, the bases of a class.

    Parameters
    ----------
    boxes : dict of str to (x, y) or (x, y, text)
        Where the middle of each box lies, in any unit, x to the right and y down; its text, if not its name.
    arrows : list of (str, str) or (str, str, float)
        From box to box; the number bends the arrow, as a share of its length.
    strong : collection of str
        Boxes that are filled.
    height, width : float
        Inches. What is at most 4.2 wide is seen whole on a phone: let a chain run down the page.
    heads : bool
        Arrows rather than lines.

    Raises
    ------
    ValueError
        An arrow begins or ends at no box.
    """
    lost = {name for arrow in arrows for name in arrow[:2]} - set(boxes)
    if lost:
        raise ValueError(f"arrows: no box named {', '.join(sorted(map(repr, lost)))}; there are {', '.join(boxes)}")
    with style():
        figure, axes = _axes(title, "", "", height, width)
        patch = {}
        for name, (x, y, *text) in boxes.items():
            ink, fill = (LIGHT, STRONG) if name in strong else ("black", "none")
            patch[name] = axes.text(x, y, text[0] if text else name, ha="center", va="center", fontsize=8, color=ink, zorder=2, bbox={
                "facecolor": fill, "edgecolor": fill if name in strong else "black", "boxstyle": "round,pad=0.4", "linewidth": 0.9}).get_bbox_patch()
        for first, last, *bend in arrows:
            axes.annotate("", boxes[last][:2], boxes[first][:2], zorder=1, arrowprops={
                "arrowstyle": "-|>" if heads else "-", "facecolor": "black", "linewidth": 0.9, "patchA": patch[first], "patchB": patch[last],
                "shrinkA": 1, "shrinkB": 1, "connectionstyle": f"arc3,rad={bend[0] if bend else 0}"})
        x, y = np.array([place[:2] for place in boxes.values()], dtype=float).T
        beside = 0.12 * (np.ptp(x) or 1)
        axes.set(xlim=(x.min() - beside, x.max() + beside), ylim=(y.max() + 0.6, y.min() - 0.6))
        axes.set_axis_off()
        figure.draw_without_rendering()         # arrows lie under the boxes, so the boxes must have their places first
        show(figure, alt)


def contrast(first, second):
    """Contrast of two colours as WCAG 2 defines it: 1 to 21."""
    def luminance(color):
        rgb = np.array(mpl.colors.to_rgb(color))
        return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]
    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return float((high + 0.05) / (low + 0.05))

"""Figures: readable on both themes and without eyes, the same bytes every time."""
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from labs import data, outputs, plots
from labs.pictures import picture

ALT = "A line that falls from one to nought in four steps."
LIGHT_PAGE, DARK_PAGE = "#ffffff", "#14181e"


@pytest.fixture
def shown(monkeypatch):
    """Collect what would be displayed."""
    found = []
    monkeypatch.setattr("IPython.display.display", found.append)
    return found


def drawn(title="Loss", xlabel="step", ylabel="nats"):
    with plots.style():
        figure = Figure()
        axes = figure.add_subplot()
        axes.plot([1, 2, 3], [3.0, 2.0, 1.0], label="Paddle")
        axes.set(title=title, xlabel=xlabel, ylabel=ylabel)
    return figure


@pytest.mark.parametrize("name", plots.COLORS)
@pytest.mark.parametrize("page", [LIGHT_PAGE, DARK_PAGE])
def test_colours_stand_out_on_both_pages(name, page):
    assert plots.contrast(plots.COLORS[name], page) >= 3


@pytest.mark.parametrize("color", plots.OTHERS)
@pytest.mark.parametrize("page", [LIGHT_PAGE, DARK_PAGE])
def test_colours_of_what_is_no_framework_stand_out_too(color, page):
    assert plots.contrast(color, page) >= 3


def test_frameworks_colours_belong_to_frameworks(shown):
    """A name without a framework never has one's colour, and a framework never has another's, in whatever order they come."""
    own = {plots.COLORS[who].lower() for who in ("paddle", "torch", "fluid")}
    plots.bars(dict.fromkeys(["MiniLM", "our BPE", "library", "packed", "SE-ResNeXt"], 1.0), "B", "x", "y", ALT)
    assert not [color for color in own if color in shown[0].svg.lower()]
    looks = plots._looks(["seed 0", "seed 1", "Paddle", "Paddle again", "PyTorch", "PyTorch again"])
    assert [looks[name][0] for name in ("Paddle", "Paddle again")] == [plots.COLORS["paddle"]] * 2
    assert [looks[name][0] for name in ("PyTorch", "PyTorch again")] == [plots.COLORS["torch"]] * 2
    assert len(set(looks.values())) == len(looks), "every series looks its own way"


def test_contrast_is_that_of_wcag():
    assert plots.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert plots.contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_series_differ_without_colour():
    kinds = [str(plots.LINES[name]) for name in ("paddle", "torch", "fluid")]
    assert len(set(kinds)) == 3


@pytest.mark.parametrize(("missing", "message"), [("title", "title missing"), ("xlabel", "x label missing"), ("ylabel", "y label missing")])
def test_a_figure_without_title_or_label_raises(missing, message):
    with pytest.raises(ValueError, match=message):
        picture(drawn(**{missing: ""}), ALT)


@pytest.mark.parametrize("alt", ["", "Loss", "a" * 19, "   short   padded       ", None])
def test_a_figure_without_alt_text_raises(alt):
    with pytest.raises(ValueError, match="at least 20 characters"):
        picture(drawn(), alt)


def test_the_axes_that_lack_something_are_named():
    with plots.style():
        figure = Figure()
        for axes, title in zip(figure.subplots(1, 2), "AB", strict=True):
            axes.set(title=title, xlabel="x", ylabel="y")
        axes.set_xlabel("")
    with pytest.raises(ValueError, match=r"x label missing on axes 2 of 2 \('B'\)"):
        picture(figure, ALT)


def test_shared_and_hidden_axes_need_no_label_twice():
    with plots.style():
        figure = Figure()
        figure.suptitle("Four panels")
        axes = figure.subplots(2, 2, sharex=True, sharey=True)
        axes[1, 0].set(xlabel="x", ylabel="y")
        axes[0, 1].set_axis_off()
    assert picture(figure, ALT).data["title"] == "Four panels"


def test_a_legend_in_a_white_box_raises():
    figure = Figure()
    axes = figure.add_subplot()
    axes.plot([1, 2], label="a")
    axes.set(title="t", xlabel="x", ylabel="y")
    axes.legend(frameon=True)
    with pytest.raises(ValueError, match="white box"):
        picture(figure, ALT)


def test_black_takes_the_pages_colour_and_the_background_stays_open():
    svg = picture(drawn(), ALT).svg
    assert "#000000" not in svg and "#ffffff" not in svg.lower()
    assert 'fill="currentColor"' in svg and "stroke: currentColor" in svg
    assert plots.OTHERS[0].lower() in svg.lower()


def test_svg_is_an_image_with_a_text_and_fits_its_column():
    made = picture(drawn(), 'Says "less" & <more> than it draws.')
    root = ElementTree.fromstring(made.svg)
    assert root.get("role") == "img" and root.get("aria-label") == made.alt
    assert root.get("viewBox") and root.get("width") is None and "width:100%" in root.get("style")
    assert made.html.startswith('<figure class="labs-figure"') and made.html.endswith("</figure>")
    assert not re.search(r"<style|<metadata|<!--|<\?xml", made.svg), "a <style> inside would act on the whole page"
    assert "<text" not in made.svg, "letters are paths, the same with every font"


def test_the_same_figure_gives_the_same_bytes_in_another_process():
    code = (f"import runpy, hashlib; here = runpy.run_path({__file__!r});"
            "print(hashlib.sha256(here['picture'](here['drawn'](), here['ALT']).svg.encode()).hexdigest())")
    root = Path(data.__file__).parents[2]
    runs = {subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root).stdout for _ in range(2)}
    assert len(runs) == 1 and len(runs.pop().strip()) == 64
    assert picture(drawn(), ALT).svg == picture(drawn(), ALT).svg


def test_ids_of_two_figures_never_meet_and_every_reference_has_its_target():
    first, second = picture(drawn(), ALT).svg, picture(drawn(title="Another"), ALT).svg
    ids = [re.findall(r'\bid="([^"]+)"', svg) for svg in (first, second)]
    assert ids[0] and not set(ids[0]) & set(ids[1])
    for svg, own in zip((first, second), ids, strict=True):
        assert len(own) == len(set(own))
        assert set(re.findall(r'(?:url\(#|href="#)([^)"]+)', svg)) == set(own)


def test_the_output_holds_alt_text_and_what_the_series_say():
    made = picture(drawn(), ALT)._repr_mimebundle_()
    assert made["text/plain"] == ALT
    assert made[outputs.MIME] == {"kind": "figure", "title": "Loss", "alt": ALT, "series": [
        {"label": "Paddle", "n": 3, "first": 3.0, "last": 1.0, "min": 1.0, "max": 3.0}]}


def test_a_pyplot_figure_is_closed_so_that_it_is_shown_once(shown):
    with plots.style():
        figure, axes = plt.subplots()
        axes.set(title="t", xlabel="x", ylabel="y")
    plots.show(figure, ALT)
    assert len(shown) == 1 and not plt.fignum_exists(figure.number)


def test_the_style_ends_with_its_block():
    before = plt.rcParams["axes.grid"]
    with plots.style():
        assert plt.rcParams["axes.grid"] is True
    assert plt.rcParams["axes.grid"] == before


def test_chinese_raises_until_its_font_is_there_and_then_has_glyphs(monkeypatch):
    monkeypatch.setattr(plots, "_fallback_fonts", [])
    with pytest.raises(ValueError, match=r"chinese_font\(data.folder"):
        picture(drawn(title="损失 loss"), ALT)
    plots.chinese_font(data.folder("wqy_microhei"))
    chinese = picture(drawn(title="损失 loss"), ALT)
    assert chinese.data["title"] == "损失 loss"
    latin = {i.split("-", 1)[1] for i in re.findall(r'\bid="([^"]+)"', picture(drawn(title="loss"), ALT).svg)}
    both = {i.split("-", 1)[1] for i in re.findall(r'\bid="([^"]+)"', chinese.svg)}
    assert {i for i in latin if i.startswith("DejaVu")} <= both, "Latin letters keep their font"
    assert len([i for i in both - latin if not i.startswith("DejaVu")]) >= 2, "two Chinese characters, two glyphs"


def test_a_folder_without_the_font_raises(tmp_path):
    with pytest.raises(FileNotFoundError, match="wqy-microhei.ttc"):
        plots.chinese_font(tmp_path)


def test_curves_have_their_frameworks_colours_and_a_band_behind(shown):
    steps = np.arange(5)
    plots.curves({"Paddle": (steps, steps * 1.0), "PyTorch": (steps, steps * 1.0)}, "Loss", "step", "nats", ALT,
                 band=[steps * 0.9, steps * 1.1])
    svg = shown[0].svg.lower()
    for who in ("paddle", "torch", "neutral"):
        assert plots.COLORS[who].lower() in svg
    assert svg.index(plots.COLORS["neutral"].lower()) < svg.index(plots.COLORS["paddle"].lower()), "the band lies behind"
    assert [s["label"] for s in shown[0].data["series"]] == ["Paddle", "PyTorch"]


def test_curves_count_from_one_where_no_x_is_given(shown):
    plots.curves({"Paddle": [3.0, 2.0]}, "Loss", "epoch", "nats", ALT, log=True)
    assert shown[0].data["series"][0]["n"] == 2


@pytest.mark.parametrize(("call", "message"), [
    (lambda: plots.curves({"Paddle": ([1, 2], [1.0])}, "t", "x", "y", ALT), "Paddle: expected as many x as y, got 2 and 1"),
    (lambda: plots.curves({"Paddle": [1.0, 2.0]}, "t", "x", "y", ALT, band=[[1.0]]), r"shape \(k, 2\), got \(1, 1\)"),
    (lambda: plots.images(np.zeros((28, 28)), "t", ALT), r"got \(28, 28\)"),
    (lambda: plots.images(np.zeros((2, 4, 4)), "t", ALT, titles=["one"]), "expected 2 titles, got 1"),
    (lambda: plots.matrix(np.zeros((2, 3)), "ab", "ab", "t", "x", "y", ALT), r"expected shape \(2, 2\)")])
def test_arguments_that_do_not_fit_raise(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_gallery_shows_every_image(shown):
    plots.images(np.random.default_rng(0).integers(0, 255, (5, 6, 6)), "Digits", ALT, titles=list("abcde"), columns=3)
    assert shown[0].svg.count("<image") == 5


def test_a_colour_gallery_is_one_too(shown):
    plots.images(np.zeros((2, 6, 6, 3), dtype="uint8"), "Fruit", ALT)
    assert shown[0].svg.count("<image") == 2


def test_numbers_of_a_matrix_can_be_read_on_their_cells(shown, monkeypatch):
    written = []
    from matplotlib.axes import Axes
    fill, text = Axes.fill, Axes.text
    monkeypatch.setattr(Axes, "fill", lambda self, *a, **k: (written.append(k["color"]), fill(self, *a, **k))[1])
    monkeypatch.setattr(Axes, "text", lambda self, *a, **k: (written.append(k["color"]), text(self, *a, **k))[1])
    plots.matrix(np.arange(100).reshape(10, 10), range(10), range(10), "Counts", "read as", "label", ALT)
    assert written[0] == "black", "a zero has no cell and the page's colour"
    cells = list(zip(written[1::2], written[2::2], strict=True))
    assert len(cells) == 99 and min(plots.contrast(cell, ink) for cell, ink in cells) >= 4.5


def test_bars_say_their_numbers_and_the_target(shown):
    plots.bars({"Paddle": 0.95, "PyTorch": 0.94}, "Accuracy", "side", "share right", ALT, intervals={"Paddle": (0.93, 0.96)}, target=0.99)
    assert [(s["label"], s["max"]) for s in shown[0].data["series"][-2:]] == [("Paddle", 0.95), ("PyTorch", 0.94)]


def test_a_diagram_shows_its_boxes_and_arrows(shown):
    plots.diagram({"x": (0, 0), "plus": (1, 0, "+"), "skip": (0.5, 1)}, [("x", "plus"), ("x", "skip", 0.2), ("skip", "plus")],
                  "A shortcut", "x reaches the sum on two ways, one of them through a box.", strong={"skip"})
    assert shown[0].data["title"] == "A shortcut"
    assert shown[0].svg.lower().count(plots.STRONG.lower()) >= 1
    assert "nan" not in shown[0].svg.lower().replace("nance", "")


def test_letters_too_small_for_a_page_are_refused():
    """A page is 720 px wide at most, a phone shows half of that: the message says which size would do."""
    figure = drawn()
    figure.set_size_inches(6, 3)
    figure.axes[0].text(1, 1, "tiny", fontsize=5.5)
    with pytest.raises(ValueError, match=r"letters of 5.5 points in a figure of 6 inches .* at least 6.9 points"):
        picture(figure, ALT)


@pytest.mark.parametrize("inches, points", [(6, 8), (3.6, 8), (6, 7)])
def test_a_figure_says_how_wide_it_must_be_to_be_read(inches, points):
    """So wide that its smallest letters have 9 px; a narrow figure does not grow to the column's width."""
    figure = drawn()
    figure.set_size_inches(inches, 3)
    figure.axes[0].text(1, 1, "small", fontsize=points)
    made = picture(figure, ALT)
    assert f"--least:{-int(-inches * 72 * 9 // points)}px" in made.svg and f"max-width:{120 * inches:.0f}px" in made.html


def test_text_off_the_figure_is_refused(shown):
    with pytest.raises(ValueError, match="'a very long name .*' runs .* points off the figure"):
        plots.diagram({"a": (0, 0, "a very long name " * 3), "b": (1, 0)}, [("a", "b")], "Cut", "Two boxes, of which the first is too wide.", width=3)


def test_a_diagram_without_heads_has_lines_only(shown):
    boxes, joined = {"a": (0, 0), "b": (1, 1)}, [("a", "b")]
    plots.diagram(boxes, joined, "With heads", "Two boxes, one below the other, and an arrow.")
    plots.diagram(boxes, joined, "Without", "Two boxes, one below the other, and a line.", heads=False)
    assert shown[0].svg.count("<path") > shown[1].svg.count("<path")


def test_a_diagram_names_the_box_that_is_missing():
    with pytest.raises(ValueError, match="no box named 'lost'; there are x, y"):
        plots.diagram({"x": (0, 0), "y": (1, 0)}, [("x", "lost")], "Lost", "An arrow that would end nowhere at all.")

"""Style sheets without what no page uses, and icons cut to those that are shown."""
import io
from pathlib import Path

import pydata_sphinx_theme
import pytest
from fontTools.ttLib import TTFont

from book.make import lean

FONT = Path(pydata_sphinx_theme.__file__).parent / "theme/pydata_sphinx_theme/static" / f"{lean.ICONS}.ttf"


@pytest.mark.parametrize("css, stays", [
    (".used{a:b}", ".used{a:b}"), (".gone{a:b}", ""), (".used,.gone{a:b}", ".used{a:b}"), (".used .gone{a:b}", ""), ("#used p{a:b}", "#used p{a:b}"),
    ("p:not(.gone){a:b}", "p:not(.gone){a:b}"), (":is(.gone,h1) p{a:b}", ":is(.gone,h1) p{a:b}"), ('a[href=".gone"]{a:b}', 'a[href=".gone"]{a:b}'),
    ("@media print{.gone{a:b}.used{c:d}}", "@media print{.used{c:d}}"), ("@media print{.gone{a:b}}", ""),
    ('.used::before{content:"}{.gone"}p{a:b}', '.used::before{content:"}{.gone"}p{a:b}'), ("@font-face{src:url(x)}", "@font-face{src:url(x)}"),
    ("@keyframes k{from{a:b}to{a:c}}", "@keyframes k{from{a:b}to{a:c}}")])
def test_what_no_page_names_goes(css, stays):
    assert lean.purged(css, {"used"}) == stays


def test_words_of_pages_and_scripts_count():
    words = lean.words_of(['<p class="one two" id="three">four</p>'], ["x.classList.add('five-six'); seven = 1"])
    assert {"one", "two", "three", "five-six"} <= words and not {"four", "seven"} & words


def test_icons_are_those_that_the_style_sheet_has():
    made = TTFont(io.BytesIO(lean.icons('.fa-list{--fa:"\\f03a"}.x::before{content:"\\f0c9"}', FONT)))
    assert set(made.getBestCmap()) == {0xf03a, 0xf0c9}


def test_an_import_is_taken_in(tmp_path):
    (tmp_path / "_static/styles").mkdir(parents=True)
    (tmp_path / "_static/basic.css").write_text("p{a:url(file.png)} /* c */", encoding="utf-8")
    (tmp_path / "_static/styles/theme.css").write_text('/* x */\n@import "../basic.css";', encoding="utf-8")
    assert lean.sheet((tmp_path / "_static/styles/theme.css").resolve(), tmp_path.resolve()).strip() == "p{a:url(file.png)}"

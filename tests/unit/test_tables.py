"""Tables: the same rows in HTML, in text and as data."""
import doctest
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from labs import outputs, tables
from labs.tables import Verdict, table

ROWS = [{"rung": "loss <L>", "error": 3.14e-16, "green": Verdict(True)},
        {"rung": "step", "error": 0.98214, "green": Verdict(False)},
        {"rung": "train", "error": None, "green": Verdict(None)}]


class Elements(HTMLParser):
    """All start tags with their attributes, and a check that every one is closed."""

    def __init__(self, text):
        super().__init__()
        self.found, self.open = [], []
        self.feed(text)
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, f"</{tag}> closes nothing"


def test_the_example_in_the_module_is_true():
    assert doctest.testmod(tables).attempted == 1 and doctest.testmod(tables).failed == 0


def test_html_can_be_read_by_a_screen_reader():
    found = Elements(table(ROWS, caption="Parity & <proof>").html).found
    assert [a["scope"] for tag, a in found if tag == "th"] == ["col"] * 3 + ["row"] * 3
    box = found[0][1]
    assert box["class"] == "labs-table-box" and box["tabindex"] == "0" and box["role"] == "group"
    assert box["aria-label"] == "Parity & <proof>"
    assert [tag for tag, _ in found].count("caption") == 1


def test_everything_is_escaped():
    html = table([{"<b>": "<script>", "x": Verdict(True, "<i>")}], caption="<u>").html
    for text in ("<script>", "<b>", "<i>", "<u>"):
        assert text not in html


def test_a_verdict_is_said_by_class_mark_and_word():
    html, text = table(ROWS).html, table(ROWS).text
    for css, mark, word in (("labs-pass", "✔", "yes"), ("labs-fail", "✘", "no")):
        assert f'class="{css}"' in html and f"{word}</td>" in html and f"{mark} {word}" in text
    assert 'class="labs-na"' in html and text.endswith("–")


def test_a_verdict_knows_three_values_and_takes_its_own_word():
    assert str(Verdict(np.bool_(False))) == "✘ no" and Verdict(np.bool_(False)).value is False
    assert str(Verdict(None, "not compared")) == "– not compared"
    assert bool(Verdict(True)) and not Verdict(None) and not Verdict(False)
    with pytest.raises(ValueError, match="True, False or None"):
        Verdict("yes")


def test_text_is_aligned_with_numbers_to_the_right_and_wide_characters_counted():
    text = table([{"name": "中文", "n": 5}, {"name": "abcdef", "n": 60000}], caption="Sizes").text
    assert text.splitlines() == ["Sizes", "name        n", "------  -----", "中文        5", "abcdef  60000"]


@pytest.mark.parametrize(("value", "shown"), [
    (0, "0"), (0.0, "0"), (60000, "60000"), (3.14e-16, "3.1e-16"), (0.98214, "0.9821"), (1.5, "1.5"), (1234.56, "1235"),
    (12345.6, "12346"), (9999.7, "10000"), (2.5e9, "2.5e+09"), (-0.25, "-0.25"), (float("nan"), "nan"), (np.float32(0.5), "0.5"),
    (np.int64(7), "7")])
def test_numbers_are_short(value, shown):
    assert tables.number(value) == shown


def test_a_column_has_a_format_of_its_own():
    rows = [{"a": 0.5, "b": 2.0, "c": 1, "d": None}]
    assert table(rows, formats={"a": ".1%", "b": "{:.2f} s", "c": lambda v: f"<{v}>", "d": ".1f"}).text.splitlines()[-1].split("  ") == ["50.0%", "2.00 s", "<1>", "–"]


def test_columns_choose_order_and_rename():
    shown = table(ROWS, columns={"error": "worst error", "rung": "rung"})
    assert shown.text.splitlines()[0] == "worst error  rung" and "green" not in shown.html


def test_a_data_frame_is_a_table():
    frame = pd.DataFrame({"side": ["Paddle", "PyTorch"], "n": [1, 2]})
    assert table(frame).text == table([{"side": "Paddle", "n": 1}, {"side": "PyTorch", "n": 2}]).text


def test_the_rows_are_left_as_data():
    made = table(ROWS, caption="Parity")._repr_mimebundle_()
    assert made["text/plain"] == repr(table(ROWS, caption="Parity"))
    assert made[outputs.MIME] == {"kind": "table", "caption": "Parity", "rows": [
        {"rung": "loss <L>", "error": 3.14e-16, "green": True}, {"rung": "step", "error": 0.98214, "green": False},
        {"rung": "train", "error": None, "green": None}]}


@pytest.mark.parametrize(("rows", "keywords", "message"), [
    ([], {}, "without columns"),
    ([{"a": 1}, {"b": 1}], {}, r"row 1 of the table: expected the columns \['a'\], got \['b'\]"),
    ([{"a": 1}, {"a": 1, "b": 1}], {}, "row 1 of the table"),
    ([{"a": 1}], {"columns": ["b"]}, "row 0 of the table"),
    ([{"a": 1}], {"formats": {"b": ".1f"}}, r"formats for \['b'\]")])
def test_rows_that_do_not_fit_raise(rows, keywords, message):
    with pytest.raises(ValueError, match=message):
        table(rows, **keywords)


def test_an_empty_table_with_named_columns_is_a_table():
    assert table([], columns=["a", "b"]).text == "a  b\n-  -"


def test_a_link_leads_somewhere_in_html_and_is_its_text_elsewhere():
    made = tables.table([{"page": tables.Link("A & b", 'x.html?a="1"'), "n": 1}])
    assert '<a href="x.html?a=&quot;1&quot;">A &amp; b</a>' in made.html
    assert "A & b" in made.text and made.data["rows"][0]["page"] == "A & b"


def test_a_long_name_may_break_and_a_list_shows_its_items():
    made = table([{"in": "model.layers.27.post_attention_layernorm.weight", "by": "ResNetForImageClassification", "short": "conv1.weight", "lines": "one\ntwo < 3"}]).html
    assert "model.<wbr>layers.<wbr>27.<wbr>post_<wbr>attention_<wbr>layernorm.<wbr>weight" in made and "For<wbr>Image" in made and "conv1.weight" in made
    assert made.count('<div style="padding-left:1em;text-indent:-1em">') == 2 and "two &lt; 3</div>" in made

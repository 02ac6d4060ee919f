"""Tables that read well in a browser, in a terminal and with a screen reader.

>>> table([{"rung": "loss", "error": 3.1e-16, "green": Verdict(True)}], caption="Parity")
Parity
rung    error  green
----  -------  -----
loss  3.1e-16  ✔ yes
"""
import html
import math
import numbers
import re
import unicodedata
from dataclasses import dataclass

from labs import outputs

LONG_VERDICT = 24           # letters; a shorter one stays in one line
CELL = "padding:.25em .75em;text-align:{}"      # for pages without our CSS, such as Colab's
MARKS = {True: ("✔", "yes", "labs-pass"), False: ("✘", "no", "labs-fail"), None: ("–", "", "labs-na")}


@dataclass(frozen=True)
class Verdict:
    """Passed (True), failed (False) or not applicable (None), said by mark, word and class.

    Parameters
    ----------
    value : bool or None
    word : str, optional
        Said in place of "yes" and "no", such as "caught" or "not compared".
    """

    value: bool | None
    word: str | None = None

    def __post_init__(self):
        if self.value not in (True, False, None):
            raise ValueError(f"a verdict is True, False or None, got {self.value!r}")
        object.__setattr__(self, "value", None if self.value is None else bool(self.value))

    @property
    def _parts(self):
        mark, word, css = MARKS[self.value]
        return mark, word if self.word is None else self.word, css

    def __str__(self):
        mark, word, _ = self._parts
        return f"{mark} {word}".strip()

    def __bool__(self):
        return self.value is True

    def html(self):
        """The inside of a cell; the mark is hidden from screen readers where a word says the same."""
        mark, word, _ = self._parts
        return f'<span aria-hidden="true">{mark}</span> {html.escape(word)}' if word else mark


@dataclass(frozen=True)
class Link:
    """Text that leads somewhere; in plain text, the text alone."""

    text: str
    href: str

    def __str__(self):
        return self.text

    def html(self):
        """The inside of a cell."""
        return f'<a href="{html.escape(self.href, quote=True)}">{html.escape(self.text)}</a>'


def number(value):
    """Write a number short: 3.1e-16, 0.9821, 1234, 60000; integers in full."""
    if isinstance(value, numbers.Integral):
        return str(int(value))
    value = float(value)
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    size = abs(value)
    if 1e-3 <= size < 9999.5:
        return f"{value:.4g}"
    return f"{value:.0f}" if 9999.5 <= size < 1e7 else f"{value:.1e}"


def _number_like(value):
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _text(value, how=None):
    if value is None:
        return "–"
    if callable(how):
        return str(how(value))
    if how is not None and _number_like(value):
        return how.format(value) if "{" in how else format(value, how)
    if isinstance(value, Verdict):
        return str(value)
    if isinstance(value, bool) or type(value).__name__ in ("bool", "bool_"):         # NumPy's, without importing it
        return "yes" if value else "no"
    return number(value) if _number_like(value) else str(value)


LONG_NAME = re.compile(r"[A-Za-z_/.][\w./]{13,}")
LINE = '<div style="padding-left:1em;text-indent:-1em">{}</div>'        # one sees where an item begins that takes two lines


def _cell(text):
    """The inside of a cell: everything escaped, long names may break after a dot, an underscore, a slash or a word, a list is a list of lines."""
    def breakable(name):
        return re.sub(r"(?<=[._/])(?=\w)|(?<=[a-z])(?=[A-Z])", "<wbr>", name[0])
    lines = [LONG_NAME.sub(breakable, html.escape(line)) for line in text.split("\n")]
    return lines[0] if len(lines) == 1 else "".join(map(LINE.format, lines))


def _width(text):
    """Columns that a terminal needs: Chinese characters take two."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


class Table(outputs.Shown):
    """What `table` returns: `.text`, `.html` and `.rows`; a notebook shows it by itself."""

    def __init__(self, rows, headings, caption, formats):
        self.rows, self.headings, self.caption, self.formats = rows, headings, caption, formats
        self._numeric = {name: bool(rows) and all(_number_like(r[name]) or r[name] is None for r in rows) for name in headings}

    def _shown(self, row):
        return {name: _text(row[name], self.formats.get(name)) for name in self.headings}

    @property
    def text(self):
        """The table in plain text, columns aligned, numbers to the right."""
        lines = [dict(self.headings), *map(self._shown, self.rows)]
        widths = {name: max(_width(line[name]) for line in lines) for name in self.headings}
        lines.insert(1, {name: "-" * widths[name] for name in self.headings})

        def cell(name, text):
            gap = " " * (widths[name] - _width(text))
            return gap + text if self._numeric[name] else text + gap

        body = ["  ".join(cell(name, line[name]) for name in self.headings).rstrip() for line in lines]
        return "\n".join([self.caption, *body] if self.caption else body)

    @property
    def html(self):
        """The table as HTML: caption, `th` with scope, everything escaped, in a box that scrolls by itself."""
        align = {name: CELL.format("right" if self._numeric[name] else "left") for name in self.headings}
        longest = {name: max((len(_text(row[name])) for row in self.rows), default=0) for name in self.headings}
        least = {name: ";min-width:9em" if longest[name] > 24 and not self._numeric[name] else "" for name in self.headings}
        head = "".join(f'<th scope="col" style="{align[n]}{least[n]}">{html.escape(str(h))}</th>' for n, h in self.headings.items())
        body = "".join(f"<tr>{self._html_row(row, align)}</tr>" for row in self.rows)
        caption = label = ""
        if self.caption:
            caption = f'<caption style="text-align:left;font-weight:bold;padding:.25em 0">{html.escape(self.caption)}</caption>'
            label = html.escape(self.caption, quote=True)
        return (f'<div class="labs-table-box" tabindex="0" role="group" aria-label="{label or "Table"}" style="overflow-x:auto">'
                f'<table class="labs-table" style="border-collapse:collapse">{caption}'
                f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>")

    def _html_row(self, row, align):
        cells = []
        for i, (name, shown) in enumerate(self._shown(row).items()):
            value, css = row[name], ""
            inside = value.html() if isinstance(value, (Verdict, Link)) else _cell(shown)
            if isinstance(value, Verdict) or value is None:
                css = f' class="{MARKS[getattr(value, "value", None)][2]}"'
            wrap = ";white-space:normal" if isinstance(value, Verdict) and len(shown) > LONG_VERDICT else ""
            if i == 0:
                cells.append(f'<th scope="row"{css} style="{align[name]};font-weight:normal">{inside}</th>')
            else:
                cells.append(f'<td{css} style="{align[name]}{wrap}">{inside}</td>')
        return "".join(cells)

    @property
    def data(self):
        """The rows as JSON: verdicts as true, false and null; anything without a JSON form as its text."""
        def plain(value):
            return value.value if isinstance(value, Verdict) else value if _number_like(value) or value is None else _text(value)
        return {"kind": "table", "caption": self.caption,
                "rows": [{name: plain(row[name]) for name in self.headings} for row in self.rows]}


def table(rows, caption=None, columns=None, formats=None):
    """Make a table of the course.

    Parameters
    ----------
    rows : list of dict, or pandas.DataFrame
        One dict a row, keys are columns. Values: text, numbers, `Verdict`, `Link`, or None ("–").
    caption : str, optional
        What the table shows; screen readers say it first.
    columns : list of str, or dict of str to str, optional
        Which columns, in this order; as a dict, key to heading. Default: all of the first row.
    formats : dict of str to (str or callable), optional
        A column's own number format: ".1%" or "{:.2f} s", or a function of the value.

    Returns
    -------
    Table

    Raises
    ------
    ValueError
        No columns, a row that lacks one, or a row with one that the others do not have.
    """
    rows = rows.to_dict("records") if hasattr(rows, "to_dict") else [dict(row) for row in rows]
    if columns is None:
        headings = {name: str(name) for name in (rows[0] if rows else ())}
    else:
        headings = {k: str(v) for k, v in columns.items()} if isinstance(columns, dict) else {name: str(name) for name in columns}
    if not headings:
        raise ValueError("a table without columns: give rows, or name the columns of an empty table with columns=[...]")
    for i, row in enumerate(rows):
        missing = [name for name in headings if name not in row]
        extra = [name for name in row if name not in headings] if columns is None else []
        if missing or extra:
            raise ValueError(f"row {i} of the table: expected the columns {list(headings)}, got {list(row)}")
    unknown = [name for name in formats or {} if name not in headings]
    if unknown:
        raise ValueError(f"formats for {unknown}, but the columns are {list(headings)}")
    return Table(rows, headings, caption, dict(formats or {}))

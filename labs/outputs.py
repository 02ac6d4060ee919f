"""What a cell leaves behind: text to read, HTML to look at, and data for the status page.

A result of the course is never only drawn. Beside its table or figure, the output of the
cell holds the same numbers as JSON under one MIME type, and the pages that sum the book up
(status, targets) read them there. One direction: nothing in `labs` reads them back.
"""
import math

MIME = "application/vnd.parity+json"


class Shown:
    """What shows itself: a class that derives from it says `text`, and where it has them `html` and `data`.

    Attributes
    ----------
    text : str
        What a terminal, a screen reader or a plain log shows; also `str()` and `repr()` of the object.
    html : str or None
        The same for a page.
    data : dict or None
        The same for the status page; see `bundle`.
    """

    html = None
    data = None

    def __repr__(self):
        return self.text

    def __str__(self):
        return self.text

    def _repr_mimebundle_(self, include=None, exclude=None):
        return bundle(self.text, self.html, self.data)


class ShownAsTable(Shown):
    """What shows itself as its `table`, a `labs.tables.Table`."""

    @property
    def text(self) -> str:
        """The table in plain text."""
        return self.table.text

    @property
    def html(self) -> str:
        """The table for a page."""
        return self.table.html


def bundle(text, html=None, data=None):
    """Make the MIME bundle that an object's `_repr_mimebundle_` returns.

    Parameters
    ----------
    text : str
        What a terminal, a screen reader or a plain log shows. Never empty.
    html : str, optional
        The same for a browser.
    data : dict, optional
        The same for a program: `{"kind": "ladder" | "timing" | "figure" | ..., ...}`.
        NumPy numbers and arrays become JSON numbers and lists, and the three floats that
        JSON cannot hold become the strings "nan", "inf" and "-inf".

    Returns
    -------
    dict of str to str or dict

    Raises
    ------
    ValueError
        The text is empty, or `data` has no kind.
    TypeError
        `data` holds something that JSON cannot.
    """
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"expected the output as text, got {text!r}: every result can be read without a browser")
    made = {"text/plain": text}
    if html is not None:
        made["text/html"] = html
    if data is not None:
        if not isinstance(data, dict) or not isinstance(data.get("kind"), str):
            raise ValueError(f'expected data as a dict with a "kind", such as {{"kind": "timing", ...}}, got {data!r}')
        made[MIME] = as_json(data)
    return made


def as_json(value, where="data"):
    """Return `value` in JSON's own types; what has none raises a TypeError that names the place."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else str(float(value))
    if isinstance(value, dict):
        wrong = [key for key in value if not isinstance(key, str)]
        if wrong:
            raise TypeError(f"{where}: expected text as keys, got {wrong[0]!r}")
        return {key: as_json(each, f"{where}[{key!r}]") for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [as_json(each, f"{where}[{i}]") for i, each in enumerate(value)]
    if type(value).__module__.split(".")[0] == "numpy" and hasattr(value, "tolist"):
        plain = value.tolist()
        if type(plain) is not type(value):              # an exotic scalar's tolist() returns itself
            return as_json(plain, where)
    raise TypeError(f"{where}: JSON has no form for {type(value).__name__}: pass numbers, text, lists or dicts")

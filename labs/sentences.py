"""What a sentence of the page may be made of, and how it is set: for claims and predictions alike."""
import html
import re

import numpy as np

INLINE = re.compile(r"`(?P<code>[^`]+)`|\*(?P<em>[^*\s][^*]*)\*|\[(?P<text>[^\]]+)\]\((?P<href>[^)\s]+)\)")
COLUMNS = 100      # of a terminal, where sentences are filled
ENDS = (".", "!", "?", ":", "。", "？", "！")


def finite(value):
    """A single real number that is neither nan nor infinite (no truth value, no array)."""
    return (isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
            and bool(np.isfinite(value)))


def truth(value, what):
    """True or False as Python's own; refuses everything else, above all what Python would call true."""
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    hint = ""
    if hasattr(value, "shape"):
        hint = "; say which: (a == b).all(), not a == b"
    elif value is None:
        hint = "; a comparison gives one, None is the value of a call that returned nothing"
    raise TypeError(f"{what!r}: expected True or False, got {type(value).__name__} {value!r}{hint}")


def sentence(words):
    """A sentence on one line; refuses what is none."""
    if not isinstance(words, str):
        raise ValueError(f"expected a sentence, got {type(words).__name__} {words!r}")
    words = " ".join(words.split())
    if not words.endswith(ENDS):
        raise ValueError(f"expected a sentence with its full stop, got {words!r}")
    bad = re.search(r"(?<![\w-])[+-]?(nan|inf)\b", re.sub(r"`[^`]*`", "", words))
    if bad:
        raise ValueError(f"{words!r}: {bad[0]} is no number to print; find where it comes from")
    if re.search(r"\$[^$]+\$", words):
        raise ValueError(f"{words!r}: formulas are set in Markdown cells only; here write `code`")
    return words


def markup(words):
    """A sentence as HTML: `code`, *emphasis* and [links](address); all else as it stands."""
    made, at = [], 0
    for found in INLINE.finditer(words):
        made.append(html.escape(words[at:found.start()], quote=False))
        if found["code"]:
            made.append(f"<code>{html.escape(found['code'], quote=False)}</code>")
        elif found["em"]:
            made.append(f"<em>{html.escape(found['em'], quote=False)}</em>")
        else:
            made.append(f'<a href="{html.escape(found["href"])}">{markup(found["text"])}</a>')
        at = found.end()
    return "".join([*made, html.escape(words[at:], quote=False)])


def show(shown):
    """Display at once, so that several stand in one cell and none is forgotten."""
    from IPython.display import display
    display(shown)

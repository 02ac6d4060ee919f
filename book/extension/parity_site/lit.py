"""What differs lights up: two texts of code, line beside line, with the tokens marked that are not the same.

The lines are aligned as whole lines first (Needleman and Wunsch, 1970), so that what corresponds stands at one
height; then the tokens of two lines that correspond are compared. A line without a counterpart faces a gap, which
holds no text: what a reader copies is the code alone.
"""
import difflib
import html
import re
from dataclasses import dataclass, field

from pygments import lex
from pygments.lexers import PythonLexer
from pygments.token import STANDARD_TYPES, Comment, Number, Punctuation, String

#: One thing under two names, which nobody needs to see lit: names of a package, applied to the comparison alone.
SAME = {"paddle": "torch"}
GAP = -0.30                     # what a line without a counterpart costs; two lines score from -0.85 to 1.15
BREAK = '<i class="gap"></i>'   # the style sheet makes an empty line of it, beside the other side and nowhere else


@dataclass
class Lit:
    """One pair, side by side.

    Attributes
    ----------
    first, second : str
        The HTML of the two texts, for inside `<pre>`.
    lines : int
        Of the longer side, gaps included.
    differ : tuple of list of int
        Line numbers of each side, from 1, on which something is marked.
    marked : int
        Rows, of `lines`, in which either side is marked.
    """

    first: str
    second: str
    lines: int
    differ: tuple = field(default_factory=lambda: ([], []))
    marked: int = 0


def lines_of(code):
    """The tokens of each line; texts and comments are cut into words, so that they are compared word by word."""
    lines, line = [], []
    for kind, text in lex(code.rstrip("\n"), PythonLexer(stripnl=False, ensurenl=False)):
        whole = kind in Number or not (kind in Comment or kind in String or "." in text or "@" in text)
        for at, part in enumerate(text.split("\n")):
            if at:
                lines.append(line)
                line = []
            line += [(kind, word) for word in ([part] if whole else re.findall(r"\w+|\s+|[^\w\s]", part)) if word]
    return [*lines, line]


def key(line):
    """What of a line is compared: not its spaces."""
    return [SAME.get(word, word) for _, word in line if not word.isspace()]


def likeness(first, second):
    """How well two lines correspond."""
    if not first or not second:
        return 0.5 if first == second else -1.0
    matcher = difflib.SequenceMatcher(None, first, second, autojunk=False)
    return 2 * matcher.ratio() - 0.85 if matcher.real_quick_ratio() > 0.3 else -1.0


def align(first, second):
    """Which lines correspond: pairs of indices, with None where there is no counterpart.

    Parameters
    ----------
    first, second : list of list of str
        The keys of the lines.
    """
    known, n, m = {}, len(first), len(second)
    score = [[j * GAP if i == 0 else i * GAP if j == 0 else 0.0 for j in range(m + 1)] for i in range(n + 1)]
    way = [[2 if i == 0 else 1 for j in range(m + 1)] for i in range(n + 1)]
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            pair = (tuple(first[i - 1]), tuple(second[j - 1]))
            if pair not in known:
                known[pair] = likeness(*pair)
            score[i][j], way[i][j] = max((score[i - 1][j - 1] + known[pair], 0), (score[i - 1][j] + GAP, 1), (score[i][j - 1] + GAP, 2))
    pairs, i, j = [], n, m
    while i or j:
        step = way[i][j]
        i, j = i - (step != 2), j - (step != 1)
        pairs.append((None if step == 2 else i, None if step == 1 else j))
    return pairs[::-1]


def differing(first, second):
    """Indices of the tokens that two lines do not share; a change of punctuation alone is none."""
    at = [[i for i, (_, word) in enumerate(line) if not word.isspace()] for line in (first, second)]
    matcher = difflib.SequenceMatcher(None, key(first), key(second), autojunk=False)
    marked = set(), set()
    for what, a, b, c, d in matcher.get_opcodes():
        if what == "equal":
            continue
        for side, line, indices in ((0, first, at[0][a:b]), (1, second, at[1][c:d])):
            if any(line[i][0] not in Punctuation for i in indices):
                marked[side].update(indices)
    return marked


def css_class(kind):
    """The class that Pygments gives to a kind of token."""
    while kind not in STANDARD_TYPES:
        kind = kind.parent
    return STANDARD_TYPES[kind]


def paint(line, marked):
    """A line as HTML; neighbours that are marked share one mark, neighbours of one kind one span."""
    runs = []                   # [lit, [[class, text], ...]]
    for i, (kind, word) in enumerate(line):
        lit = i in marked or (word.isspace() and i - 1 in marked and i + 1 in marked)
        if not runs or runs[-1][0] != lit:
            runs.append((lit, []))
        name = "" if word.isspace() else css_class(kind)
        if runs[-1][1] and runs[-1][1][-1][0] == name:
            runs[-1][1][-1][1] += word
        else:
            runs[-1][1].append([name, word])
    made = ""
    for lit, pieces in runs:
        inside = "".join(f'<span class="{name}">{html.escape(text, quote=False)}</span>' if name else html.escape(text, quote=False)
                         for name, text in pieces)
        made += f"<mark>{inside}</mark>" if lit else inside
    return made


def lone(line):
    """The tokens of a line that has no counterpart: all but the indentation."""
    return {i for i, (_, word) in enumerate(line) if not word.isspace()}


def compare(first, second):
    """Light up what differs between two texts of code.

    Parameters
    ----------
    first, second : str

    Returns
    -------
    Lit
    """
    texts = [lines_of(first), lines_of(second)]
    pairs = align(*([key(line) for line in text] for text in texts))
    sides, differ, marked = ([], []), ([], []), 0
    for pair in pairs:
        if None in pair:
            marks = [set() if i is None else lone(text[i]) for text, i in zip(texts, pair)]
        else:
            marks = differing(texts[0][pair[0]], texts[1][pair[1]])
        marked += any(marks)
        for side, (text, i) in enumerate(zip(texts, pair)):
            sides[side].append(BREAK if i is None else paint(text[i], marks[side]) + "\n")
            if i is not None and marks[side]:
                differ[side].append(i + 1)
    return Lit("".join(sides[0]), "".join(sides[1]), len(pairs), differ, marked)

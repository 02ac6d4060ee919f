"""What every check of an exercise must withstand: right answers of any style, near-misses, and whatever else a cell may hold."""

import itertools
import re
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
DRAWS = 200


class Hostile:
    """An object whose own methods fail."""

    def __repr__(self):
        raise RuntimeError("no text")


def raises(*arguments):
    return 1 / 0


def leaves(*arguments):
    raise SystemExit


def junk():
    """Values that answer no exercise."""
    import paddle
    import torch

    return [
        float("nan"),
        float("inf"),
        -float("inf"),
        0,
        -1,
        "text",
        "",
        "<b>3</b>",
        b"3",
        [],
        [1.0, 2.0, 3.0],
        (),
        (1, 2),
        (1, 2, 3),
        {},
        {1},
        {"a": 1},
        object(),
        True,
        False,
        1j,
        10**400,
        Decimal("NaN"),
        Decimal("Infinity"),
        np.float64("nan"),
        np.zeros(0),
        np.ones((2, 2)),
        np.array("x"),
        np.array([1, None]),
        np.array([1j]),
        [[1], [2, 3]],
        torch.ones(2),
        torch.tensor(float("nan")),
        paddle.ones([2]),
        paddle.to_tensor([True]),
        int,
        itertools.count(),
        itertools.count,
        raises,
        leaves,
        (n for n in ()),
        slice(3),
        type,
        NotImplemented,
        ...,
        Hostile(),
        np,
        lambda: 1,
        lambda *_: None,
        lambda *_: itertools.count(),
        lambda *_: "text",
        lambda *_: [],
        lambda *_: (1, 2),
        lambda *_: float("nan"),
        lambda *_: {},
        lambda *_: np.array(3j),
        lambda *_: Hostile(),
    ]


def refused(answer, says=None):
    """Not right, with a reason, shown without a raw `<`; `says` stands in the reason."""
    assert answer.right is False, answer.text
    shown = answer._repr_mimebundle_()
    bare = re.sub(
        r'^<p class="labs-fail"><span aria-hidden="true">✘</span>|</p>$', "", shown["text/html"]
    )
    assert "<" not in bare and ">" not in bare, shown["text/html"]
    assert answer.says, "a reason"
    if says is not None:
        assert says in answer.says, answer.says


def withstands_junk(check, *lent, spare=()):
    """None of the values is accepted, none raises; values in `spare` happen to be right."""
    assert check(None, *lent).right is None
    for value in junk():
        if not any(type(value) is type(each) and value == each for each in spare):
            refused(check(value, *lent))


def of_other_kinds(value):
    """The same number as other types hold it."""
    import paddle
    import torch

    kinds = [
        float(value),
        np.float32(value),
        np.float64(value),
        np.array(value),
        np.array([value]),
        torch.tensor(value),
        paddle.to_tensor(value),
        Fraction(value),
        Decimal(value),
    ]
    return kinds + ([int(value), np.int64(value)] if float(value).is_integer() else [])


def number(check, right, misses, *lent, ratios=(0, 0.5, 2, -1, 1.1)):
    """The right number passes in every kind; each near-miss hears its own hint; nothing else passes."""
    for kind in of_other_kinds(right):
        assert check(kind, *lent).right is True, (type(kind), check(kind, *lent).text)
    assert len(misses) >= 2, "two near-misses at least"
    for wrong, says in misses.items():
        for kind in of_other_kinds(wrong):
            refused(check(kind, *lent), says)
    for ratio in ratios:
        refused(check(ratio * right, *lent))
    refused(check(str(right), *lent), "leave out the quotes")
    withstands_junk(check, *lent)


def over(change):
    """Distort what a function returns: an array, a number, or a tuple of them."""

    def distort(function):
        def wrong(*arguments):
            made = function(*arguments)
            return (
                tuple(change(np.array(each)) for each in made)
                if isinstance(made, tuple)
                else change(np.array(made))
            )

        return wrong

    return distort


DISTORTIONS = {
    "zeros": over(np.zeros_like),
    "half": over(lambda a: a / 2),
    "double": over(lambda a: 2 * a),
    "negated": over(lambda a: -a),
    "transposed": over(lambda a: a.T + (0 if a.ndim > 1 else 1)),
    "constant": over(lambda a: np.full_like(a, 3)),
    "NaN": over(lambda a: np.full(a.shape, np.nan)),
    "one NaN": over(lambda a: np.where(np.arange(a.size).reshape(a.shape) == 0, np.nan, a)),
    "infinite": over(lambda a: np.full(a.shape, np.inf)),
    "complex": over(lambda a: a + 0j),
    "text": over(lambda a: a.astype(str)),
    "another shape": over(lambda a: np.stack([a, a])),
    "flat and cut": over(lambda a: a.ravel()[:-1] if a.size > 1 else np.stack([a, a])),
    "a little off": over(lambda a: a * (1 + 1e-3) + 1e-3),
}


def function(check, styles, misses, *lent, draws=DRAWS, distort=True):
    """Right functions of every style pass; each near-miss is refused in each draw, with its own hint."""
    for style in styles:
        for _ in range(-(-draws // 4)):
            answer = check(style, *lent)
            assert answer.right is True, (style, answer.text)
    assert len(misses) >= 2, "two near-misses at least"
    for says, miss in misses.items():
        for _ in range(draws):
            refused(check(miss, *lent), says)
    for made in (distortion(styles[0]) for distortion in DISTORTIONS.values() if distort):
        for _ in range(5):
            refused(check(made, *lent))
    refused(check(raises, *lent), "ZeroDivisionError: division by zero (line ")
    withstands_junk(check, *lent)


def exercises_of(chapter):
    """By number: the prose and the cell of each exercise of a chapter's text."""
    text = (ROOT / "chapters" / chapter).read_text("utf-8").replace("\n## Exercise\n", "\n## Exercises\n")
    text = text.partition("\n## Exercises\n")[2].partition("\n## ")[0]
    starts = [*re.finditer(r"^\*\*(\d+[a-z]?\.\d+)\*\* ", text, re.M)]
    found = {}
    for start, end in itertools.zip_longest(starts, starts[1:]):
        body = text[start.start() : end.start() if end else len(text)]
        cells = [
            cell
            for cell in re.findall(r"^```\{code-cell\}\n(.*?)^```$", body, re.M | re.S)
            if ":tags: [exercise]" in cell
        ]
        assert start[1] not in found, f"{chapter}: {start[1]} stands twice"
        found[start[1]] = body, [cell.replace(":tags: [exercise]\n", "") for cell in cells]
    return found


def run_cell(chapter, which, lent=None, **answers):
    """Run an exercise's cell as it stands, or with answers in place of None; return what the check says."""
    (_, cells), space = exercises_of(chapter)[which], dict(lent or {})
    assert len(cells) == 1, f"{which}: expected one cell, got {len(cells)}"
    first = next(iter(exercises_of(chapter).values()))[1][0]
    exec("\n".join(line for line in first.splitlines() if line.startswith("from ")), space)
    *body, call = cells[0].rstrip().splitlines()
    exec("\n".join(body), space)
    missing = [name for name in answers if space.get(name, ...) is not None]
    assert not missing, f"{which}: the cell has no {missing[0]} = None"
    return eval(call, space | answers)

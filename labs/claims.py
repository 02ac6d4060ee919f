"""Sentences that the page checks; they read as prose of the page.

>>> claim(f"LeNet-5 is right on {0.957:.1%} of the images, a guess on {0.1:.0%}.", 0.957 > 0.1)
LeNet-5 is right on 95.7% of the images, a guess on 10%. ✔

A claim that is false stops a quick or full run, so that a sentence cannot outlive its number.
"""
import textwrap
from dataclasses import dataclass

from labs import outputs, run
from labs.sentences import COLUMNS, finite, markup, sentence, show, truth

MARKS = {True: ("✔", "labs-pass", "checked, holds"), False: ("✘", "labs-fail", "checked, does not hold"),
         None: ("–", "labs-na", "not checked here")}
GLUE = "\u00a0"       # no line is broken between a sentence and its mark
RUNS = {"quick": "in a quick run", "full": "in a full run"}


class ClaimError(AssertionError):
    """A sentence of the page is not true of what was just computed."""


@dataclass(frozen=True)
class Claim:
    """One sentence and whether it holds; for several in one paragraph, see `paragraph`.

    Parameters
    ----------
    sentence : str
        Made from the variables that it speaks of. `code`, *emphasis* and [links](address) are set
        as in Markdown. Digits that are typed into it are held to the rule of digits in prose.
    holds : bool
        What makes the sentence true, computed from the same variables.
    only : "full", "quick" or (str, bool), optional
        Where the claim is made at all: in one kind of run, or ("on processors with AVX-512", flag).
        Elsewhere the page says that it was not checked here.
    always : bool
        Stop smoke runs too: for what does not depend on the amount of data, such as an equality.

    Raises
    ------
    ValueError
        The sentence is none: not text, without an end, or with a nan or inf in it.
    TypeError
        `holds` is not True or False.
    """

    sentence: str
    holds: bool
    only: str | tuple | None = None
    always: bool = False

    def __post_init__(self):
        object.__setattr__(self, "sentence", sentence(self.sentence))
        object.__setattr__(self, "holds", truth(self.holds, self.sentence))
        object.__setattr__(self, "only", condition(self.only))

    @property
    def value(self):
        """True, False, or None where the claim is not made."""
        return self.holds if self.only is None or self.only[1] else None

    @property
    def words(self):
        """The sentence; where it is not claimed, with the place where it is."""
        return self.sentence if self.value is not None else f"Only {self.only[0]}: {self.sentence}"

    @property
    def said(self):
        """What a screen reader says in place of the mark."""
        smoke = " in this smoke run, which proves nothing" if self.value is False and run.mode() == "smoke" else ""
        return MARKS[self.value][2] + smoke

    @property
    def stops(self):
        """Does it stop this run?"""
        return self.value is False and (self.always or run.mode() != "smoke")

    @property
    def text(self):
        """For a terminal: the mark alone where the claim holds, else with its words."""
        mark = MARKS[self.value][0]
        return f"{self.words}{GLUE}{mark}" if self.value else f"{self.words}{GLUE}{mark} ({self.said})"

    @property
    def html(self):
        """Sentence and mark, without a paragraph around them."""
        mark, css, _ = MARKS[self.value]
        words = "" if self.value else f' <span class="{css}">({self.said})</span>'
        hidden = 'aria-hidden="true"' if words else f'role="img" aria-label="{self.said}" title="{self.said} by this page"'
        return f'{markup(self.words)}{GLUE}<span class="{css}" {hidden}>{mark}</span>{words}'

    @property
    def data(self):
        """What the status page reads."""
        return {"sentence": self.sentence, "holds": self.holds, "only": self.only and self.only[0],
                "checked": self.value is not None, "run": run.mode()}


@dataclass(frozen=True, repr=False)
class Paragraph(outputs.Shown):
    """Claims, and sentences between them that claim nothing, as one paragraph of the page."""

    parts: tuple

    @property
    def text(self):
        """Filled to the width of a terminal."""
        words = " ".join(part.text if isinstance(part, Claim) else part for part in self.parts)
        return textwrap.fill(words, COLUMNS, break_long_words=False)

    @property
    def html(self):
        """One paragraph."""
        words = " ".join(part.html if isinstance(part, Claim) else markup(part) for part in self.parts)
        return f'<p class="labs-claim">{words}</p>'

    @property
    def data(self):
        """The claims, without the sentences between them."""
        return {"kind": "claims", "claims": [part.data for part in self.parts if isinstance(part, Claim)]}


def claim(sentence, holds, only=None, always=False):
    """Show a sentence as prose of the page, with a mark that it was checked; stop if it is false.

    Several claims of one cell stand below each other; `paragraph` joins them.

    Parameters
    ----------
    sentence, holds, only, always
        As in `Claim`.

    Raises
    ------
    ClaimError
        The sentence does not hold. In a smoke run it is shown as not holding, and the run goes on.
    """
    paragraph(Claim(sentence, holds, only, always))


def paragraph(*parts):
    """Show several claims as one paragraph; text between them is a sentence that claims nothing.

    Parameters
    ----------
    *parts : Claim or str
        At least one Claim: what claims nothing is written in Markdown.

    Raises
    ------
    ClaimError
        One of them does not hold; all that do not are named.
    """
    wrong = [part for part in parts if not isinstance(part, (Claim, str))]
    if wrong or not any(isinstance(part, Claim) for part in parts):
        got = ", ".join(type(part).__name__ for part in parts) or "nothing"
        raise TypeError(f"expected Claim(sentence, holds), at least one, and text between them, got {got}")
    parts = tuple(part if isinstance(part, Claim) else sentence(part) for part in parts)
    show(Paragraph(parts))
    false = [part for part in parts if isinstance(part, Claim) and part.stops]
    if false:
        raise ClaimError("what this page says is not so: " + " | ".join(part.sentence for part in false)
                         + "\nChange the sentence to what is true, or find what changed the numbers.")


def learned(sentence, value, nulls, noise, write="{:.1%}", lower_is_better=False, only=None):
    """A claim about something learned: it holds if every null is beaten by more than the noise.

    Parameters
    ----------
    sentence : str
        Names the effect and its value; the nulls are added behind it.
    value : float
    nulls : dict of str to float
        What reaches the same measure without the learning: the untrained network, counting words,
        shuffled labels, the best simple baseline.
    noise : float
        How large a difference would be chance: two standard errors of it, on the same examples.
    write : str
        How the nulls and the noise are written.
    lower_is_better : bool
        For a perplexity or an error.
    only
        As in `Claim`.
    """
    if not isinstance(nulls, dict) or not nulls:
        raise ValueError(f'expected at least one null, such as {{"the untrained network": 0.1}}, got {nulls!r}')
    numbers = {"the effect": value, **nulls, "the noise": noise}
    wrong = {name: each for name, each in numbers.items() if not finite(each)}
    if wrong or noise < 0:
        raise ValueError(f"expected finite numbers and a noise of at least 0, got {wrong or noise}")
    beats = all((null - value if lower_is_better else value - null) > noise for null in nulls.values())
    beside = ", ".join(f"{name} {write.format(null)}" for name, null in nulls.items())
    claim(f"{sentence} For comparison: {beside}; chance moves the difference by {write.format(noise)}.", beats, only)


def estimate(value, interval, write="{:.2f}", level="95 %"):
    """A number with its interval, for a sentence: "2.31 (95 %: 2.20 to 2.44)".

    Parameters
    ----------
    value : float
    interval : (low, high)
        Must contain the value.
    write : str
    level : str
        What the interval covers.
    """
    low, high = interval
    if not (finite(value) and low <= value <= high):
        raise ValueError(f"expected an interval that contains the value, got {value} and {low} to {high}")
    return f"{write.format(value)} ({level}: {write.format(low)} to {write.format(high)})"


def condition(only):
    """`only` as (words, whether it applies here), or None."""
    if only is None:
        return None
    if isinstance(only, str) and only in RUNS:
        return RUNS[only], run.mode() == only
    if isinstance(only, tuple) and len(only) == 2 and isinstance(only[0], str):
        return only[0], truth(only[1], only[0])
    raise ValueError(f'only: expected "quick", "full" or ("on processors with AVX-512", flag), got {only!r}')

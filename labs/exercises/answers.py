"""The verdict on an answer, and the decorator that makes a check of a function."""

import functools
import html
import reprlib
from dataclasses import dataclass

from labs import outputs


class NotRight(Exception):
    """Why an answer is not right yet; the text is shown to the reader."""


@dataclass(frozen=True, repr=False)
class Answer(outputs.Shown):
    """What a check says; `right` is None while there is no answer."""

    exercise: str
    right: bool | None
    says: str

    @property
    def text(self) -> str:
        """The verdict in words."""
        state = {None: "not answered yet", True: "right", False: "not right yet"}[self.right]
        return f"Exercise {self.exercise}: {state}. {self.says}"

    @property
    def html(self) -> str:
        """The verdict as a paragraph; the reason is text, whatever the reader's error said."""
        mark = {None: "–", True: "✔", False: "✘"}[self.right]
        css = {None: "labs-na", True: "labs-pass", False: "labs-fail"}[self.right]
        reason = html.escape(self.text, quote=False)
        return f'<p class="{css}"><span aria-hidden="true">{mark}</span> {reason}</p>'

    @property
    def data(self) -> dict:
        """The verdict for a program."""
        return {"kind": "exercise", "exercise": self.exercise, "right": self.right}


def exercise(number: str, ask: str, answers: int = 1):
    """Make a check of a function that raises `NotRight` or returns a sentence.

    Parameters
    ----------
    number : str
        The exercise's number on the page, "6.1".
    ask : str
        What to do; shown while there is no answer.
    answers : int
        How many of the first arguments the reader gives. None in any of them is no answer yet.

    Returns
    -------
    callable
        A decorator. The check returns an `Answer` whatever it is handed, and has the `number`.
    """

    def decorate(check):
        @functools.wraps(check)
        def checked(*given, **named):
            if len(given) < answers or any(each is None for each in given[:answers]):
                return Answer(number, None, ask)
            try:
                says = check(*given, **named)
            except NotRight as reason:
                return Answer(number, False, str(reason))
            except Exception as error:  # an answer of a kind that nobody thought of
                return Answer(
                    number,
                    False,
                    f"the check cannot read {show(given[0])} "
                    f"({type(error).__name__}: {error}). {ask}",
                )
            return Answer(number, True, says)

        checked.number = number
        return checked

    return decorate


def show(value) -> str:
    """A value in few characters, for a message; also one whose own `repr` fails."""
    if type(value) is int and abs(value) < 10**30:
        return f"{value:,}"
    if type(value) is float:
        return f"{value:.10g}"
    try:
        return reprlib.repr(value)
    except Exception:
        return f"a {type(value).__name__}"

"""Predictions: what a reader is asked to write down, and the measured quantity that answers it."""
import textwrap
from dataclasses import dataclass

from labs import outputs
from labs.sentences import COLUMNS, finite, markup, sentence, show


class Prediction:
    """What the reader was asked to write down; `answer` shows it again beside what was measured."""

    def __init__(self, question):
        self.question = question

    def answer(self, measured, when, mode, write="{:,}"):
        """Show the question and its answer together.

        Parameters
        ----------
        measured : number, str, or dict of str to (number or str)
            The very quantity that was asked for; a dict for one a side.
        when : str
            The moment: "after 20 steps", "before the first step", "over one pass".
        mode : "train", "eval" or None
            The mode of the network; None where no network took part.
        write : str
            How a number is written.

        Returns
        -------
        None
        """
        if mode not in ("train", "eval", None):
            raise ValueError(f'mode: expected "train", "eval", or None where there is no network, got {mode!r}')
        if not isinstance(when, str) or len(when.split()) < 2:
            raise ValueError(f'when: expected words such as "after 20 steps", got {when!r}')
        several = measured if isinstance(measured, dict) else {"": measured}
        if not several:
            raise ValueError("expected what was measured, got an empty dict")
        shown = "; ".join(f"{name}: {quantity(each, write)}" if name else quantity(each, write)
                          for name, each in several.items())
        moment = when + (f", in {mode} mode" if mode else "")
        show(Question(self.question, f"{shown}, {moment}.",
                   {"answer": shown, "when": when, "mode": mode, "answered": True}))

    def _ipython_display_(self):
        """Nothing: it was shown when it was asked."""

    def __repr__(self):
        return f"Prediction({self.question!r})"


@dataclass(frozen=True, repr=False)
class Question(outputs.Shown):
    """A question, and below it the answer or the request to write one down."""

    question: str
    says: str
    found: dict

    @property
    def labels(self):
        """What stands before the question and before what is said to it."""
        return ("You were asked:", "Measured:") if self.found["answered"] else ("Before you go on:", "")

    @property
    def text(self):
        """Two lines or more."""
        lines = zip(self.labels, (self.question, self.says))
        return "\n".join(textwrap.fill(f"{label} {words}".strip(), COLUMNS) for label, words in lines)

    @property
    def html(self):
        """One paragraph of two lines."""
        first, second = (f"<strong>{label}</strong> " if label else "" for label in self.labels)
        return (f'<p class="labs-prediction">{first}{markup(self.question)}<br>'
                f"{second}{markup(self.says)}</p>")

    @property
    def data(self):
        """Question and answer, for the status page."""
        return {"kind": "prediction", "question": self.question, **self.found}


def prediction(question):
    """Ask the reader to write a number down, and keep the question for its answer.

    >>> right = prediction("How many of the test images will LeNet-5 get right?")
    >>> right.answer(957, when="after the last epoch", mode="eval")

    Parameters
    ----------
    question : str
        Ends with a question mark and names one quantity, with its unit.

    Returns
    -------
    Prediction
        It is shown at once.
    """
    question = sentence(question)
    if not question.endswith(("?", "？")):
        raise ValueError(f"expected a question, with its mark at the end, got {question!r}")
    show(Question(question, "Write your answer down; the page will answer this very question.", {"answered": False}))
    return Prediction(question)


def quantity(value, write):
    """One measured value in words."""
    if isinstance(value, str) and value.strip():
        return sentence(value + ".")[:-1]
    if not finite(value):
        raise ValueError(f"expected a finite number or text, got {value!r}")
    return write.format(value.item() if hasattr(value, "item") else value)

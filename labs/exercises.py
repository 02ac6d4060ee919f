"""A verdict on an exercise: not answered yet, not right yet (and why), or right."""
from dataclasses import dataclass

from labs import outputs


@dataclass(frozen=True)
class Answer:
    """What a check says; `right` is None while there is no answer."""
    exercise: str
    right: bool | None
    says: str

    @property
    def text(self) -> str:
        """The verdict in words."""
        state = {None: "not answered yet", True: "right", False: "not right yet"}[self.right]
        return f"Exercise {self.exercise}: {state}. {self.says}"

    def __repr__(self):
        return self.text

    def _repr_mimebundle_(self, include=None, exclude=None):
        mark = {None: "–", True: "✔", False: "✘"}[self.right]
        css = {None: "labs-na", True: "labs-pass", False: "labs-fail"}[self.right]
        return outputs.bundle(self.text, f'<p class="{css}"><span aria-hidden="true">{mark}</span> {self.text}</p>',
                              {"kind": "exercise", "exercise": self.exercise, "right": self.right})


def unanswered(exercise: str, how: str) -> Answer:
    """There is nothing to check yet."""
    return Answer(exercise, None, how)

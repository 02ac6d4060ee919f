"""Climb the rungs of a lab with whoever answers: points, and a message that helps where one is not
reached.
"""

import html
import re
from dataclasses import dataclass, replace

from labs import outputs
from labs.grading.answering import Answer
from labs.grading.cases import agrees
from labs.grading.comparing import compare
from labs.grading.distortions import DISTORTIONS, distorted, says

STATES = {"passed": ("✔", "labs-pass"), "failed": ("✘", "labs-fail"), "not run": ("–", "labs-na")}
WIDTH = 20  # characters of the meter


@dataclass(frozen=True)
class RungResult:
    """What became of a rung.

    Attributes
    ----------
    name, title : str
    points, earned : int
    state : str
        "passed", "failed" or "not run".
    says : str
        Why not, in words; empty where it passed.
    cause : str
        The name of the known mistake whose answers these are, or of a distortion; empty where none
        is known.
    """

    name: str
    title: str
    points: int
    earned: int
    state: str
    says: str = ""
    cause: str = ""


@dataclass(frozen=True, repr=False)
class Result(outputs.Shown):
    """What a submission reached."""

    lab: str
    rungs: tuple

    @property
    def earned(self) -> int:
        """The points."""
        return sum(rung.earned for rung in self.rungs)

    @property
    def points(self) -> int:
        """The points of all rungs that could be run here."""
        return sum(rung.points for rung in self.rungs if rung.state != "not run")

    @property
    def text(self) -> str:
        """Meter, then one line for each rung, then what helps."""
        full = round(WIDTH * self.earned / self.points) if self.points else 0
        wide = max(len(rung.title) for rung in self.rungs)
        lines = [
            f"{self.lab}: {self.earned} of {self.points} points  [{'#' * full}{'.' * (WIDTH - full)}]"
        ]
        for rung in self.rungs:
            reached = (
                "not run here" if rung.state == "not run" else f"{rung.earned:>3} of {rung.points}"
            )
            lines.append(f"  {STATES[rung.state][0]} {rung.title:<{wide}}  {reached}")
            if rung.says:
                lines.append(f"      {rung.says}")
        return "\n".join(lines)

    @property
    def html(self) -> str:
        """The same for a page or a notebook."""
        rows = []
        for rung in self.rungs:
            mark, css = STATES[rung.state]
            reached = (
                "not run here" if rung.state == "not run" else f"{rung.earned} of {rung.points}"
            )
            said = f"<br><small>{marked(rung.says)}</small>" if rung.says else ""
            rows.append(
                f'<tr><td class="{css}" style="text-align:left"><span aria-hidden="true">{mark}</span> '
                f'{html.escape(rung.title)}{said}</td><td style="text-align:right;white-space:nowrap">{reached}</td></tr>'
            )
        meter = (
            f"<label>{html.escape(self.lab)}: {self.earned} of {self.points} points "
            f'<meter min="0" max="{max(self.points, 1)}" value="{self.earned}"></meter></label>'
        )
        return f"<div>{meter}<table><tbody>{''.join(rows)}</tbody></table></div>"

    @property
    def data(self) -> dict:
        """The same for a program."""
        return {
            "kind": "lab",
            "lab": self.lab,
            "earned": self.earned,
            "points": self.points,
            "rungs": [vars(rung) for rung in self.rungs],
        }


def marked(text: str) -> str:
    """A message as HTML: everything escaped, names between backticks set as code."""
    return re.sub(r"`([^`\n]{1,60})`", r"<code>\1</code>", html.escape(text))


def climb(lab, cases: dict, answerer, only: str = "", here: frozenset = frozenset()) -> Result:
    """Climb all rungs, each by itself.

    Parameters
    ----------
    lab : Lab
    cases : dict of str to list of Case
    answerer
        Has `answer(call) -> Answer`.
    only : str
        The name of one rung.
    here : set of str
        What rungs may need and this machine has, such as "gpu".
    """
    found, suspects = [], {}
    for rung in lab.rungs:
        if only and rung.name != only:
            continue
        missing = [need for need in rung.needs if need not in here]
        if missing:
            found.append(
                RungResult(
                    rung.name, rung.title, rung.points, 0, "not run", f"needs {', '.join(missing)}"
                )
            )
            continue
        says_why, seen = _climb(cases[rung.name], answerer)
        suspects[rung.name] = known_mistakes(lab, seen) if says_why else []
        state, earned = ("failed", 0) if says_why else ("passed", rung.points)
        bent = distortion(seen) if says_why and not suspects[rung.name] else ""
        said = says_why + (f" This is {says(bent)}." if bent else "")
        found.append(RungResult(rung.name, rung.title, rung.points, earned, state, said, bent))
    return Result(f"{lab.id} {lab.title}", tuple(_with_hint(lab, rung, suspects) for rung in found))


def _climb(cases, answerer):
    """Why a rung is not reached, empty where it is; and the answers so far."""
    if not cases:
        raise ValueError("nothing to compare: a rung without cases is never reached")
    seen = []
    for case in cases:
        answer = answerer.answer(case.call)
        seen.append((case, answer))
        wrong = None if answer.error else compare(case.right, answer.value, case.call)
        about = f" ({case.call.about})" if case.call.about else ""
        if answer.error:
            # of a name that is not there yet it says nothing which call it was
            about = "" if answer.kind in ("missing", "not written") else about
            return f"{answer.error}{about}.", seen
        if wrong:
            return f"`{case.call.function}`{about}: {wrong.says}.", seen
    return "", seen


def _with_hint(lab, rung, suspects):
    """The hint of the known mistake that explains this rung, and most others; of several the one
    that stands first in hints.toml.
    """
    mine = suspects.get(rung.name, [])
    if not mine:
        return rung
    cause = max(mine, key=lambda name: sum(name in each for each in suspects.values()))
    return replace(rung, says=f"{rung.says} {lab.hints[cause]}", cause=cause)


def known_mistakes(lab, seen) -> list:
    """The known mistakes that give exactly these answers, the right ones among them too."""

    def gives(name):
        return all(
            agrees(case.mistakes.get(name, Answer(case.right)), answer, case.call)
            for case, answer in seen
        )

    return [name for name in lab.hints if name in seen[-1][0].mistakes and gives(name)]


def distortion(seen) -> str:
    """The distortion of the right answers that gives exactly these; empty where there is none."""
    function = seen[-1][0].call.function
    seen = [each for each in seen if each[0].call.function == function]
    if any(answer.error for _, answer in seen):
        return ""

    def gives(name):
        return all(
            compare(distorted(name, case.right), answer.value, case.call) is None
            for case, answer in seen
        )

    return next((name for name in DISTORTIONS if gives(name)), "")

"""The mutation score: which planted mistakes a ladder catches, on either side, in either precision, and which survive.

It is kept in `labs/tasks/TASK/caught.json`, which the status page reads and the task's tests hold to what they find.
`python -m labs mistakes` writes it again.
"""
import json
from pathlib import Path

from labs.parity.mistakes.planting import mistakes_for

AGAIN = "the score has changed: python -m labs mistakes {} writes it again"
PLACES = ("float64, first side", "float64, second side", "float32, first side", "float32, second side")


def of_task(task: str, ladders: dict, own: list) -> list:
    """Plant every mistake that suits, each on the smallest model of a task that it suits.

    Parameters
    ----------
    task : str
    ladders : dict of str to Ladder
        Green, by title, from the smallest model to the largest; made by `labs.parity.climb`.
    own : list of Mistake
        The task's own, beside the general ones.

    Returns
    -------
    list of dict
        One row a mistake: name, kind, what, case, should break, survives, and `broke`: by place the rung, or None.
    """
    rows, suiting = [], {title: that_suit(own, ladder) for title, ladder in ladders.items()}
    for mistake in mistakes_for(own):
        case = next((title for title, some in suiting.items() if mistake in some), None)
        if case is not None:
            rows.append({"name": mistake.name, "kind": mistake.kind, "what": mistake.what, "case": f"{task}, {case}",
                         "should break": mistake.rung, "survives": mistake.survivor(task),
                         "blind in float32": mistake.blind, "broke": broken(mistake, ladders[case])})
    return rows


def that_suit(own, ladder) -> list:
    """The mistakes for which model, config and batches of a ladder have what they take."""
    start = ladder.retry.first.start
    return mistakes_for(own, ladder.retry.first.side.build(start.config), start.config)


def broken(mistake, ladder) -> dict:
    """The lowest rung that the mistake breaks, wherever it is planted: by precision and side."""
    retry = ladder.retry
    swapped = retry.swapped()
    return {"float64, second side": retry.lowest_red(mistake.plant, "float64"),
            "float64, first side": swapped.lowest_red(mistake.plant, "float64"),
            "float32, second side": retry.lowest_red(mistake.plant, "float32"),
            "float32, first side": retry.lowest_red(mistake.plant, "float32", on_first=True)}


def path(task: str) -> Path:
    """Where a task's score is kept."""
    return Path(__file__).parents[2] / "tasks" / task / "caught.json"


def save(task: str, rows: list) -> Path:
    """Write a task's score: what was planted where, and what survived with its reason."""
    kept = [{k: v for k, v in row.items() if k != "broke"} for row in rows]
    caught = sum(not row["survives"] for row in rows)
    text = json.dumps({"task": task, "planted": len(rows), "caught": caught, "places": list(PLACES), "rows": kept}, indent=1)
    path(task).write_text(text + "\n", encoding="utf-8")
    return path(task)


def load(task: str) -> dict:
    """A task's score as it is kept."""
    return json.loads(path(task).read_text(encoding="utf-8"))

"""The tasks of the course, one folder each: the twins, what they prove, their mistakes, exercises, recordings, checkpoints.

Instruments are handed a task, or parts of one; only the command line and the tests look one up by its name.
"""
import difflib
import importlib
from pathlib import Path

HERE = Path(__file__).parent


class TaskError(LookupError):
    """There is no task of that name, or it lacks what was asked for."""


def names(part: str | None = None) -> list:
    """Names of the tasks, or of those that have a part: "proof", "training", "fluid_side"."""
    return sorted(path.parent.name for path in HERE.glob(f"*/{part or '__init__'}.py"))


def part(task: str, name: str):
    """Import one part of a task, by its names.

    Parameters
    ----------
    task : str
        Such as "mnist".
    name : str
        Such as "proof" or "torch_side".

    Raises
    ------
    TaskError
        There is no such task, or it has no such part; the message says which have one.
    """
    if task not in names(name):
        known = names(name)
        near = difflib.get_close_matches(task, known, 1)
        what = f"the task {task!r} has no {name}.py" if task in names() else f"no task named {task!r} in labs/tasks"
        raise TaskError(f"{what}; tasks with one: {', '.join(known) or 'none'}" + (f". Did you mean {near[0]!r}?" if near else ""))
    return importlib.import_module(f"{__name__}.{task}.{name}")


def cases(task: str) -> dict:
    """What a task proves: {title: (paddle_side, torch_side, config, batches, further)}.

    Where the task's proof has `reaching(config, batches)`, the batches are the ones that it chooses, to reach what the
    chapter's do not; `FURTHER` are functions that are climbed beside the training (see `labs.parity.climb`).
    """
    from labs import data
    sides, proof = (part(task, "paddle_side"), part(task, "torch_side")), part(task, "proof")
    reaching = getattr(proof, "reaching", lambda config, batches: batches)
    return {title: (*sides, config, reaching(config, batches), getattr(proof, "FURTHER", {}))
            for title, (config, batches) in proof.cases(data).items()}

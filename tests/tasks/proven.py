"""The tasks of `labs.tasks` and what each of them proves: what the tests of twins run over."""
import functools

from labs import tasks
from labs.parity import mistakes_for

proven = functools.cache(tasks.cases)       # {title: (paddle_side, torch_side, config, batches)} of one task
ALL = [(task, title) for task in tasks.names("proof") for title in proven(task)]


def own(task: str) -> list:
    """All mistakes that may be planted in a task: the general ones and its own."""
    return mistakes_for(tasks.part(task, "mistakes").MISTAKES)

"""Reading the installed library: where a class begins, and a few lines of its source."""
import inspect
from pathlib import Path


def place(one):
    """File and line at which a class or function of an installed package begins."""
    one = inspect.unwrap(one)               # what a decorator has wrapped
    file = Path(inspect.getsourcefile(one))
    package = inspect.getmodule(one).__name__.partition(".")[0]
    at = len(file.parts) - 1 - file.parts[::-1].index(package)
    return f"{Path(*file.parts[at:])}:{inspect.getsourcelines(one)[1]}"


def excerpt(one, begins, count=8):
    """At most ten lines of a class or function, from the first line that contains `begins`, with their numbers in the file.

    Raises
    ------
    ValueError
        More than ten lines are asked for, or no line contains the words: the library has changed, read it again.
    """
    if not 0 < count <= 10:
        raise ValueError(f"count: expected 1 to 10 lines, got {count}")
    lines, first = inspect.getsourcelines(inspect.unwrap(one))
    at = next((i for i, line in enumerate(lines) if begins in line), None)
    if at is None:
        raise ValueError(f"{one.__qualname__}: no line contains {begins!r}; the library has changed, so what is said of it may have too")
    shown = [line.rstrip() for line in lines[at:at + count]]
    margin = min(len(line) - len(line.lstrip()) for line in shown if line)
    numbered = (f"{first + at + i:5}  {line[margin:]}" for i, line in enumerate(shown))
    return "\n".join([f"{one.__qualname__}, {place(one).rpartition(':')[0]}", *numbered])

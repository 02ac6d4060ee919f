"""Reading the installed library: a few lines of its source, with their numbers in the file."""
import inspect
from pathlib import Path


def excerpt(one, begins, count=8, package="datasets"):
    """At most ten lines of a function, from the first line that contains `begins`.

    Raises
    ------
    ValueError
        More than ten lines are asked for, or no line contains the words: the library has changed, read it again.
    """
    if not 0 < count <= 10:
        raise ValueError(f"count: expected 1 to 10 lines, got {count}")
    one = inspect.unwrap(one)
    lines, first = inspect.getsourcelines(one)
    at = next((i for i, line in enumerate(lines) if begins in line), None)
    if at is None:
        raise ValueError(f"{one.__qualname__}: no line contains {begins!r}; the library has changed, so what is said of it may have too")
    shown = [line.rstrip() for line in lines[at:at + count]]
    margin = min(len(line) - len(line.lstrip()) for line in shown if line)
    parts = Path(inspect.getsourcefile(one)).parts
    place = Path(*parts[len(parts) - 1 - parts[::-1].index(package):])
    return "\n".join([f"{one.__qualname__}, {place}", *(f"{first + at + i:5}  {line[margin:]}" for i, line in enumerate(shown))])

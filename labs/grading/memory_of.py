"""How much memory a process and all that it started hold, as the kernel's /proc says."""

from pathlib import Path

PAGE = 4096


def tree(pid: int) -> list:
    """A process and all its descendants; what has ended meanwhile is left out."""
    found, waiting = [], [pid]
    while waiting and len(found) < 10_000:
        one = waiting.pop()
        found.append(one)
        waiting += children(one)
    return found


def children(pid: int) -> list:
    """The processes that a process has started and that are still its own."""
    threads = _list(f"/proc/{pid}/task")
    return [
        int(one)
        for thread in threads
        for one in _text(f"/proc/{pid}/task/{thread}/children").split()
    ]


def is_there(pid: int) -> bool:
    """Does a process still run, or wait to be taken leave of?"""
    return Path(f"/proc/{pid}").exists()


def held(pid: int, enough: int) -> int:
    """Bytes held by a process and its descendants; shared pages are divided among those that share
    them.

    The exact count costs the kernel some work, so it is only made where a rough one is above
    `enough`.
    """
    pids = tree(pid)
    rough = sum(int((_text(f"/proc/{one}/statm").split() or [0, 0])[1]) * PAGE for one in pids)
    return rough if rough <= enough else sum(map(_share, pids))


def _share(pid):
    for line in _text(f"/proc/{pid}/smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0


def _text(path):
    try:
        return Path(path).read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


def _list(path):
    try:
        return [each.name for each in Path(path).iterdir()]
    except OSError:
        return []

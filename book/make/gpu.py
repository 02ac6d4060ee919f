"""When a GPU last ran each chapter: `book/gpu.toml`, which outlives the runs of a machine without one.

usage: python -m book.make.gpu

Notes every run of `_build/runs` that computed on a GPU and came to its end.
"""
import sys
import tomllib
from pathlib import Path

from book.make import runs

ROOT = Path(__file__).resolve().parents[2]
FILE = "book/gpu.toml"
HEAD = "# When a GPU last ran a chapter to its end, and where. Written by `make gpu-note` after a build on a machine with one.\n"


def places(run):
    """Where the run computed, in words; empty where nothing is known."""
    said = (run or {}).get("places") or {}
    if len(set(said.values())) == 1:
        return next(iter(said.values()))
    return "; ".join(f"{name}: {place}" for name, place in said.items())


def on_gpu(run):
    """Did one of the frameworks compute on a GPU?"""
    return any(place != "cpu" for place in ((run or {}).get("places") or {}).values())


def read(root=ROOT):
    """{chapter: {"date", "mode", "places"}}."""
    path = root / FILE
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def last(name, run, noted):
    """(date, where) of the last GPU run of a chapter, or None: the present run counts if it was one."""
    if on_gpu(run):
        return run["date"][:10], places(run)
    return (noted[name]["date"], noted[name]["places"]) if name in noted else None


def note(root=ROOT):
    """Enter the runs on a GPU; return the names of the chapters that were entered."""
    noted, entered = read(root), []
    for path in sorted((root / "_build/runs").glob("*.json")):
        run = runs.read(path.parent, path.stem)
        if on_gpu(run):
            noted[path.stem] = {"date": run["date"][:10], "mode": run["mode"], "places": places(run)}
            entered.append(path.stem)
    if entered:
        entries = [f'\n["{name}"]\n' + "".join(f'{key} = "{value}"\n' for key, value in sorted(facts.items()))
                   for name, facts in sorted(noted.items())]
        (root / FILE).write_text(HEAD + "".join(entries), encoding="utf-8")
    return entered


def main():
    entered = note()
    if not entered:
        sys.exit("no run of _build/runs computed on a GPU: LABS_DEVICE=cuda make book, on a machine that has one")
    print(f"{FILE}: {', '.join(entered)}")


if __name__ == "__main__":
    main()

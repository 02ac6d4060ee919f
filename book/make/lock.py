"""Write requirements.lock: a fresh environment, the ranges installed into it, and what came frozen.

usage: python3.11 book/make/lock.py [--torch 2.13.0]      (or: make lock TORCH=2.13.0)

torch keeps the version of the present lock unless --torch names another. A
package whose newest version refuses the first 3.11 (Debian 12 has 3.11.2) is
locked at an older one.
"""
import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import environment

HEAD = """\
# One exact version of each package, for Python {}.{} on a CPU. Written by `make lock`; edit requirements.txt and pyproject.toml instead.
# torch: take a CPU build (book/make/environment.py sees to it).
"""
OURS = ("parity-course", "pip")


def lines(frozen):
    """The lock's lines from what `pip freeze --all` says: names and versions alone, sorted."""
    kept = []
    for line in frozen.splitlines():
        name, _, version = line.partition("==")
        if not version:
            raise environment.SetupError("a package came from a file, not from an index, and cannot be locked: " + line)
        if name.lower() not in OURS:
            kept.append("%s==%s" % (name, re.sub(r"\+cpu$", "", version)))
    return sorted(kept, key=str.lower)


TOO_NEW = """
from importlib.metadata import distributions
from pip._vendor.packaging.specifiers import SpecifierSet
for found in distributions():
    if not SpecifierSet(found.metadata.get("Requires-Python") or "").contains("{}.{}.0"):
        print(found.metadata["Name"] + "<" + found.version)
"""


def install(home, torch, folder):
    """Install the ranges, again and again with what refuses the oldest Python capped, until all admit it."""
    caps, files = folder / "caps.txt", ["requirements.txt", ".[dev]"]
    caps.write_text("")
    environment.install(home, files, torch)
    while True:
        said = environment.run([str(environment.interpreter(home)), "-c", TOO_NEW.format(*environment.LOCKED)], "reading versions")
        if not said.strip():
            return
        print("for the first Python %d.%d: %s" % (*environment.LOCKED, " ".join(said.split())), flush=True)
        with caps.open("a") as file:
            file.write(said)
        environment.run([str(environment.interpreter(home)), "-m", "pip", "install", "-c", str(caps)]
                        + environment.asked(files) + [line.split("<")[0] for line in said.split()],
                        "pip install with older versions")


def main():
    arguments = argparse.ArgumentParser(description="write requirements.lock")
    arguments.add_argument("--torch", help="torch's version; without it, that of the present lock")
    wanted = arguments.parse_args().torch
    root = environment.ROOT
    try:
        if sys.version_info[:2] != environment.LOCKED:
            raise environment.SetupError("the lock is made with Python %d.%d: make lock PYTHON=python3.11" % environment.LOCKED)
        lock = root / "requirements.lock"
        present = environment.requirement("torch", lock.read_text(encoding="utf-8")) if lock.exists() else None
        torch = "torch==" + wanted if wanted else present
        if not torch:
            raise environment.SetupError("there is no lock yet: say which torch, as in make lock TORCH=2.13.0")
        with tempfile.TemporaryDirectory() as folder:
            home = Path(folder) / "venv"
            environment.create(home)
            install(home, torch, Path(folder))
            pip = [str(environment.interpreter(home)), "-m", "pip", "--disable-pip-version-check"]
            environment.run(pip + ["check"], "pip check")
            frozen = subprocess.run(pip + ["freeze", "--all"], stdout=subprocess.PIPE, universal_newlines=True, check=True).stdout
        text = HEAD.format(*environment.LOCKED) + "\n".join(lines(frozen)) + "\n"
        lock.write_text(text, encoding="utf-8")
        print("wrote requirements.lock: %d packages" % (text.count("\n") - 2))
    except environment.SetupError as error:
        sys.exit("\nlock: %s" % error)


if __name__ == "__main__":
    main()

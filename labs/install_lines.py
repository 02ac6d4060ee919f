"""Which line installs which framework where. The addresses stand in install_lines.json, and nowhere else.

The set-up of the book reads the same file (book/make/environment.py), on any Python.
"""
import html
import json
import sys
from pathlib import Path

from labs.outputs import Shown

BUILDS = ("CPU", "GPU")
SYSTEMS = {"linux": "Linux", "darwin": "macOS"}


def index(framework, build):
    """Return the address of the index that has a framework's wheels, or None where plain pip has them.

    Parameters
    ----------
    framework : str
        "torch" or "paddle".
    build : str
        "CPU" or "GPU": what it was compiled for.
    """
    if framework not in ("torch", "paddle") or build not in BUILDS:
        raise ValueError(f"expected torch or paddle, and CPU or GPU, got {framework!r} and {build!r}")
    return json.loads(Path(__file__).with_name("install_lines.json").read_text(encoding="utf-8")).get(f"{framework} {build}")


def command(framework, build="CPU", system=sys.platform):
    """Return the line that installs a framework, for a terminal.

    Parameters
    ----------
    framework : str
        "torch" or "paddle".
    build : str
        "CPU" or "GPU": what it was compiled for.
    system : str
        As `sys.platform` says it: "linux" (Windows' WSL is one) or "darwin".

    Raises
    ------
    ValueError
        There are no such wheels; the message says which there are.
    """
    if system not in SYSTEMS:
        raise ValueError(f"system: expected one of {', '.join(SYSTEMS)} (on Windows: linux, inside WSL), got {system!r}")
    address = index(framework, build)
    if system == "darwin":
        if build == "GPU":
            raise ValueError("macOS has no CUDA: there both frameworks compute on the processor")
        address = None                  # plain pip brings builds for the processor
    package = {"torch": "torch", "paddle": "paddlepaddle-gpu" if build == "GPU" else "paddlepaddle"}[framework]
    return f"python -m pip install {package}" + (f" --index-url {address}" if address else "")


def commands():
    """Return every line that there is, as rows of a table."""
    rows = []
    for system, name in SYSTEMS.items():
        for build in BUILDS[:1] if system == "darwin" else BUILDS:
            rows += [{"system": name, "build": build, "framework": framework, "line": command(key, build, system)}
                     for key, framework in (("torch", "PyTorch"), ("paddle", "Paddle"))]
    return rows


class Lines(Shown):
    """Every line that there is, each as a block of its own, to be copied: a cell of a table would be retyped."""

    @property
    def text(self):
        """The lines below what they are for."""
        return "\n".join(f"{self.label(row)}:\n    {row['line']}" for row in commands())

    @property
    def html(self):
        """The same as blocks of code; the class is the one for which the site has a copy button."""
        blocks = "".join(f'<p style="margin:.5em 0 .1em">{html.escape(self.label(row))}</p><div class="highlight"><pre style="margin:0">'
                         f"{html.escape(row['line'])}</pre></div>" for row in commands())
        return f'<div class="labs-commands">{blocks}</div>'

    @staticmethod
    def label(row):
        """For whom a line is."""
        return f"{row['framework']} on {row['system']}, {row['build']} build"

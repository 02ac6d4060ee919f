"""Make each chapter's notebook from its text: a pure function, the same bytes on every machine.

usage: python -m book.make.notebooks [--check] [TEXT ...]

Without names: all that _toc.yml lists and that begin with front matter for
jupytext. --check writes nothing, names what drifted and exits with 1.

The notebook differs from the text in one cell: before the first code cell
stands the cell that makes the notebook run in Colab. It is made here because
the repository's address (_config.yml) and the version (labs/__init__.py) each
stand in one place only.
"""
import argparse
import ast
import hashlib
import re
import sys
from collections import Counter
from pathlib import Path

import jupytext
import nbformat
import yaml

ROOT = Path(__file__).resolve().parents[2]
KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
PLACEHOLDER = "https://github.com/example/parity-course"
MADE = ("book/pages/status", "book/pages/glossary")     # _toc.yml lists them, site.py makes them, nobody writes them
COLAB = """\
# Only Colab needs this cell: it installs the course's package, and Paddle where it is missing. Elsewhere it installs nothing.
import importlib.util, sys

if "google.colab" in sys.modules:
    %pip install --quiet {url}/archive/refs/tags/v{version}.tar.gz
    if importlib.util.find_spec("paddle") is None:
        %pip install --quiet "{paddle}"\
"""


def address(root=ROOT):
    """The repository's address, from _config.yml."""
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    try:
        return config["repository"]["url"].rstrip("/")
    except (KeyError, TypeError, AttributeError):
        raise ValueError("_config.yml: expected repository: url: https://..., found none") from None


def version(root=ROOT):
    """labs.__version__, read as text so that nothing is imported."""
    for node in ast.parse((root / "labs/__init__.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__version__":
            return ast.literal_eval(node.value)
    raise ValueError("labs/__init__.py: expected a line __version__ = \"...\", found none")


def colab_cell(root=ROOT):
    """The source of the cell that makes a notebook run in Colab."""
    ranges = (root / "requirements.txt").read_text(encoding="utf-8")
    paddle = re.search(r"^paddlepaddle\S*", ranges, re.M)
    if paddle is None:
        raise ValueError("requirements.txt: expected a line that begins with paddlepaddle, found none")
    return COLAB.format(url=address(root), version=version(root), paddle=paddle.group(0))


def notebook(text, colab):
    """The notebook of a MyST text, as the bytes of its file.

    Parameters
    ----------
    text : str
        The chapter: front matter, prose, `{code-cell}` blocks.
    colab : str
        Source of the first code cell, see `colab_cell`.

    Returns
    -------
    str
        nbformat 4.5, no outputs; a cell's id is a hash of what the cell says,
        so it follows the cell when the chapter is edited around it.
    """
    made = jupytext.reads(text, fmt="md:myst")
    first = next((at for at, cell in enumerate(made.cells) if cell.cell_type == "code"), None)
    if first is not None:
        made.cells.insert(first, nbformat.v4.new_code_cell(colab, metadata={"tags": ["setup", "hide-cell"]}))
    seen = Counter()
    for cell in made.cells:
        what = f"{cell.cell_type}\n{cell.source}"
        seen[what] += 1
        cell["id"] = hashlib.sha256(f"{what}\n{seen[what]}".encode()).hexdigest()[:8]
    kept = {key: value for key, value in made.metadata.items() if key not in ("jupytext", "kernelspec")}
    made.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": {"name": "python"}, **kept})
    made.nbformat, made.nbformat_minor = 4, 5
    nbformat.validate(made)
    return nbformat.writes(made) + "\n"


def pages(root=ROOT):
    """What _toc.yml lists, as paths without suffix, in the book's order."""
    listed = []

    def walk(node):
        if isinstance(node, dict):
            listed.extend(str(node[key]) for key in ("root", "file") if key in node)
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)
    walk(yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8")))
    return listed


def texts(root=ROOT):
    """The texts that have a notebook: pages of _toc.yml whose front matter is jupytext's."""
    found = []
    for page in pages(root):
        path = root / f"{page}.md"
        if page in MADE:
            continue
        if not path.exists():
            raise FileNotFoundError(f"_toc.yml lists {page}, and there is no {page}.md")
        if re.match(r"---\n(?:.*\n)*?(?:jupytext|kernelspec):", path.read_text(encoding="utf-8")):
            found.append(path)
    return found


def drifted(paths, root=ROOT):
    """The texts whose notebook is not the one that they make, each with the bytes that it should hold."""
    colab, wrong = colab_cell(root), []
    for path in paths:
        made, target = notebook(path.read_text(encoding="utf-8"), colab), path.with_suffix(".ipynb")
        if not target.exists() or target.read_text(encoding="utf-8") != made:
            wrong.append((path, made))
    return wrong


def main(arguments=None):
    parser = argparse.ArgumentParser(description="make the notebooks from the texts")
    parser.add_argument("--check", action="store_true", help="write nothing, exit with 1 where one differs")
    parser.add_argument("texts", nargs="*", type=Path)
    chosen = parser.parse_args(arguments)
    wrong = drifted(chosen.texts or texts())
    if chosen.check and wrong:
        sys.exit("not what the text makes (run make notebooks): " + ", ".join(str(path.with_suffix(".ipynb")) for path, _ in wrong))
    for path, made in wrong:
        path.with_suffix(".ipynb").write_text(made, encoding="utf-8")
        print("wrote", path.with_suffix(".ipynb").resolve().relative_to(ROOT))
    if address() == PLACEHOLDER:
        print(f"_config.yml still holds the address {PLACEHOLDER}: the notebooks' Colab cell cannot work until it is a real one")


if __name__ == "__main__":
    main()

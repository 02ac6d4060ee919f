"""Make each chapter's notebook from its text: a pure function, the same bytes on every machine.

usage: python -m book.make.notebooks [--check | --tell] [--restore] [TEXT ...]

Without names: all that _toc.yml lists and that begin with front matter for
jupytext. --check writes nothing, names what drifted and exits with 1; --tell
writes nothing and only says so. A notebook that somebody has run or edited is
left alone; --restore writes it anew and keeps what it held in saved/.

The notebook differs from the text in what stands elsewhere, in one place only:
the cell that makes it run in Colab (address and version), the budget in
`run.banner()` (front matter), and the list of the chapters on the first page
and in README.md (_toc.yml, and `about` in each front matter).
"""
import argparse
import datetime
import functools
import hashlib
import re
import shutil
import sys
from collections import Counter
from pathlib import Path

import jupytext
import nbformat

from book.make import book
from book.make.book import ROOT

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}
LANGUAGE = {"name": "python"}
LIST = "<!-- the chapters -->"       # on the first page: here stands the list of the chapters
END = "<!-- end of the chapters -->"         # in README.md, which holds the same list between the two marks
BANNER = re.compile(r"\brun\.banner\(([^()\n]*)\)")
COLAB = """\
# Only Colab needs this cell: it installs the course's package, and Paddle where it is missing. Elsewhere it installs nothing.
import importlib.util, sys

if "google.colab" in sys.modules:
    %pip install --quiet {url}/archive/refs/tags/v{version}.tar.gz
    if importlib.util.find_spec("paddle") is None:
        %pip install --quiet "{paddle}"\
"""


def colab_cell(root=ROOT):
    """The source of the cell that makes a notebook run in Colab."""
    ranges = (root / "requirements.txt").read_text(encoding="utf-8")
    paddle = re.search(r"^paddlepaddle\S*", ranges, re.M)
    if paddle is None:
        raise ValueError("requirements.txt: expected a line that begins with paddlepaddle, found none")
    return COLAB.format(url=book.address(root).url, version=book.version(root), paddle=paddle.group(0))


def with_budget(source, budget):
    """A code cell with the front matter's budget in its `run.banner()`.

    Raises
    ------
    ValueError
        The text types a budget of its own, which could become another one.
    """
    for found in BANNER.finditer(source):
        if found[1].strip():
            raise ValueError(f"{found[0]}: expected run.banner(), because the budget stands in the front matter "
                             "(parity: budget_s:) and is put in from there")
    return BANNER.sub(f"run.banner(budget_s={budget:g})", source) if budget else source


def listed(root=ROOT):
    """The chapters as a list in Markdown, by part, each with what its front matter says about it."""
    lines = []
    for caption, pages in book.parts(root):
        chapters = [root / f"{page}.md" for page in pages if page.startswith("chapters/")]
        if chapters and caption:
            lines += ["", f"**{caption}**", ""]
        for path in chapters:
            made = jupytext.reads(path.read_text(encoding="utf-8"), fmt="md:myst")
            about = book.facts(made).get("about", "")
            lines.append(f"- [{book.title(made, path.stem)}](chapters/{path.stem}.ipynb). {about}".rstrip())
    return "\n".join(lines).strip()


def readme(root=ROOT):
    """README.md as it should be: the list of the chapters between the two marks; None where there is no such file."""
    path = root / "README.md"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    before, mark, rest = text.partition(LIST)
    _, end, after = rest.partition(END)
    return f"{before}{mark}\n\n{listed(root)}\n\n{end}{after}" if end else None


def notebook(text, colab, chapters=""):
    """The notebook of a MyST text, as the bytes of its file.

    Parameters
    ----------
    text : str
        The chapter: front matter, prose, `{code-cell}` blocks.
    colab : str
        Source of the first code cell, see `colab_cell`.
    chapters : str
        What takes the place of `LIST`, see `listed`.

    Returns
    -------
    str
        nbformat 4.5, no outputs; a cell's id is a hash of what the cell says,
        so it follows the cell when the chapter is edited around it.
    """
    made = jupytext.reads(text, fmt="md:myst")
    for cell in made.cells:
        cell.source = (with_budget(cell.source, book.budget(made)) if cell.cell_type == "code"
                       else cell.source.replace(LIST, chapters))
    first = next((at for at, cell in enumerate(made.cells) if cell.cell_type == "code"), None)
    if first is not None:
        made.cells.insert(first, nbformat.v4.new_code_cell(colab, metadata={"tags": ["setup", "hide-cell"]}))
    for cell, its_id in zip(made.cells, ids(made.cells), strict=True):
        cell["id"] = its_id
    kept = {key: value for key, value in made.metadata.items() if key not in ("jupytext", "kernelspec")}
    made.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": LANGUAGE, **kept})
    made.nbformat, made.nbformat_minor = 4, 5
    nbformat.validate(made)
    return nbformat.writes(made) + "\n"


def ids(cells):
    """An id for each cell: a hash of what it says, and of how often that was said before."""
    seen = Counter()
    for cell in cells:
        what = f"{cell.cell_type}\n{cell.source}"
        seen[what] += 1
        yield hashlib.sha256(f"{what}\n{seen[what]}".encode()).hexdigest()[:8]


@functools.lru_cache(maxsize=256)
def _made(text, colab, chapters):
    return notebook(text, colab, chapters)


def of_text(path, root=ROOT):
    """The bytes of the notebook that a text makes."""
    text = path.read_text(encoding="utf-8")
    return _made(text, colab_cell(root), listed(root) if LIST in text else "")


def has_notebook(page, root=ROOT):
    """Has a page of the book code?"""
    return (root / f"{page}.ipynb").exists() or book.is_text(root / f"{page}.md")


def of_page(page, root=ROOT):
    """The notebook of a page as the book shows it: made from its text, whatever a reader has saved beside it.

    Parameters
    ----------
    page : str
        Such as "chapters/06_mnist". A page without a text of its own is read from its notebook.
    """
    text = root / f"{page}.md"
    if book.is_text(text):
        return nbformat.reads(of_text(text, root), 4)
    return nbformat.read(root / f"{page}.ipynb", 4)


def touched(path):
    """What somebody has done to a notebook since it was made, in words; empty where nobody has.

    A notebook as `notebook` makes it has no outputs, and each cell's id follows from what the cell says; so one that
    is merely older than its text is not touched.
    """
    try:
        saved = nbformat.read(path, 4)
    except Exception:                       # half a file, or no notebook at all: not ours to overwrite
        return "it is no notebook that can be read"
    ran = any(cell.outputs or cell.execution_count is not None for cell in book.code_cells(saved))
    edited = sum(cell.get("id") != its_id for cell, its_id in zip(saved.cells, ids(saved.cells), strict=True))
    said = ["it holds outputs"] if ran else []
    said += [f"{edited} cell{'s were' if edited > 1 else ' was'} edited or added"] if edited else []
    if not said and saved.metadata.get("language_info") != LANGUAGE:
        said = ["it was saved by another program"]
    return " and ".join(said)


def drifted(paths, root=ROOT):
    """The texts whose notebook is not the one that they make, each with the bytes that it should hold."""
    wrong = []
    for path in paths:
        made, target = of_text(path, root), path.with_suffix(".ipynb")
        if not target.exists() or target.read_text(encoding="utf-8") != made:
            wrong.append((path, made))
    return wrong


def set_aside(path, root=ROOT):
    """Keep a copy of a notebook in saved/, which neither git nor `make clean` looks at; return its path."""
    stamp = datetime.datetime.now().strftime("%Y-%m-%d_%H%M%S")
    target = root / "saved" / f"{path.stem}_{stamp}.ipynb"
    target.parent.mkdir(exist_ok=True)
    shutil.copy2(path, target)
    return target


def write(paths, root=ROOT, restore=False, say=print):
    """Write the notebooks that differ from what their texts make; return those that were left alone, as (path, why)."""
    left = []
    for text, made in drifted(paths, root):
        path = text.with_suffix(".ipynb")
        why = touched(path) if path.exists() else ""
        if why and not restore:
            left.append((path, why))
            continue
        if why:
            say(f"kept what {path.name} held: {set_aside(path, root).relative_to(root)}")
        path.write_text(made, encoding="utf-8")
        say(f"wrote {path.resolve().relative_to(root.resolve())}")
    text = readme(root)
    if text is not None and text != (root / "README.md").read_text(encoding="utf-8"):
        (root / "README.md").write_text(text, encoding="utf-8")
        say("wrote the list of the chapters in README.md")
    return left


def tell(paths, root=ROOT, say=print):
    """Say which notebooks are not what the book is built from."""
    for text, _ in drifted(paths, root):
        path = text.with_suffix(".ipynb")
        why = touched(path) if path.exists() else ""
        if why:
            say(f"{path.name}: {why}. The book is built from {text.name}; your notebook stays as it is")
        else:
            say(f"{path.name}: {'older than' if path.exists() else 'not made yet from'} {text.name}, "
                "from which the book is built; make notebooks brings it up to date")


def main(arguments=None, root=ROOT):
    parser = argparse.ArgumentParser(description="make the notebooks from the texts")
    way = parser.add_mutually_exclusive_group()
    way.add_argument("--check", action="store_true", help="write nothing, exit with 1 where one differs")
    way.add_argument("--tell", action="store_true", help="write nothing, say which differ")
    parser.add_argument("--restore", action="store_true", help="write those too that were run or edited; their copies lie in saved/")
    parser.add_argument("texts", nargs="*", type=Path)
    chosen = parser.parse_args(arguments)
    texts = chosen.texts or book.texts(root)
    if chosen.tell:
        tell(texts, root)
        return
    if chosen.check:
        wrong = drifted(texts, root)
        if wrong:
            sys.exit("not what the text makes (run make notebooks): " + ", ".join(str(path.with_suffix(".ipynb")) for path, _ in wrong))
        return
    left = write(texts, root, chosen.restore)
    if not book.address(root).real:
        print(f"_config.yml still holds the address {book.PLACEHOLDER}: the notebooks' Colab cell cannot work until it is a real one")
    if left:
        sys.exit("\n".join(["left alone, because they hold what no text holds:", *(f"  {path.name}: {why}" for path, why in left),
                            "To write them anew and keep these in saved/: make notebooks RESTORE=1"]))


if __name__ == "__main__":
    main()

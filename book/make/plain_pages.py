"""The pages as text, for programs that read: `llms.txt` lists them, and beside each page lies its Markdown twin.

Made from the course's own texts: prose and code, without front matter, outputs and solutions.
"""
import re
from pathlib import PurePosixPath

FRONT = re.compile(r"\A---\n.*?\n---\n", re.S)
CELL = re.compile(r"^```\{code-cell\}[^\n]*\n(?P<options>(?::[^\n]*\n)*)(?P<code>.*?)^```$", re.M | re.S)
LEFT_OUT = ("remove-cell", "solution")          # tags of cells that no reader sees, or that a student should write
HEAD = """# Parity: PaddlePaddle, PyTorch and Hugging Face

> A course in notebooks. Every model that is compared is written twice, once in each framework, and the page proves that
> the two compute the same before it says anything about either. Below, each page as text: prose and code, no outputs.

"""


def plain(text):
    """A page's text without front matter; its cells as plain blocks of Python.

    Parameters
    ----------
    text : str
        As it stands in the repository.
    """
    def cell(found):
        if any(tag in found["options"] for tag in LEFT_OUT):
            return ""
        return f"```python\n{found['code'].strip()}\n```"
    return re.sub(r"\n{3,}", "\n\n", CELL.sub(cell, FRONT.sub("", text))).strip() + "\n"


def title_of(text, name):
    """The first heading."""
    found = re.search(r"^# (.+)$", text, re.M)
    return found[1] if found else name


def files(root, documents, made, base=""):
    """What lies in the site beside the pages: path -> text.

    Parameters
    ----------
    root : Path
        The repository.
    documents : list of str
        All pages of `_toc.yml`.
    made : dict of str to str
        Texts of pages that nobody writes.
    base : str
        The site's address with a slash at its end; without one the links are relative.
    """
    texts = {}
    for name in documents:
        source = root / f"{name}.md"
        if source.exists():
            texts[name] = plain(source.read_text(encoding="utf-8"))
        elif name in made:
            texts[name] = plain(made[name])
    lines = "".join(f"- [{title_of(text, PurePosixPath(name).name)}]({base}{name}.md)\n" for name, text in texts.items())
    return {f"{name}.md": text for name, text in texts.items()} | {"llms.txt": f"{HEAD}## Pages\n\n{lines}"}

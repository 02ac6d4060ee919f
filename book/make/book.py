"""What the book consists of: its pages, address, version and budgets, each read in this one place.

The rest of book/make, the tests and the site ask here. `labs` never does: it knows nothing of the book.
"""
import ast
import re
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
PLACEHOLDER = "https://github.com/example/parity-course"
MADE = ("book/pages/status", "book/pages/glossary", "book/pages/references")     # _toc.yml lists them, site.py makes them, nobody writes them
FRONT_MATTER = re.compile(r"---\n(?:.*\n)*?(?:jupytext|kernelspec):")


class BookError(ValueError):
    """The contents, the address or the version cannot be read; the message says what was expected."""


@dataclass(frozen=True)
class Address:
    """Where the repository lives, as `repository.url` of `_config.yml` says."""

    url: str

    @property
    def real(self):
        """False while the address is the placeholder."""
        return self.url != PLACEHOLDER

    @property
    def pages(self):
        """The address at which GitHub Pages serves the site."""
        found = re.fullmatch(r"https://github\.com/([\w.-]+)/([\w.-]+)", self.url)
        if not found:
            raise BookError("repository.url in _config.yml must be https://github.com/OWNER/NAME, "
                            f"it is {self.url!r}")
        return f"https://{found[1].lower()}.github.io/{found[2]}/"


def address_in(config):
    """The Address in a parsed `_config.yml`; a slash or `.git` at its end is left out."""
    repository = config.get("repository") if isinstance(config, dict) else None
    url = repository.get("url") if isinstance(repository, dict) else None
    if not isinstance(url, str):
        raise BookError("_config.yml: expected repository: url: https://..., found none")
    return Address(url.rstrip("/").removesuffix(".git"))


def config(root=ROOT):
    """`_config.yml`, parsed."""
    return yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))


def address(root=ROOT):
    """The repository's Address."""
    return address_in(config(root))


def version(root=ROOT):
    """labs.__version__, read as text so that nothing is imported."""
    for node in ast.parse((root / "labs/__init__.py").read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__version__":
            found = ast.literal_eval(node.value)
            if isinstance(found, str):
                return found
    raise BookError('labs/__init__.py: expected a line __version__ = "...", found none')


def parts(root=ROOT):
    """What _toc.yml lists, as [(caption or None, pages)] in reading order, the root first.

    A page is a path without suffix, whether it is written with one or not.
    """
    found = []

    def walk(entry, caption):
        if not isinstance(entry, dict):
            raise BookError(f"_toc.yml: expected entries such as `file: chapters/06_mnist`, got {entry!r}")
        names = [str(entry[key]) for key in ("root", "file") if key in entry]
        pages = [name.removesuffix(".md").removesuffix(".ipynb") for name in names]
        if pages and found and found[-1][0] == caption:
            found[-1][1].extend(pages)
        elif pages:
            found.append((caption, pages))
        for key in ("parts", "chapters", "sections"):
            for below in entry.get(key) or []:
                walk(below, below.get("caption", caption) if key == "parts" else caption)
    walk(yaml.safe_load((root / "_toc.yml").read_text(encoding="utf-8")), None)
    return found


def pages(root=ROOT):
    """All pages that _toc.yml lists, as paths without suffix, in reading order."""
    return [page for _, listed in parts(root) for page in listed]


def is_text(path):
    """Does a Markdown file begin with jupytext's front matter, so that a notebook is made from it?"""
    return path.is_file() and bool(FRONT_MATTER.match(path.read_text(encoding="utf-8")))


def texts(root=ROOT):
    """The texts that have a notebook: pages of _toc.yml whose front matter is jupytext's."""
    found = []
    for page in pages(root):
        path = root / f"{page}.md"
        if page in MADE:
            continue
        if not path.exists():
            raise FileNotFoundError(f"_toc.yml lists {page}, and there is no {page}.md")
        if is_text(path):
            found.append(path)
    return found


def code_cells(notebook):
    """The code cells of a notebook."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def has_fluid(notebook):
    """Does a notebook have a Fluid cell?"""
    return any(cell.source.startswith("%%fluid") for cell in code_cells(notebook))


def facts(notebook):
    """A notebook's front matter under `parity`."""
    return notebook.metadata.get("parity") or {}


def budget(notebook):
    """Processor seconds that a quick run may take, or None where the front matter says nothing."""
    return facts(notebook).get("budget_s")


def title(notebook, name):
    """The first heading of a notebook up to its first comma or colon: "6. MNIST"; `name` where there is none."""
    lines = (line for cell in notebook.cells if cell.cell_type == "markdown" for line in cell.source.splitlines())
    return next((re.split("[,:]", line[2:])[0].strip() for line in lines if line.startswith("# ")), name)

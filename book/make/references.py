"""The bibliography: `book/references.toml` as a page, each entry with an anchor and the pages that refer to it."""
import html
import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import PurePosixPath

from book.make import book
from book.make.glossary import notebooks_of

HERE = "book/pages/references"
FIELDS = {"key", "author", "year", "title", "where", "note"}
LINK = re.compile(r"references\.md#(ref-[\w-]+)")
INTRO = """# References

What the pages refer to: author, year, title, where it is, and which pages use it. The entries without an address say so.
"""


class BibliographyError(ValueError):
    """An entry of `book/references.toml` is not what it should be."""


@dataclass(frozen=True)
class Reference:
    """One entry; `where` is its address, `note` what else is to be said."""

    key: str
    author: str
    year: int
    title: str
    where: str = ""
    note: str = ""

    @property
    def anchor(self):
        """The entry's id on the page."""
        return f"ref-{self.key}"

    def is_used_in(self, source):
        """Does a text lead here, or to the source itself?"""
        files = self.where.replace("/tree/", "/blob/")          # a file of a repository at its commit
        return self.anchor in LINK.findall(source) or bool(self.where and (self.where in source or files in source))


def read(root):
    """The references of a repository, by author and year.

    Raises
    ------
    BibliographyError
        An entry lacks a field or has an unknown one, or two have the same key or address.
    """
    found = []
    for entry in tomllib.loads((root / "book/references.toml").read_text(encoding="utf-8")).get("reference", []):
        wrong = ({"key", "author", "year", "title"} - set(entry)) | (set(entry) - FIELDS)
        if wrong or not re.fullmatch(r"[a-z0-9-]+", entry["key"]) or not (entry.get("where") or entry.get("note")):
            raise BibliographyError(f"references.toml, {entry.get('key', '?')!r}: expected key (small letters, digits, hyphens), author, "
                                 f"year, title and an address (where) or a note, wrong: {', '.join(sorted(wrong)) or 'key, where or note'}")
        one = Reference(**entry)
        same = [other.key for other in found if other.key == one.key or (one.where and other.where == one.where)]
        if same:
            raise BibliographyError(f"references.toml: {one.key!r} and {same[0]!r} have the same key or address")
        found.append(one)
    return sorted(found, key=lambda one: (one.author.lower(), one.year, one.title))


def source(notebook):
    """Everything in which a page can link: Markdown and code."""
    return "\n".join(cell.source for cell in notebook.cells)


def unknown(text, references):
    """Anchors of the references page to which a text links and which are not there."""
    return sorted(set(LINK.findall(text)) - {one.anchor for one in references})


def entry(one, pages):
    """An entry of the page as HTML."""
    title = html.escape(one.title)
    if one.where:
        title = f'<a href="{html.escape(one.where)}">{title}</a>'
    links = [f'<a href="{os.path.relpath(document + ".html", PurePosixPath(HERE).parent)}">{html.escape(book.title(notebook, document))}</a>'
             for document, notebook in pages.items() if one.is_used_in(source(notebook))]
    used = f' <span class="used-in">Used in: {"; ".join(links)}.</span>' if links else ""
    note = re.sub(r"https://\S+[\w/]", lambda found: f'<a href="{found[0]}">{found[0]}</a>', html.escape(one.note))
    return (f'<li id="{one.anchor}">{html.escape(one.author)} ({one.year}). {title}.'
            + (f" {note}" if note else "") + used + "</li>")


def text(root, documents):
    """The page as Markdown."""
    pages = notebooks_of(root, documents)
    entries = "\n".join(entry(one, pages) for one in read(root))
    return f'{INTRO}\n<ul class="labs-references">\n{entries}\n</ul>\n'

"""What the search looks through: every section of every page, with its own words, as one file that the search page reads.

Sphinx's own search knows pages and single words; this one leads to sections, takes "batch norm" for BatchNorm, and finds
Chinese words, by themselves and through the glossary (`book/static/find.js`).
"""
import json
import re
from pathlib import Path

from bs4 import BeautifulSoup
from docutils import nodes

FILE = "find.json"
IDENTIFIER = re.compile(r"[A-Za-z_]\w{2,}")


def words_of_code(code):
    """The identifiers of a block of code, once each: enough to find it."""
    return " ".join(dict.fromkeys(IDENTIFIER.findall(code)))


def pieces(node):
    """The texts of a section, without those of its subsections."""
    for child in node.children:
        if isinstance(child, (nodes.section, nodes.title, nodes.comment)):
            continue
        if isinstance(child, (nodes.literal_block, nodes.doctest_block)):
            yield words_of_code(child.astext())
        elif isinstance(child, nodes.raw):
            if "code" in child:
                yield words_of_code(child["code"])
            elif "<table" in child.astext():
                yield " ".join(cell.get_text(" ") for cell in BeautifulSoup(child.astext(), "html.parser").select("caption, th"))
        elif isinstance(child, nodes.math_block):
            continue
        elif isinstance(child, (nodes.paragraph, nodes.TextElement)):
            yield re.sub(r"\s+", " ", "".join(text.astext() for text in child.findall(nodes.Text) if not isinstance(text.parent, nodes.math)))
        elif isinstance(child, nodes.Element):
            yield from pieces(child)


def sections(document):
    """[anchor, title, text] of each section of a document; the first has no anchor."""
    found = []
    for section in document.findall(nodes.section):
        title = next((child.astext() for child in section.children if isinstance(child, nodes.title)), "")
        found.append([section["ids"][0] if found else "", title, " ".join(filter(None, pieces(section)))])
    return found


def collect(app, document):
    """Keep a document's sections when it has been read."""
    env = app.env
    if not hasattr(env, "parity_sections"):
        env.parity_sections = {}
    env.parity_sections[env.docname] = sections(document)


def forget(app, env, docname):
    """A document that is read anew or is gone."""
    getattr(env, "parity_sections", {}).pop(docname, None)


def merge(app, env, docnames, other):
    """What another process has read."""
    if not hasattr(env, "parity_sections"):
        env.parity_sections = {}
    env.parity_sections.update({name: found for name, found in getattr(other, "parity_sections", {}).items() if name in docnames})


def entries(found, glossary):
    """The file's content: [page, anchor, title, text] each, and what each Chinese term is in English.

    Parameters
    ----------
    found : dict of str to list
        Sections by document.
    glossary : dict
        `book/glossary.json`.
    """
    made = [[name, *section] for name in sorted(found) if name != "404" for section in found[name]]
    made += [[glossary["page"], term["anchor"], f'{term["en"]} {term["zh"]}', term["hint"]] for term in glossary["terms"]]
    return {"titles": {name: found[name][0][1] for name in found if found[name]}, "sections": made,
            "chinese": {term["zh"]: [term["en"], *term["forms"]] for term in glossary["terms"]}}


def write(app, error):
    """Write the file beside the other static ones."""
    if error or app.builder.format != "html":
        return
    path = Path(app.srcdir) / "book/glossary.json"
    glossary = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"page": "", "terms": []}
    text = json.dumps(entries(getattr(app.env, "parity_sections", {}), glossary), ensure_ascii=False, separators=(",", ":"))
    (Path(app.outdir) / "_static" / FILE).write_text(text, encoding="utf-8")


def setup(app):
    """Collect while reading, write at the end."""
    app.connect("doctree-read", collect)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)
    app.connect("build-finished", write)

"""The first use of each glossary term on a page leads to the glossary; the texts hold no links for it.

What to link stands in `book/glossary.json` of the laid tree, which `book/make/glossary.py` makes.
"""
import json
import re
from pathlib import Path

from docutils import nodes

NOT_THERE = (nodes.title, nodes.reference, nodes.literal, nodes.literal_block, nodes.math, nodes.math_block, nodes.raw, nodes.caption,
             nodes.image, nodes.thead)


def is_prose(text):
    """A text of the page's own sentences: no heading, code, formula, link or output."""
    node = text.parent
    while node is not None:
        if isinstance(node, NOT_THERE) or (isinstance(node, nodes.container) and node.get("nb_element")):
            return False
        node = node.parent
    return True


def pieces(text, pattern, seen, address, hints):
    """The text cut at the terms that it is the first to use, as a list of nodes; None where it uses none."""
    made, at = [], 0
    for match in pattern.finditer(text):
        anchor = match.lastgroup.replace("__", "-")
        if anchor in seen:
            continue
        seen.add(anchor)
        made += [nodes.Text(text[at:match.start()]),
                 nodes.reference("", match[0], internal=True, refuri=f"{address}#{anchor}", reftitle=hints[anchor], classes=["term"])]
        at = match.end()
    return [*made, nodes.Text(text[at:])] if made else None


def link_terms(app, doctree, docname):
    """Replace the first use of each term."""
    path = Path(app.srcdir) / "book/glossary.json"
    if app.builder.format != "html" or not path.is_file():
        return
    glossary = json.loads(path.read_text(encoding="utf-8"))
    if docname not in glossary["documents"] or not glossary["terms"]:
        return
    pattern = re.compile("|".join(f"(?P<{term['anchor'].replace('-', '__')}>{term['pattern']})" for term in glossary["terms"]))
    hints = {term["anchor"]: term["hint"] for term in glossary["terms"]}
    address, seen = app.builder.get_relative_uri(docname, glossary["page"]), set()
    for text in [text for text in doctree.findall(nodes.Text) if is_prose(text)]:
        made = pieces(text.astext(), pattern, seen, address, hints)
        if made:
            text.parent.replace(text, made)


def setup(app):
    """Run when all references of a page are known."""
    app.connect("doctree-resolved", link_terms)

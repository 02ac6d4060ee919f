"""Anchors of pages that are made as HTML, so that a text can link to them: `references.md#ref-lecun-1998`.

MyST knows the headings of a page and refuses a link to anything else.
"""
import re

from docutils import nodes

ANCHOR = re.compile(r'<(?:li|dt) id="([\w-]+)">')


def register(app, doctree):
    """Tell MyST of the anchors in a page's HTML."""
    found = {name: (0, name, name) for raw in doctree.findall(nodes.raw) for name in ANCHOR.findall(raw.astext())}
    if found:
        facts = app.env.metadata[app.env.docname]
        facts["myst_slugs"] = {**facts.get("myst_slugs", {}), **found}


def setup(app):
    """Run when a page was read."""
    app.connect("doctree-read", register)

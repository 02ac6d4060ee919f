"""API names in code spans lead to the frameworks' documentation; in the notebooks they stay plain.

What to link stands in `book/api_links.json` of the laid tree, which `book/make/api_links.py` makes.
A name of one framework becomes a link. One of both, such as `nn.LSTM`, is followed by two at its first use.
"""
import json
import re
from pathlib import Path

from docutils import nodes

from .terms import NOT_THERE

NAME = re.compile(r"[\w.]+")
LEFT_ALONE = tuple(kind for kind in NOT_THERE if kind is not nodes.literal)


def is_linked(literal):
    """A code span of the page's own sentences: in no heading, link, caption or output."""
    node = literal.parent
    while node is not None:
        if isinstance(node, LEFT_ALONE) or (isinstance(node, nodes.container) and node.get("nb_element")):
            return False
        node = node.parent
    return True


def link(label, address, hint):
    """One reference to the documentation."""
    return nodes.reference("", "", label, internal=False, refuri=address, reftitle=hint, classes=["api"])


def link_names(app, doctree, docname):
    """Link the first use of each name on a page."""
    path = Path(app.srcdir) / "book/api_links.json"
    if app.builder.format != "html" or not path.is_file():
        return
    known, seen = json.loads(path.read_text(encoding="utf-8")), set()
    for literal in [one for one in doctree.findall(nodes.literal) if is_linked(one)]:
        found = NAME.match(literal.astext())
        where = known.get(found[0]) if found else None
        if not where or found[0] in seen:
            continue
        seen.add(found[0])
        if len(where) == 1:
            (label, address), = where.items()
            literal.replace_self(link(literal.deepcopy(), address, f"{found[0]} in the documentation of {label}"))
        else:
            links = [link(nodes.Text(label), address, f"{found[0]} in the documentation of {label}") for label, address in sorted(where.items())]
            both = nodes.superscript("", "", nodes.Text(" "), links[0], nodes.Text(" "), links[1], classes=["api-links"])
            literal.parent.insert(literal.parent.index(literal) + 1, both)


def setup(app):
    """Run when all references of a page are known."""
    app.connect("doctree-resolved", link_names)

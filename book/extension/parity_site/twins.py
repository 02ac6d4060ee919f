"""A whole twin as a page of its own: `{twin} FOLDER` shows its Paddle and PyTorch side beside each other, what differs lit.

And each chapter leads there, below its first pair. Which page belongs to which chapter stands in `book/twins.json` of
the laid tree, which `book/make/twins.py` makes.
"""
import json
from pathlib import Path

from docutils import nodes
from sphinx.transforms import SphinxTransform
from sphinx.util.docutils import SphinxDirective

from . import comparison


def cell(name, code):
    """A side's whole file as one cell without output."""
    source = nodes.container(nb_element="cell_code_source", classes=["cell_input"])
    source += nodes.literal_block(code, code, language="python")
    made = nodes.container(nb_element="cell_code", classes=["cell", f"tag_{name}"])
    made += source
    return made


class Twin(SphinxDirective):
    """`{twin} FOLDER`, relative to the tree's root: the folder holds paddle_side.py and torch_side.py."""

    required_arguments = 1

    def run(self):
        """The two files as cells, which `GroupSides` groups and lights."""
        made = []
        for name in ("paddle", "torch"):
            path = Path(self.env.srcdir) / self.arguments[0] / f"{name}_side.py"
            self.env.note_dependency(str(path))
            made.append(cell(name, path.read_text(encoding="utf-8")))
        return made


class LeadToTwin(SphinxTransform):
    """Below the first pair of a chapter stands a link to the whole twin."""

    default_priority = 885                      # after GroupSides

    def apply(self, **kwargs):
        """Add the link where the chapter has a twin."""
        path = Path(self.app.srcdir) / "book/twins.json"
        page = json.loads(path.read_text(encoding="utf-8")).get(self.env.docname) if path.is_file() else None
        pair = next((block for block in self.document.findall(comparison.comparison) if {"paddle", "torch"} <= set(block["sides"])), None)
        if page is None or pair is None:
            return
        address = self.app.builder.get_relative_uri(self.env.docname, page)
        link = nodes.paragraph("", "", nodes.reference("", "The whole twin on one page", internal=True, refuri=address),
                               nodes.Text(": both files side by side, with what differs marked."), classes=["twin-link"])
        pair.parent.insert(pair.parent.index(pair) + 1, link)


def setup(app):
    """Register the directive and the transform."""
    app.add_directive("twin", Twin)
    app.add_transform(LeadToTwin)

"""The first cells of a notebook, which prepare it, stand in one fold: a page begins with what it says.

They are the cell for Colab, the one that sets the environment, and the imports below them; what the last one shows
(the banner of the run) stays in sight. Where the text goes on to speak of the cell, as in chapter 1, it stays as it is.
"""
from docutils import nodes
from sphinx.transforms import SphinxTransform

SHOW, HIDE = "Set-up of the notebook", "Set-up of the notebook"
PREPARES, LAST = "device.prepare(", "run.banner("


def is_cell(node):
    """Whether a node is a cell of code."""
    return isinstance(node, nodes.container) and node.get("nb_element") == "cell_code"


def source(cell):
    """The code of a cell."""
    return "".join(part.astext() for part in cell.children if part.get("nb_element") == "cell_code_source")


def run_from(parent, first):
    """The neighbouring cells from an index on, comments between them left out."""
    found = []
    for child in parent.children[first:]:
        if is_cell(child):
            found.append(child)
        elif not isinstance(child, nodes.comment):
            break
    return found


class FoldSetUp(SphinxTransform):
    """Runs after MyST-NB has rendered the cells and before they are hidden."""

    default_priority = 870

    def apply(self, **kwargs):
        """Put the sources of the cells into one fold."""
        section = next(self.document.findall(nodes.section), None)
        first = next((i for i, child in enumerate(section.children if section else ()) if is_cell(child) and "tag_setup" in child["classes"]), None)
        if first is None:
            return
        cells = run_from(section, first)
        last = next((i for i, cell in enumerate(cells) if LAST in source(cell)), None)
        if last is None or not any(PREPARES in source(cell) for cell in cells[:last]):
            return
        fold = nodes.container(nb_element="cell_code", classes=["cell", "set-up"], hide_mode="all", prompt_show=SHOW, prompt_hide=HIDE)
        for cell in cells[:last]:
            section.remove(cell)
            fold += cell.children
        banner = cells[last]
        code = banner.children[0]
        banner.remove(code)
        fold += code
        banner["hide_mode"] = None
        if not banner.children:
            section.remove(banner)
        section.insert(first, fold)


def setup(app):
    """Register the transform."""
    app.add_transform(FoldSetUp)

"""Neighbouring cells tagged `fluid`, `paddle` or `torch` become one comparison.

One piece of HTML serves every reader: radio buttons and their panes, which the style
sheet lays out as columns (wide), tabs (narrow) or one below the other (print). It works
without JavaScript; `sides.js` adds that all tabs of a page switch together and that the
choice is remembered. In the code of Paddle and PyTorch, what differs is marked (`lit`); a
button of each block turns the marks off.
"""
import html

from docutils import nodes
from sphinx.transforms import SphinxTransform

from . import lit

SIDES = {"fluid": "Fluid", "paddle": "Paddle", "torch": "PyTorch"}


class comparison(nodes.General, nodes.Element):
    """Two or three sides; attributes: `number` (on this page), `sides` (names in order), `lines`, `differ` (of `lit.Lit`)."""


class side(nodes.General, nodes.Element):
    """One side's cells; attributes: `number`, `name`, `chosen` (open at first)."""


def side_of(node):
    """The side that a cell belongs to by its tag, or None."""
    if isinstance(node, nodes.container) and node.get("nb_element") == "cell_code":
        return next((name for name in SIDES if f"tag_{name}" in node["classes"]), None)
    return None


def runs(parent):
    """Runs of neighbouring tagged cells, as lists of (side, cell); a side that comes again begins a new run."""
    run, last = [], None
    for child in [*parent.children, None]:
        if isinstance(child, (nodes.comment, nodes.target)):
            continue
        name = side_of(child) if child is not None else None
        if run and (name is None or (name != last and name in {known for known, _ in run})):
            yield run
            run = []
        if name is not None:
            run.append((name, child))
        last = name


def without_magic_line(cell):
    """Take the line `%%torch -i x` off a cell's source: the column's heading says it already."""
    for block in cell.findall(nodes.literal_block):
        first, _, rest = block.astext().partition("\n")
        if first.split(" ")[0] in {f"%%{name}" for name in SIDES}:
            # rawsource must equal the text, or Sphinx does not highlight the block
            block.children, block.rawsource = [], rest
            block += nodes.Text(rest)
        return


def sources(block, name):
    """The literal blocks of one side's cells, outputs left out."""
    cells = next((part for part in block.children if part["name"] == name), ())
    return [code for cell in cells for part in cell.findall(nodes.container) if part.get("nb_element") == "cell_code_source"
            for code in part.findall(nodes.literal_block)]


def light(block):
    """Mark in the code of a block what Paddle and PyTorch do not share; cells correspond in their order."""
    block["lines"], block["marked"], block["differ"] = 0, 0, {"paddle": [], "torch": []}
    passed = {"paddle": 0, "torch": 0}
    for first, second in zip(sources(block, "paddle"), sources(block, "torch")):
        found = lit.compare(first.astext(), second.astext())
        block["lines"] += found.lines
        block["marked"] += found.marked
        for name, code, painted, differ in zip(passed, (first, second), (found.first, found.second), found.differ):
            block["differ"][name] += [passed[name] + line for line in differ]
            passed[name] += len(code.astext().rstrip("\n").split("\n"))
            code.replace_self(painted_code(code.astext(), painted))


def painted_code(code, painted):
    """A block of code whose HTML is made already; `code` stays for whoever reads the document."""
    made = nodes.raw("", f'<div class="highlight-python notranslate"><div class="highlight"><pre><span></span>{painted}</pre></div></div>\n',
                     format="html")
    made["code"] = code
    return made


class GroupSides(SphinxTransform):
    """Runs after MyST-NB has rendered the cells."""

    default_priority = 880

    def apply(self, **kwargs):
        """Group the document's tagged cells; a side alone stays a plain cell under its name."""
        number = 0
        parents = [n for n in self.document.findall(nodes.Element) if any(side_of(c) for c in n.children)]
        for parent in parents:
            for run in list(runs(parent)):
                for _, cell in run:
                    without_magic_line(cell)
                if len({name for name, _ in run}) > 1:
                    number += 1
                    self.wrap(parent, run, number)
                else:
                    self.name_lone(parent, run)

    def wrap(self, parent, run, number):
        """Put the cells of a run into one comparison, Fluid first, then Paddle, then PyTorch."""
        at = parent.index(run[0][1])
        cells = {}
        for name, cell in run:
            parent.remove(cell)
            cells.setdefault(name, []).append(cell)
        names = [name for name in SIDES if name in cells]
        block = comparison(number=number, sides=names)
        for name in names:
            block += side("", *cells[name], number=number, name=name,
                          chosen=name == ("paddle" if "paddle" in names else names[0]))
        light(block)
        parent.insert(at, block)

    def name_lone(self, parent, run):
        """Say above a cell that has no neighbour which framework it is."""
        name = run[0][0]
        label = nodes.paragraph(SIDES[name], SIDES[name], classes=["side-alone", f"side-{name}"])
        parent.insert(parent.index(run[0][1]), label)


def bar(node):
    """How much differs, as a button that shows and hides the marks; who hears the page is told the lines before the code."""
    count = node["marked"]
    if not node["lines"]:
        return ""
    of = f'{node["lines"]} line{"s" if node["lines"] > 1 else ""}'
    if not count:
        return f'<div class="lit-bar"><span class="lit-none">no difference in {of}</span></div>\n'
    where = "; ".join(f'{SIDES[name]} {", ".join(map(str, lines))}' for name, lines in node["differ"].items() if lines)
    return (f'<div class="lit-bar"><span class="visually-hidden">Lines that differ: {where}.</span>'
            f'<button type="button" class="lit-switch pst-js-only" aria-pressed="true" title="Show or hide what differs">'
            f'{count} of {of} differ{"s" if count == 1 else ""}</button></div>\n')


def visit_comparison(self, node):
    """Open the block; it is a group with a name for those who hear the page."""
    names = [SIDES[name] for name in node["sides"]]
    label = html.escape("The same step in " + ", ".join(names[:-1]) + " and " + names[-1], quote=True)
    self.body.append(f'<div class="sides-block sides-{len(names)}" role="group" aria-label="{label}"><div class="sides">\n{bar(node)}')


def depart_comparison(self, node):
    """Close the block."""
    self.body.append("</div></div>\n")


def visit_side(self, node):
    """A radio button, its label, and the pane that the button opens."""
    group, name = f"sides-{node['number']}", node["name"]
    checked = " checked" if node["chosen"] else ""
    self.body.append(
        f'<input class="sides-choice" type="radio" name="{group}" id="{group}-{name}" value="{name}"{checked}>\n'
        f'<label class="sides-label side-{name}" for="{group}-{name}" id="{group}-{name}-label">{SIDES[name]}</label>\n'
        f'<div class="sides-pane side-{name}" role="group" aria-labelledby="{group}-{name}-label">\n')


def depart_side(self, node):
    """Close the pane."""
    self.body.append("</div>\n")


def pass_through(self, node):
    """Other formats print the cells one after another."""


def setup(app):
    """Register nodes and transform."""
    plain = dict.fromkeys(("latex", "text", "man", "texinfo"), (pass_through, pass_through))
    app.add_node(comparison, html=(visit_comparison, depart_comparison), **plain)
    app.add_node(side, html=(visit_side, depart_side), **plain)
    app.add_transform(GroupSides)

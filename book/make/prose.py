"""What a reader reads of a notebook: its Markdown, and the words that stand in its code.

Words in code are the alt texts, captions and titles of figures and tables, and the sentences of
claims and predictions. A variable in them is read as ◦.
"""
import ast
import re

from book.make.book import code_cells
from book.make.rules import FENCE, called, tags

VARIABLE = "◦"
NAMED = {"alt", "caption", "title"}                                     # arguments that a reader reads
SENTENCES = {"claim", "Claim", "learned", "prediction", "paragraph"}    # calls whose text a reader reads
BARE = re.compile(r"[-+]?[\d.,\s]*\d[\d.,\s]*(\\?%)?")
CODE_OR_MATHS = re.compile(r"(`+)(?!`)(?P<code>.*?)(?<!`)\1(?!`)|\$(?P<maths>[^$\n]+)\$", re.S)
LINK = re.compile(r"!?\[(?P<text>(?:[^\[\]]|\[[^\]]*\])*)\]\((?P<href>[^)\s]*)[^)]*\)")
ADDRESS = re.compile(r"https?://\S+|<[^>\n]+>")


def markdown(source):
    """Markdown without code fences and displayed formulas."""
    return re.sub(r"\$\$.*?\$\$", " ", FENCE.sub(" ", source), flags=re.S)


def read(source, links=True):
    """Markdown as it is read: formulas and `code` go, but for a bare number; of a link its text stays, or nothing."""
    def bare(found):
        inside = (found["code"] or found["maths"] or "").strip()
        return f" {inside} " if BARE.fullmatch(inside) else " "
    text = LINK.sub(lambda found: found["text"] if links else " ", CODE_OR_MATHS.sub(bare, markdown(source)))
    return ADDRESS.sub(" ", text)


def spans(source):
    """The code spans of Markdown."""
    return [found["code"].strip() for found in CODE_OR_MATHS.finditer(markdown(source)) if found["code"]]


def tree(cell):
    """The syntax tree of a cell without its magics; None where it is no Python."""
    lines = ["" if re.match(r"\s*[%!]", line) else line for line in cell.source.splitlines()]
    try:
        return ast.parse("\n".join(lines))
    except SyntaxError:
        return None


def calls(cell):
    """Every call of a cell, with the name that is called: `claims.claim(...)` -> "claim"."""
    for node in ast.walk(tree(cell) or ast.Module([], [])):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func).split(".")[-1], node


def literal(node):
    """The text of an expression with its variables as ◦; empty where it holds no text."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    if isinstance(node, ast.JoinedStr):
        return "".join(literal(part) if isinstance(part, ast.Constant) else VARIABLE for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return (literal(node.left) or VARIABLE) + (literal(node.right) or VARIABLE)
    return ""


def in_code(cell):
    """The texts in a code cell that a reader reads."""
    for name, call in calls(cell):
        found = [keyword.value for keyword in call.keywords if keyword.arg in NAMED]
        if name in SENTENCES:
            found += [keyword.value for keyword in call.keywords if keyword.arg in ("sentence", "question")]
            found += call.args if name == "paragraph" else call.args[:1]
        yield from filter(None, map(literal, found))


def passages(notebook):
    """(how a message names the place, Markdown) of everything that is read, in order."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            yield called(cell), cell.source
    for cell in code_cells(notebook):
        if "setup" not in tags(cell):
            for text in in_code(cell):
                yield called(cell), text

"""What a committed notebook may hold: one function a rule, each returns the broken places in words.

An empty list means that the rule is kept. `tests/notebooks/test_pairs.py` holds
every notebook to every rule, and every rule to a notebook that breaks it.
"""
import re
from itertools import groupby

from book.make.book import code_cells

SIDES = ("fluid", "paddle", "torch")
TAGS = {*SIDES, "hide-input", "hide-cell", "remove-input", "remove-cell", "exercise", "setup"}
WIDTH = 62
SKELETONS = ("twins", "library")
FENCE = re.compile(r"^(?P<fence>`{3,}|~{3,})[^\n]*\n.*?^(?P=fence)[`~]*[ \t]*$", re.M | re.S)
MYST = {
    "a directive": re.compile(r"^\s*(?:`{3,}|~{3,})\{", re.M),
    "a colon fence": re.compile(r"^\s*:{3,}", re.M),
    "a role": re.compile(r"\{[a-zA-Z][\w:+.-]*\}`"),
    "a label": re.compile(r"^\s*\([^()\n]+\)=\s*$", re.M),
    "a comment line": re.compile(r"^%\s", re.M),
    "a block break": re.compile(r"^\+\+\+", re.M),
    "a substitution": re.compile(r"\{\{[^{}\n]*\}\}"),
    "a footnote": re.compile(r"\[\^[^\]\n]+\]"),
    "attributes": re.compile(r"[`)\]]\{[.#][^}\n]*\}"),
    "a labelled equation": re.compile(r"\$\$[ \t]*\([^()\n]+\)[ \t]*$", re.M),
}
INLINE = {"a role", "a substitution", "a footnote"}


def tags(cell):
    """A cell's tags, as a list."""
    return list(cell.metadata.get("tags", []))


def side(cell):
    """The framework whose tag a cell carries, or None."""
    return next((tag for tag in tags(cell) if tag in SIDES), None) if cell.cell_type == "code" else None


def called(cell):
    """How a message names a cell: its id and its first line."""
    lines = cell.source.strip().splitlines() or ["(empty)"]
    return f"cell {cell.get('id', '?')}, {lines[0][:60]!r}"


def no_outputs(notebook):
    """Neither outputs nor execution counts."""
    return [f"{called(cell)}: holds {'an output' if cell.outputs else 'an execution count'}; run make notebooks"
            for cell in code_cells(notebook) if cell.outputs or cell.execution_count is not None]


def no_empty_cells(notebook):
    """No code cell without code: it cannot be proven to have run."""
    return [f"{called(cell)}: holds no code" for cell in code_cells(notebook) if not cell.source.strip()]


def known_tags(notebook):
    """Only tags that the site and the tests know, one side at most."""
    wrong = [f"{called(cell)}: unknown tag {tag!r}; known: {', '.join(sorted(TAGS))}"
             for cell in notebook.cells for tag in tags(cell) if tag not in TAGS]
    return wrong + [f"{called(cell)}: expected one side, got {', '.join(tags(cell))}"
                    for cell in notebook.cells if len(set(tags(cell)) & set(SIDES)) > 1]


def narrow_sides(notebook):
    """A cell of a side keeps within 62 columns, the magic line too: two must fit beside each other."""
    return [f"{called(cell)}: line {number} has {len(line)} columns, {WIDTH} fit: {line}"
            for cell in code_cells(notebook) if side(cell)
            for number, line in enumerate(cell.source.splitlines(), 1) if len(line) > WIDTH]


def sides_begin_with_their_magic(notebook):
    """A cell tagged `torch` begins with %%torch, and so on: the tag is the label, the magic what runs."""
    wrong = []
    for cell in code_cells(notebook):
        first = cell.source.split("\n", 1)[0]
        if side(cell) and not re.match(rf"%%{side(cell)}(\s|$)", first):
            wrong.append(f"{called(cell)}: tagged {side(cell)!r}, expected it to begin with %%{side(cell)}")
    return wrong


def both_sides(notebook):
    """Neighbouring cells of sides make whole pairs: Paddle and PyTorch both, Fluid where there is one."""
    wrong = []
    for tagged, run in groupby(notebook.cells, key=lambda cell: side(cell) is not None):
        groups = [[]]
        for cell in run if tagged else ():
            if side(cell) in map(side, groups[-1]):
                groups.append([])
            groups[-1].append(cell)
        for group in filter(None, groups):
            missing = {"paddle", "torch"} - set(map(side, group))
            if missing:
                wrong.append(f"{called(group[0])}: {' and '.join(map(side, group))} without {' and '.join(sorted(missing))}; "
                             "a cell that stands alone carries no tag of a side")
    untagged = [re.match(r"%%(paddle|torch)\b", cell.source) if cell.cell_type == "code" and not side(cell) else None
                for cell in notebook.cells]
    for cell, one, other in zip(notebook.cells, untagged, untagged[1:]):
        if one and other and one.group(1) != other.group(1):
            wrong.append(f"{called(cell)}: a pair by its magics, and neither cell is tagged; tag them paddle and torch")
    return wrong


def models_are_placed(notebook):
    """A model that gets weights is made by parity.ready, which puts it on the device that labs.device chooses."""
    return [f"{called(cell)}: parity.load leaves a new model where it was built; parity.ready(side, config, weights) puts it "
            "on the chosen device" for cell in code_cells(notebook) if re.search(r"\bparity\.load\(\s*[\w.]+\.build\(", cell.source)]


def no_bars_of_text(notebook):
    """No tqdm: a saved notebook keeps each step of its bar, and an HTML export shows them all."""
    return [f"{called(cell)}: a bar of tqdm stays in a saved notebook; `for batch in progress.steps(batches, name):` of "
            "`from labs import progress` shows a line and leaves nothing (a library's own bar: its argument or setting that turns it off)"
            for cell in code_cells(notebook) if re.search(r"\b(tqdm|trange)\b", cell.source)]


def prose_for_colab(notebook):
    """Text in CommonMark, $maths$, tables and images only: MyST's own syntax shows raw in Colab."""
    wrong = []
    for cell in notebook.cells:
        if cell.cell_type != "markdown":
            continue
        outside = FENCE.sub(lambda found: found.group(0) if "{" in found.group(0).split("\n", 1)[0] else "", cell.source)
        prose = re.sub(r"(?<![}`])(`+)(?!`).*?(?<!`)\1(?!`)|\$[^$\n]+\$", "", outside)
        for name, pattern in MYST.items():
            found = pattern.search(prose if name in INLINE - {"a role"} else outside)
            if found:
                wrong.append(f"{called(cell)}: {name} ({found.group(0).strip()!r}), which Colab shows raw")
    return wrong


def colab_first(notebook, version):
    """The first code cell is Colab's, and installs the tag of this version."""
    cells = code_cells(notebook)
    if not cells:
        return ["no code cell"]
    first = cells[0]
    if set(tags(first)) != {"setup", "hide-cell"} or "google.colab" not in first.source:
        return [f"{called(first)}: expected the cell that makes the notebook run in Colab; run make notebooks"]
    if f"/archive/refs/tags/v{version}.tar.gz" not in first.source:
        return [f"{called(first)}: expected it to install the tag v{version}, which is labs.__version__; run make notebooks"]
    if re.search(r"pip install[^\n]*\btorch\b", first.source):
        return [f"{called(first)}: installs torch; Colab's own must stay"]
    return []


def front_matter(notebook, chapter=True):
    """The `parity:` block that the status page, the executor and the tests read."""
    facts = notebook.metadata.get("parity")
    if not isinstance(facts, dict):
        return ["no `parity:` in the front matter"]
    wrong = []

    def expect(name, good, what):
        if name not in facts or not good(facts[name]):
            wrong.append(f"front matter, parity.{name}: expected {what}, got {facts.get(name)!r}")
    number = lambda value: isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0    # noqa: E731
    expect("budget_s", number, "the seconds that a quick run may take")
    if chapter:
        expect("articles", lambda value: isinstance(value, list) and all(isinstance(title, str) for title in value),
               "a list of titles, empty where no article stands behind it")
        expect("megabytes", lambda value: value == 0 or number(value), "the megabytes that it downloads")
        expect("target", lambda value: isinstance(value, dict) and {"what", "value", "source"} <= set(value),
               "what, value and source")
        expect("skeleton", lambda value: value in SKELETONS, " or ".join(SKELETONS))
    return wrong

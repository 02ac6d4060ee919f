"""Makes small books with the course's own extension, styles and configuration, for the tests of the site."""
import json
import re
import shutil
from pathlib import Path

import nbformat

from book.make import book, site

ROOT = Path(__file__).resolve().parents[2]

PADDLE = "%%paddle -i batches\nimport paddle\n\nclass LeNet(paddle.nn.Layer):\n    pass"
TORCH = "%%torch -i batches\nimport torch\n\nclass LeNet(torch.nn.Module):\n    pass"
FLUID = "%%fluid\nimport paddle.fluid as fluid"
TABLE = ('<div class="labs-table-box" tabindex="0" role="group" aria-label="Wide" style="overflow-x:auto">'
         '<table class="labs-table"><caption>Wide</caption><thead><tr>' + "<th>a long heading</th>" * 30 +
         "</tr></thead><tbody><tr>" + '<td class="labs-pass">value</td>' * 30 + "</tr></tbody></table></div>")


def cell(name, source, *tags, html=None):
    """A code cell and what its run left behind; `name` becomes the id."""
    made = nbformat.v4.new_code_cell(source, metadata={"tags": list(tags)} if tags else {})
    made["id"] = name
    outputs = [{"output_type": "stream", "name": "stdout", "text": f"printed by {name}\n"}]
    if html:
        outputs = [{"output_type": "execute_result", "execution_count": 1, "metadata": {},
                    "data": {"text/html": html, "text/plain": "text", site.DATA_MIME: {"kind": "table"}}}]
    return made, outputs


def text(name, source):
    """A Markdown cell; it leaves nothing behind."""
    made = nbformat.v4.new_markdown_cell(source)
    made["id"] = name
    return made, None


def write_chapter(root, name, cells, run=True):
    """Write `chapters/NAME.ipynb` and, unless told not to, the record of its run."""
    notebook = nbformat.v4.new_notebook(cells=[made for made, _ in cells], metadata={
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}, "language_info": {"name": "python"}})
    (root / "chapters").mkdir(exist_ok=True)
    (root / "chapters" / f"{name}.ipynb").write_text(nbformat.writes(notebook), encoding="utf-8")
    (root / "chapters" / f"{name}.md").write_text(f"# {name}\n", encoding="utf-8")      # the text that it is made from
    if run:
        runs = root / "_build/runs"
        runs.mkdir(parents=True, exist_ok=True)
        record = [{"id": made["id"], "execution_count": i, "outputs": outputs}
                  for i, (made, outputs) in enumerate((c for c in cells if c[1] is not None), start=1)]
        (runs / f"{name}.json").write_text(json.dumps({"cells": record}), encoding="utf-8")


def new_book(root, url=book.PLACEHOLDER):
    """Lay out a book of two chapters under `root` with the repository's own configuration and pages."""
    shutil.copytree(ROOT / "book", root / "book", ignore=shutil.ignore_patterns("__pycache__", "make"))
    for page in (root / "book/pages").glob("*.md"):        # the pages lead to chapters of the real book; here there are two
        page.write_text(re.sub(r"\(\.\./\.\./chapters/\w+\.ipynb", "(../../chapters/01_pairs.ipynb", page.read_text(encoding="utf-8")), encoding="utf-8")
    config = (ROOT / "_config.yml").read_text(encoding="utf-8")
    ours = book.address_in(site.yaml.safe_load(config)).url
    (root / "_config.yml").write_text(config.replace(ours, url), encoding="utf-8")
    (root / "_toc.yml").write_text(
        "format: jb-book\nroot: index\nchapters:\n- file: chapters/01_pairs\n- file: chapters/02_plain\n"
        "- file: book/pages/running\n- file: book/pages/teaching\n- file: book/pages/report\n"
        "- file: book/pages/glossary\n- file: book/pages/references\n- file: book/pages/status\n", encoding="utf-8")
    (root / "labs").mkdir()
    (root / "labs/__init__.py").write_text('"""Labs."""\n__version__ = "1.2.3"\n', encoding="utf-8")
    (root / "index.md").write_text("# A book\n\nSee [the pairs](chapters/01_pairs.ipynb).\n", encoding="utf-8")
    write_chapter(root, "01_pairs", [
        text("t0", "# Pairs\n\nInline $x^2$ maths."), cell("c0", "batches = []", "setup", "hide-cell"),
        text("t1", "## Two"), cell("p1", PADDLE, "paddle"), cell("q1", TORCH, "torch"),
        text("t2", "## Three"), cell("p2", PADDLE, "paddle"), cell("q2", TORCH, "torch"), cell("f2", FLUID, "fluid"),
        text("t3", "## Alone"), cell("q3", TORCH, "torch"),
        text("t4", "## Two again"), cell("p4", PADDLE, "paddle"), cell("q4", TORCH, "torch"),
        text("t5", "## A table"), cell("w5", "wide", html=TABLE),
    ])
    write_chapter(root, "02_plain", [
        text("t0", "# Plain\n\nNo pairs, no maths."), cell("s0", "import importlib", "setup", "hide-cell"),
        cell("s1", "from labs import device\n\ndevice.prepare()"), cell("s2", "import glimmer\n\nrun.banner()", "hide-input"),
        text("t1", "## More\n\nAll the quorum functions of 张量 stand here, with $1 - m$ in a sentence."), cell("c0", "vector = normalise_rows(1 + 1)")])
    return root

"""The pages on which a whole twin is read: `twins/TASK`, made for every chapter whose front matter names a task.

The site's extension (`book/extension/parity_site/twins.py`) shows the files side by side and marks what differs.
"""
import re
from pathlib import PurePosixPath

import nbformat

SIDES = ("paddle_side.py", "torch_side.py")
PAGE = """---
orphan: true
---

# {title}: the whole twin

The two files that [chapter {number}]({chapter}) compares: `labs/tasks/{task}/paddle_side.py` on the left and
`torch_side.py` on the right. Lines that correspond stand at one height. What differs is marked; spacing, punctuation alone and the name of
the package are left out. The button above the files turns the marks off.

```{{twin}} labs/tasks/{task}
```
"""


def tasks(root, documents):
    """{document: (task, title of the chapter)} of the chapters with a twin."""
    found = {}
    for document in documents:
        path = root / f"{document}.ipynb"
        notebook = nbformat.read(path, 4) if path.exists() else None
        task = notebook.metadata.get("parity", {}).get("task") if notebook else None
        if task and all((root / "labs/tasks" / task / side).exists() for side in SIDES):
            heading = next(line[2:] for cell in notebook.cells if cell.cell_type == "markdown"
                           for line in cell.source.splitlines() if line.startswith("# "))
            found[document] = task, re.split("[,:]", heading)[0].strip()
    return found


def files(root, documents):
    """What the laid tree needs: path -> text.

    Parameters
    ----------
    root : Path
        The repository.
    documents : list of str
        All pages of `_toc.yml`.
    """
    made, pages = {}, {}
    for document, (task, title) in tasks(root, documents).items():
        number, _, name = title.partition(". ")
        pages[document] = f"twins/{task}"
        made[f"twins/{task}.md"] = PAGE.format(title=name or title, number=number, task=task, chapter=f"../{PurePosixPath(document)}.ipynb")
        for side in SIDES:
            made[f"labs/tasks/{task}/{side}"] = (root / "labs/tasks" / task / side).read_text(encoding="utf-8")
    return made, pages

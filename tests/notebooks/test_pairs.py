"""Every committed notebook keeps the rules of book/make/rules.py, and every rule catches what it forbids."""
import re
from pathlib import Path

import nbformat
import pytest
import yaml

from book.make import book, notebooks, rules

ROOT = Path(__file__).parents[2]
TEXTS = book.texts(ROOT)
VERSION = book.version(ROOT)
RULES = [rules.no_outputs, rules.no_empty_cells, rules.known_tags, rules.narrow_sides, rules.sides_begin_with_their_magic,
         rules.both_sides, rules.models_are_placed, rules.no_bars_of_text, rules.prose_for_colab]


def read(path):
    return nbformat.read(path.with_suffix(".ipynb"), 4)


def each_text(test):
    return pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.stem)(test)


def test_every_text_has_its_notebook_made_from_it():
    wrong = [path.relative_to(ROOT).as_posix() for path, _ in notebooks.drifted(TEXTS)]
    assert not wrong, f"not what the text makes (run make notebooks): {', '.join(wrong)}"


def test_no_notebook_is_without_a_text_and_none_is_missing_from_the_contents():
    there = {path.relative_to(ROOT).with_suffix("") for path in [*ROOT.glob("*.ipynb"), *(ROOT / "chapters").glob("*.*")]
             if path.suffix in (".ipynb", ".md")}
    assert there == {path.relative_to(ROOT).with_suffix("") for path in TEXTS}, "chapters/ and _toc.yml differ"


@each_text
@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_every_notebook_keeps_every_rule(rule, path):
    broken = rule(read(path))
    assert not broken, "\n".join(broken)


@each_text
def test_the_first_code_cell_installs_this_versions_tag_in_colab(path):
    assert rules.colab_first(read(path), VERSION) == []


@each_text
def test_the_front_matter_says_what_the_status_page_needs(path):
    assert rules.front_matter(read(path), chapter=path.parent.name == "chapters") == []


def test_the_first_page_lists_every_chapter_with_what_its_front_matter_says(tmp_path):
    first, listed = nbformat.read(ROOT / "index.ipynb", 4), notebooks.listed(ROOT)
    chapters = [path for path in TEXTS if path.parent.name == "chapters"]
    assert all(f"](chapters/{path.stem}.ipynb). {read(path).metadata['parity']['about']}" in listed for path in chapters)
    assert len(re.findall("^- ", listed, re.M)) == len(chapters) and any(listed in cell.source for cell in first.cells)


def test_changelog_and_citation_name_this_version():
    newest = re.search(r"^## (\d+\.\d+\.\d+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.M)
    assert newest and newest.group(1) == VERSION, f"CHANGELOG.md: expected its newest entry to be {VERSION}"
    assert str(yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))["version"]) == VERSION, "CITATION.cff: another version"


# --- the rules themselves, on a made-up notebook: it keeps them all, and each change breaks one ---

FRONT = """---
kernelspec: {name: python3, display_name: Python 3}
parity:
  articles: []
  budget_s: 10
  megabytes: 1
  target: {what: a sum, value: 3, source: arithmetic}
  skeleton: twins
---
"""
BODY = """
# A title

Prose with `code`, $x_{i}$, `{{ not a substitution }}` and a list:

- one
- two

```python
x = {name}
```

```{code-cell}
x = 1
```

```{code-cell}
:tags: [paddle]
%%paddle -i x
import paddle
```

```{code-cell}
:tags: [torch]
%%torch -i x
import torch
```
"""


def made(body=BODY, front=FRONT):
    return nbformat.reads(notebooks.notebook(front + body, notebooks.colab_cell(ROOT)), 4)


def test_the_made_up_notebook_keeps_every_rule():
    assert [line for rule in RULES for line in rule(made())] == []
    assert rules.colab_first(made(), VERSION) == [] and rules.front_matter(made()) == []


PAIR = BODY[BODY.index("```{code-cell}\n:tags: [paddle]"):]
LONE = PAIR[:PAIR.index("```{code-cell}\n:tags: [torch]")]
CHANGES = [
    (rules.no_empty_cells, "x = 1\n", "\n", "holds no code"),
    (rules.known_tags, ":tags: [paddle]", ":tags: [paddle, hide-everything]", "unknown tag 'hide-everything'"),
    (rules.known_tags, ":tags: [paddle]", ":tags: [raises-exception]", "unknown tag"),
    (rules.known_tags, ":tags: [paddle]", ":tags: [paddle, torch]", "expected one side"),
    (rules.narrow_sides, "import paddle\n", f"import paddle  # {'x' * 60}\n", "62 fit"),
    (rules.narrow_sides, "%%torch -i x", f"%%torch -i {'x' * 60}", "62 fit"),
    (rules.sides_begin_with_their_magic, "%%torch -i x", "%%paddle -i x", "begin with %%torch"),
    (rules.sides_begin_with_their_magic, "%%torch -i x\n", "", "begin with %%torch"),
    (rules.both_sides, LONE, "", "torch without paddle"),
    (rules.both_sides, PAIR, LONE, "paddle without torch"),
    (rules.both_sides, PAIR, LONE + PAIR, "paddle without torch"),
    (rules.both_sides, PAIR, LONE + "prose between\n\n" + PAIR[len(LONE):], "without"),
    (rules.both_sides, PAIR, re.sub(r":tags:.*\n", "", PAIR), "neither cell is tagged"),
    (rules.models_are_placed, "x = 1\n", "model = parity.load(\n    torch_side.build(config), weights)\n", "parity.ready"),
    (rules.no_bars_of_text, "x = 1\n", "from tqdm.auto import tqdm\n", "progress.steps"),
    (rules.no_bars_of_text, "x = 1\n", "for i in trange(3):\n    pass\n", "stays in a saved notebook"),
    (rules.prose_for_colab, "- two", "- {doc}`elsewhere`", "a role"),
    (rules.prose_for_colab, "- two", "- two\n\n:::{note}\nHear.\n:::", "a colon fence"),
    (rules.prose_for_colab, "- two", "- two\n\n```{note}\nHear.\n```", "a directive"),
    (rules.prose_for_colab, "# A title", "(a-label)=\n# A title", "a label"),
    (rules.prose_for_colab, "- two", "- two\n\n% to myself", "a comment line"),
    (rules.prose_for_colab, "- two", "- {{ name }}", "a substitution"),
    (rules.prose_for_colab, "- two", "- two[^1]", "a footnote"),
    (rules.prose_for_colab, "- two", "- two\n\n$$x = 1$$ (eq)", "a labelled equation"),
    (rules.prose_for_colab, "- two", "- [two](x.md){.wide}", "attributes"),
]


@pytest.mark.parametrize("rule, old, new, says", CHANGES)
def test_each_rule_catches_what_it_forbids(rule, old, new, says):
    assert old in BODY
    assert any(says in line for line in rule(made(BODY.replace(old, new))))


def test_a_message_names_the_cell_by_its_id_and_its_first_line():
    broken, = rules.known_tags(made(BODY.replace(":tags: [paddle]", ":tags: [paddle, hidden]")))
    cell = next(cell for cell in made().cells if rules.side(cell) == "paddle")
    assert broken.startswith(f"cell {cell.id}, '%%paddle -i x': unknown tag 'hidden'")


def test_three_sides_and_two_pairs_in_a_row_are_whole():
    fluid = "```{code-cell}\n:tags: [fluid]\n%%fluid\nimport paddle\n```\n\n"
    assert rules.both_sides(made(BODY.replace(PAIR, fluid + PAIR + "\n" + PAIR))) == []


def test_a_side_without_tag_may_stand_alone():
    assert rules.both_sides(made(BODY.replace(PAIR, LONE.replace(":tags: [paddle]\n", "")))) == []


def test_outputs_and_execution_counts_are_caught():
    nb = made()
    book.code_cells(nb)[1].execution_count = 3
    assert "execution count" in rules.no_outputs(nb)[0]
    nb = made()
    book.code_cells(nb)[1].outputs = [nbformat.v4.new_output("stream", text="1")]
    assert "an output" in rules.no_outputs(nb)[0]


def test_a_missing_or_outdated_colab_cell_is_caught():
    nb = made()
    assert "the tag v9.9.9" in rules.colab_first(nb, "9.9.9")[0]
    book.code_cells(nb)[0].source += "\n%pip install torch"
    assert "installs torch" in rules.colab_first(nb, VERSION)[0]
    nb.cells.remove(book.code_cells(nb)[0])
    assert "run make notebooks" in rules.colab_first(nb, VERSION)[0]


@pytest.mark.parametrize("line, name", [
    ("  articles: []\n", "articles"), ("  budget_s: 10\n", "budget_s"), ("  megabytes: 1\n", "megabytes"),
    ("  target: {what: a sum, value: 3, source: arithmetic}\n", "target"), ("  skeleton: twins\n", "skeleton")])
def test_a_missing_fact_in_the_front_matter_is_caught(line, name):
    assert [f"parity.{name}" in said for said in rules.front_matter(made(front=FRONT.replace(line, "")))] == [True]


def test_front_matter_without_parity_is_caught():
    assert rules.front_matter(made(front="---\nkernelspec: {name: python3, display_name: Python 3}\n---\n"))


# --- making notebooks is a pure function ---

def test_the_same_text_makes_the_same_bytes_and_ids_follow_their_cell():
    text, colab = FRONT + BODY, notebooks.colab_cell(ROOT)
    assert notebooks.notebook(text, colab) == notebooks.notebook(text, colab)
    before = {cell.source: cell.id for cell in made().cells}
    after = {cell.source: cell.id for cell in made("\nA new paragraph.\n\n```{code-cell}\nnew = 1\n```\n" + BODY).cells}
    assert len(set(before.values())) == len(before) and all(after.get(source, was) == was for source, was in before.items())
    assert sum(source in after for source in before) >= len(before) - 1


def test_a_drift_is_found_and_mended(tmp_path):
    text = tmp_path / "x.md"
    text.write_text(FRONT + BODY)
    assert len(notebooks.drifted([text])) == 1, "no notebook yet"
    text.with_suffix(".ipynb").write_text(notebooks.drifted([text])[0][1], encoding="utf-8")
    assert notebooks.drifted([text]) == []
    text.write_text(FRONT + BODY.replace("- two", "- three"))
    assert len(notebooks.drifted([text])) == 1, "the text changed"
    with pytest.raises(SystemExit, match="x.ipynb"):
        notebooks.main(["--check", str(text)])

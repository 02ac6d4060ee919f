"""What the search looks through: every section of every page, with its own words, as one file that the search page reads.

Sphinx's own search knows pages and single words; this one leads to sections, takes "batch norm" for BatchNorm, and finds
Chinese words, by themselves and through the glossary (`book/static/find.js`). Code is kept apart from prose, line by line,
so that what was found in code is shown as a line of code.
"""
import json
import re
from pathlib import Path

from bs4 import BeautifulSoup
from docutils import nodes

from . import maths

FILE = "find.json"
NAME = re.compile(r"[A-Za-z_\u3400-\u9fff]{2}")
SAID = ".labs-claim, .labs-prediction, .labs-table caption, .labs-table tr, .labs-commands pre"        # of what a cell shows
VERDICTS = ("labs-pass", "labs-fail", "labs-na")
#: What readers type in Chinese and the glossary does not have: everyday words of the pages.
CHINESE = {"安装": ["install"], "下载": ["download"], "训练": ["training"], "损失": ["loss"], "损失函数": ["loss"], "练习": ["exercises"], "作业": ["labs"],
           "报错": ["error"], "移植": ["port"], "迁移": ["port"], "对齐": ["parity"], "显卡": ["gpu"], "速度": ["speed", "time"], "许可证": ["license"],
           "教学": ["teach"], "语言模型": ["language model"], "数据集": ["data set", "data"], "精度": ["precision", "accuracy"], "复现": ["parity", "equal"]}
BEHIND = ("book/pages/status", "book/pages/api", "twins/")      # lists and whole files: a section that explains comes first


def is_output(node):
    """Whether a node holds what a cell left behind."""
    return isinstance(node, nodes.container) and node.get("nb_element") == "cell_code_output"


def code_of(node):
    """The lines of code of a section that name something, without those of its subsections, once each."""
    found = []
    for child in node.children:
        code = child.get("code") if isinstance(child, nodes.raw) else child if isinstance(child, (nodes.literal_block, nodes.doctest_block)) else None
        if code is not None:
            found += [line.strip() for line in code.astext().splitlines() if NAME.search(line)]
        elif isinstance(child, nodes.Element) and not isinstance(child, (nodes.section, nodes.TextElement)) and not is_output(child):
            found += code_of(child)
    return list(dict.fromkeys(found))


def words_of(part):
    """The words of a claim or a caption; of a table's row, those of the cells that say something."""
    if part.name != "tr":
        return part.get_text(" ", strip=True)
    cells = [cell.get_text(" ", strip=True) for cell in part.find_all(["th", "td"]) if not set(cell.get("class", ())) & set(VERDICTS)]
    return " \u00b7 ".join(cell for cell in cells if NAME.search(cell))


def pieces(node):
    """The prose of a section, without that of its subsections: sentences, claims, rows of tables."""
    for child in node.children:
        if isinstance(child, (nodes.section, nodes.title, nodes.comment, nodes.literal_block, nodes.doctest_block, nodes.math_block)):
            continue
        if isinstance(child, nodes.raw):
            if "code" not in child and "labs-" in child.astext():
                yield from map(words_of, BeautifulSoup(child.astext(), "html.parser").select(SAID))
        elif isinstance(child, (nodes.paragraph, nodes.TextElement)):
            yield re.sub(r"\s+", " ", "".join(maths.as_text(text.parent) if isinstance(text.parent, nodes.math) else text.astext()
                                             for text in child.findall(nodes.Text)))
        elif isinstance(child, nodes.Element):
            yield from pieces(child)


def sections(document):
    """[anchor, title, prose, code] of each section of a document; the first has no anchor."""
    found = []
    for section in document.findall(nodes.section):
        title = next((child.astext() for child in section.children if isinstance(child, nodes.title)), "")
        found.append([section["ids"][0] if found else "", title, "\n".join(dict.fromkeys(filter(None, pieces(section)))),
                      "\n".join(code_of(section))])
    return found


def collect(app, document):
    """Keep a document's sections when it has been read."""
    env = app.env
    if not hasattr(env, "parity_sections"):
        env.parity_sections = {}
    env.parity_sections[env.docname] = sections(document)


def forget(app, env, docname):
    """A document that is read anew or is gone."""
    getattr(env, "parity_sections", {}).pop(docname, None)


def merge(app, env, docnames, other):
    """What another process has read."""
    if not hasattr(env, "parity_sections"):
        env.parity_sections = {}
    env.parity_sections.update({name: found for name, found in getattr(other, "parity_sections", {}).items() if name in docnames})


def entries(found, glossary):
    """The file's content: [page, anchor, title, prose, code] each, what each Chinese term is in English, which pages come last.

    Parameters
    ----------
    found : dict of str to list
        Sections by document.
    glossary : dict
        `book/glossary.json`.
    """
    made = [[name, *section] for name in sorted(found) if name != "404" for section in found[name]]
    for section in made:
        if section[0].startswith("twins/"):
            section[4] = ""                     # the code of the chapters
    made += [[glossary["page"], term["anchor"], f'{term["en"]} ({term["zh"]})', term["hint"].removeprefix(f'{term["zh"]}: '), ""]
             for term in glossary["terms"]]
    behind = [name for name in sorted(found) if name.startswith(BEHIND)]
    return {"behind": behind, "titles": {name: found[name][0][1] for name in found if found[name]}, "sections": made,
            "chinese": CHINESE | {term["zh"]: [term["en"], *term["forms"]] for term in glossary["terms"]}}


def write(app, error):
    """Write the file beside the other static ones."""
    if error or app.builder.format != "html":
        return
    path = Path(app.srcdir) / "book/glossary.json"
    glossary = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {"page": "", "terms": []}
    text = json.dumps(entries(getattr(app.env, "parity_sections", {}), glossary), ensure_ascii=False, separators=(",", ":"))
    (Path(app.outdir) / "_static" / FILE).write_text(text, encoding="utf-8")


def setup(app):
    """Collect while reading, write at the end."""
    app.connect("doctree-read", collect)
    app.connect("env-purge-doc", forget)
    app.connect("env-merge-info", merge)
    app.connect("build-finished", write)

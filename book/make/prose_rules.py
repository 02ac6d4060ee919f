"""What the prose of a page may say: one function a rule, each returns the broken places in words.

An empty list means that the rule is kept. Each takes the notebook, the page's name in `_toc.yml` and
all names there. `tests/notebooks/test_prose.py` holds every page to every rule, and every rule to a
page that breaks it.
"""
import ast
import math
import posixpath
import re
from collections import Counter

from book.make import prose
from book.make.book import code_cells
from book.make.rules import called, tags

WORDS = 2500
SILENT_CELLS = 8
LETTERS = 7             # points, in a figure
NUMBER = r"\d+(?:\.\d+)*"
PAGE = r"\d+[a-z]?(?:\.\d+)*[a-z]?"             # a chapter's second page is 8b, its exercise 8b.1
NUMBERED = re.compile(rf"\b(?:chapter|section|part|table|figure|equation|algorithm|appendix|exercise|lab|line|page|version|issue)s?\s+"
                      rf"{PAGE}(?:(?:,| and| or| to|, and)\s+{PAGE})*\b", re.I)
VERSIONED = re.compile(r"\b(?:Python|Paddle|paddlepaddle|PaddlePaddle|PyTorch|NumPy|TensorFlow|Fluid|CUDA|Llama|Qwen|Gemma|Phi|GPT|Zen|"
                       r"transformers|Transformers|Jupyter Book)\s+\d{1,2}(?:\.\d+)*(?!\s*%|,?\d|\.\d)")
FIRST_OF_A_LINE = re.compile(rf"^(?:#+\s+|\s*(?:[-*]\s+)?(?:\*\*)?){PAGE}(?:[.)](?=\s|\*)|\*\*)", re.M)
LINK_TO_A_CHAPTER = re.compile(r"\[\d+[a-z]?\. (?=[^\]]*\]\([^)]*\.ipynb)")
TOKEN = re.compile(r"[A-Za-z0-9_][\w.,:%+'-]*", re.A)
YEAR = re.compile(r"(?:1[6-9]\d\d|20[0-4]\d)s?|\d{4}-\d\d-\d\d")
COMMIT = re.compile(r"(?=[0-9a-f]*[a-f])[0-9a-f]{7,40}")
DIMENSION = re.compile(r"\d-?[dD]")
LEVEL = re.compile(r"\b95 ?%(?= interval| confidence)")                   # of every interval in the course
TIME = re.compile(r"(?P<read>\d+) minutes to read, (?P<run>\d+) to run; (?P<mb>\d+(?:\.\d+)?) MB to download")
AUTHOR = re.compile(r"\b[A-Z][\w'’-]+ et al\.,? \(?(?:1[89]|20)\d\d\)?|\b[A-Z][\w'’-]+(?: and [A-Z][\w'’-]+)?"
                    r"(?:, (?:1[89]|20)\d\d\b| \((?:1[89]|20)\d\d\))")
MONTHS = re.compile(r"January|February|March|April|May|June|July|August|September|October|November|December")
MENTION = re.compile(rf"\bchapters?\s+({NUMBER}(?:(?:,| and| or| to|, and)\s+{NUMBER})*)", re.I)
SHOWING = {"print", "display", "show", "curves", "bars", "images", "matrix", "diagram", "answer", *prose.SENTENCES}


def typed_digits(notebook, document, pages):
    """No typed digit but a year, a name, a formula, a section's number, or one whose source the front matter gives."""
    quoted = notebook.metadata.get("parity", {}).get("quoted", {})
    wrong = [f"front matter, parity.quoted: {number!r} has no source" for number, source in quoted.items() if not str(source or "").strip()]
    used = set()
    for place, source in prose.passages(notebook):
        text = prose.read(LINK_TO_A_CHAPTER.sub("[", source))
        for number in sorted(map(str, quoted), key=len, reverse=True):
            text, times = re.subn(rf"(?<![\w.,]){re.escape(number)}(?![\w]|[.,]\d)", " ", text)
            used |= {number} if times else set()
        for pattern in (TIME, NUMBERED, VERSIONED, FIRST_OF_A_LINE, LEVEL):
            text = pattern.sub(" ", text)
        for found in TOKEN.finditer(text):
            token = found[0].strip(".,:'-")
            if re.search(r"\d", token) and not is_name(token):
                wrong.append(f"{place}: {token!r} is typed in \"{around(text, found)}\"; make the sentence in a cell (labs.claims), "
                             "or list the number with its source in the front matter, parity.quoted")
    return wrong + [f"front matter, parity.quoted: {number!r} does not stand in the text" for number in map(str, quoted) if number not in used]


def is_name(token):
    """Is a word with digits a name (LeNet-5, float32), a year, a commit or a dimension?"""
    return bool(re.match("[A-Za-z_]", token) or any(kind.fullmatch(token) for kind in (YEAR, COMMIT, DIMENSION)))


def around(text, found):
    """A few words around a finding."""
    return " ".join(text[max(0, found.start() - 25):found.end() + 25].split())


def no_long_silence(notebook, document, pages):
    """At most eight code cells in a row without an output; folded and removed cells do not count."""
    run = []
    for cell in code_cells(notebook):
        if set(tags(cell)) & {"setup", "hide-cell", "remove-cell"}:
            continue
        run = [] if shows(cell) else [*run, cell]
        if len(run) > SILENT_CELLS:
            return [f"{called(run[0])}: with it begin more than {SILENT_CELLS} code cells without an output; show what they made"]
    return []


def shows(cell):
    """Does a cell leave an output, as far as its code tells: its last line is a value, or it prints, draws or claims?"""
    body = getattr(prose.tree(cell), "body", [])
    value = body and isinstance(body[-1], ast.Expr) and not cell.source.rstrip().endswith(";")
    called_last = value and isinstance(body[-1].value, ast.Call) and ast.unparse(body[-1].value.func).split(".")[-1]
    return bool(value and called_last not in {"prepare", "backward", "step", "load", "seed", "manual_seed", "train", "eval", "append", "update"}
                or any(name in SHOWING for name, _ in prose.calls(cell)))


def words(notebook):
    """How many words a page has: Markdown, and what is read of its code; a Chinese character counts as half a word."""
    text = " ".join(prose.read(source) for _, source in prose.passages(notebook))
    return len(re.findall(r"[A-Za-z0-9◦][\w'’◦-]*", text, re.A)) + len(re.findall("[\u4e00-\u9fff]", text)) // 2


def not_too_long(notebook, document, pages):
    """A page has at most 2,500 words."""
    count = words(notebook)
    return [f"{count:,} words, at most {WORDS:,}: make two pages of it, or move what few need"] if count > WORDS else []


def first_screen(notebook, document, pages):
    """Before its first code a chapter says the question, what one will be able to do, what one needs, and how long it takes."""
    if not document.startswith("chapters/"):
        return []
    text = ""
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            text += "\n\n" + cell.source
        elif "setup" not in tags(cell):
            break
    paragraphs = {label: re.search(rf"^\*\*{re.escape(label)}\.?\*\*(.*?)(?:\n\n|\Z)", text, re.M | re.S)
                  for label in ("Question", "You will be able to", "You need", "Time")}
    wrong = [f"first screen: expected a paragraph that begins with **{label}" + (".**" if label in ("Question", "Time") else "**")
             for label, found in paragraphs.items() if not found]
    if paragraphs["You need"] and not prose.LINK.search(paragraphs["You need"][1]):
        wrong.append("first screen, You need: expected a link to where one learns it")
    if paragraphs["Time"]:
        wrong += time(TIME.search(paragraphs["Time"][1]), notebook.metadata.get("parity", {}))
    return wrong


def time(found, facts):
    """The line of times says what the front matter says."""
    run, megabytes = math.ceil(facts.get("budget_s", 0) / 60), facts.get("megabytes", 0)
    if not found or (int(found["run"]), float(found["mb"])) != (run, megabytes):
        return [f"first screen, Time: expected \"... minutes to read, {run} to run; {megabytes:g} MB to download\", "
                "as the front matter's budget_s and megabytes say"]
    return []


def links_lead_somewhere(notebook, document, pages):
    """A link to a page of the book, or a chapter that is named by its number, is there."""
    numbers = {str(int(found[1])) for found in (re.match(r"chapters/(\d+)_", page) for page in pages) if found}
    wrong = []
    for place, source in prose.passages(notebook):
        for link in prose.LINK.finditer(prose.markdown(source)):
            path = link["href"].split("#")[0]
            page = posixpath.normpath(posixpath.join(posixpath.dirname(document), path))
            if re.search(r"\.(ipynb|md)$", path) and "://" not in path and posixpath.splitext(page)[0] not in pages:
                wrong.append(f"{place}: the link to {path} leads to no page of _toc.yml")
        for mention in MENTION.finditer(prose.read(source)):
            wrong += [f"{place}: chapter {number} is not in _toc.yml; write of it when it is there"
                      for number in re.findall(NUMBER, mention[1]) if number not in numbers]
    return wrong


def sources_are_linked(notebook, document, pages):
    """An author with a year is a link, to the references or to the source."""
    return [f"{place}: {found[0]!r} is no link; enter it in book/references.toml and link to it, or to the source"
            for place, source in prose.passages(notebook)
            for found in AUTHOR.finditer(prose.read(source, links=False)) if not MONTHS.search(found[0])]


def claims_can_fail(notebook, document, pages):
    """What makes a claim true is computed, not typed."""
    wrong = []
    for cell in code_cells(notebook):
        for name, call in prose.calls(cell):
            if name in ("claim", "Claim"):
                holds = call.args[1:2] + [keyword.value for keyword in call.keywords if keyword.arg == "holds"]
                if holds and not any(isinstance(node, (ast.Name, ast.Attribute, ast.Subscript, ast.Call)) for node in ast.walk(holds[0])):
                    wrong.append(f"{called(cell)}: a claim that {ast.unparse(holds[0])} makes true cannot fail; compute it")
    return wrong


def predictions_are_answered(notebook, document, pages):
    """A question that the reader is asked keeps its name, which nothing else gets, and is answered further down."""
    wrong, answered, stores = [], set(), Counter()
    for cell in code_cells(notebook):
        stores.update(node.id for node in ast.walk(prose.tree(cell) or ast.Module([], []))
                      if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and not cell.source.startswith("%%"))
        for name, call in prose.calls(cell):
            if name == "answer" and isinstance(call.func, ast.Attribute):
                answered.add(ast.unparse(call.func.value))
    for cell in code_cells(notebook):
        for node in ast.walk(prose.tree(cell) or ast.Module([], [])):
            value = getattr(node, "value", None)
            if not isinstance(node, (ast.Assign, ast.Expr)) or not isinstance(value, ast.Call):
                continue
            if ast.unparse(value.func).split(".")[-1] == "prediction":
                name = ast.unparse(node.targets[0]) if isinstance(node, ast.Assign) else None
                if name and stores[name] > 1:
                    wrong.append(f"{called(cell)}: {name} holds a prediction, and another cell gives the name to something else")
                if name not in answered:
                    wrong.append(f"{called(cell)}: a prediction without its answer; expected NAME = prediction(...) and NAME.answer(...)")
    return wrong


def letters_can_be_read(notebook, document, pages):
    """No letters of a figure below seven points: `plots.show` refuses those that a page would show too small, and this says so earlier."""
    return [f"{called(cell)}: letters of {size} points are too small on a page; seven at least in a figure of six inches, 8.4 in one of 7.2 "
            "(fewer labels: every second; or a narrower figure)"
            for cell in code_cells(notebook) for size in re.findall(r"\b(?:font|label)size=(\d+(?:\.\d+)?)", cell.source) if float(size) < LETTERS]


RULES = (typed_digits, no_long_silence, not_too_long, first_screen, links_lead_somewhere, sources_are_linked, claims_can_fail,
         predictions_are_answered, letters_can_be_read)


def broken(notebook, document, pages):
    """Everything that a page breaks."""
    return [line for rule in RULES for line in rule(notebook, document, pages)]

"""Small mendings of a page's finished HTML: what a fold holds, sentences that wrap, numbers that do not, the language of Chinese runs."""
import html
import re

CHINESE = r"\u2e80-\u2fdf\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
#: A run of Chinese, with the Latin names and the punctuation inside it: PaddleFluid和TensorFlow基本使用概念对比.
RUN = re.compile(rf"[A-Za-z0-9]*[{CHINESE}]+(?:[\u3000-\u303f\uff00-\uffef·]|[A-Za-z0-9_]+(?=[{CHINESE}\u3000-\u303f\uff00-\uffef])|[{CHINESE}])*")
TAG = re.compile(r"(<!--.*?-->|<[^>]+>)", re.S)
LEFT_FOR_CHINESE = re.compile(r"<(script|style|svg|math|title|option|textarea)\b|<(\w+)[^>]*\blang=")
LEFT_FOR_NUMBERS = re.compile(r"<(script|style|svg|math|title|option|textarea|pre)\b")
WHOLE = re.compile(r"\b(?:\d+(?:\.\d+)?e-\d+|[A-Za-z][A-Za-z\d]*-\d[\dA-Z]*|\d{4}-\d\d-\d\d)\b")
SOURCE = re.compile(r'(<div class="highlight-(?:ipython3|python|default)[^"]*"><div class="highlight"><pre)\b')
PRINTED = re.compile(r'(<div class="output (?:stream|text_plain)[^>]*>\s*<div class="highlight"><pre)(>)(.*?)(</pre>)', re.S)
SETUP = re.compile(r'(<div class="cell tag_setup[^>]*>\s*<details[^>]*>\s*<summary[^>]*>.*?)Show the code', re.S)
CODE, TALL = re.compile(r'(<div class="highlight"><pre)(>)(.*?</pre>)', re.S), 14
LONG, COLUMNS = 60, re.compile(r"\S {2,}\S|\t")


def is_prose(text):
    """Printed text with a line that no phone shows whole, and no columns that wrapping would break."""
    return any(len(line) > LONG for line in text.splitlines()) and not COLUMNS.search(text)


def wrap_sentences(body):
    """Mark what a cell printed as prose, so that the style sheet lets it wrap."""
    def mark(found):
        text = html.unescape(re.sub(r"<[^>]+>", "", found[3]))
        return found[1] + (' class="prose"' if is_prose(text) else "") + found[2] + found[3] + found[4]
    return PRINTED.sub(mark, body)


def mark_tall(body):
    """Mark code of more lines than stay together on paper."""
    return CODE.sub(lambda found: found[1] + (' class="long"' if found[3].count("\n") > TALL else "") + found[2] + found[3], body)


def in_texts(body, change, left):
    """Change the texts of a page, but for those inside an element whose tag `left` matches; its first group is the name."""
    made, inside = [], []                        # the element in whose text nothing is changed, and its depth
    for piece in TAG.split(body):
        if piece.startswith("<"):
            opened = left.match(piece)
            name = re.match(r"</?(\w+)", piece)
            if inside and name and name[1] == inside[-1][0]:
                inside[-1][1] += -1 if piece.startswith("</") else 0 if piece.endswith("/>") else 1
                if inside[-1][1] == 0:
                    inside.pop()
            elif opened and not piece.endswith("/>") and not inside:
                inside.append([opened[1] or opened[2], 1])
            made.append(piece)
        else:
            made.append(piece if inside else change(piece))
    return "".join(made)


def say_chinese(body):
    """Give every run of Chinese its language, for those who hear the page and for the choice of a font."""
    return in_texts(body, lambda text: RUN.sub(lambda run: f'<span lang="zh">{run[0]}</span>', text), LEFT_FOR_CHINESE)


def keep_whole(body):
    """Let no line end inside a number such as 1e-12, or a name such as LeNet-5."""
    return in_texts(body, lambda text: WHOLE.sub(lambda found: f'<span class="whole">{found[0]}</span>', text), LEFT_FOR_NUMBERS)


def say_code(body):
    """Tell those who hear the page that a block is code, and not the next sentence."""
    return SOURCE.sub(r'\1 role="code"', body)


def mended(body):
    """A page's HTML with all of it."""
    # the words on a fold ("Show the code") name it better than MyST-NB's label, which differs from them
    body = body.replace('<summary aria-label="Toggle hidden content">', "<summary>")
    body = SETUP.sub(r"\1Set-up for Colab", body)
    return keep_whole(say_chinese(say_code(mark_tall(wrap_sentences(body)))))

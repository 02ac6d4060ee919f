"""Small mendings of a page's finished HTML: what a fold holds, sentences that wrap, the language of Chinese runs."""
import html
import re

CHINESE = r"\u2e80-\u2fdf\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
#: A run of Chinese, with the Latin names and the punctuation inside it: PaddleFluid和TensorFlow基本使用概念对比.
RUN = re.compile(rf"[A-Za-z0-9]*[{CHINESE}]+(?:[\u3000-\u303f\uff00-\uffef·]|[A-Za-z0-9_]+(?=[{CHINESE}\u3000-\u303f\uff00-\uffef])|[{CHINESE}])*")
TAG = re.compile(r"(<!--.*?-->|<[^>]+>)", re.S)
NOT_INSIDE = re.compile(r"<(script|style|svg|math|title|option|textarea)\b")
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


def say_chinese(body):
    """Give every run of Chinese its language, for those who hear the page and for the choice of a font."""
    made, inside = [], []                        # the element in whose text nothing is changed, and its depth
    for piece in TAG.split(body):
        if piece.startswith("<"):
            opened = NOT_INSIDE.match(piece) or re.match(r"<(\w+)[^>]*\blang=", piece)
            name = re.match(r"</?(\w+)", piece)
            if inside and name and name[1] == inside[-1][0]:
                inside[-1][1] += -1 if piece.startswith("</") else 0 if piece.endswith("/>") else 1
                if inside[-1][1] == 0:
                    inside.pop()
            elif opened and not piece.endswith("/>") and not inside:
                inside.append([opened[1], 1])
            made.append(piece)
        else:
            made.append(piece if inside else RUN.sub(lambda run: f'<span lang="zh">{run[0]}</span>', piece))
    return "".join(made)


def mended(body):
    """A page's HTML with all of it."""
    # the words on a fold ("Show the code") name it better than MyST-NB's label, which differs from them
    body = body.replace('<summary aria-label="Toggle hidden content">', "<summary>")
    body = SETUP.sub(r"\1Set-up for Colab", body)
    return say_chinese(mark_tall(wrap_sentences(body)))

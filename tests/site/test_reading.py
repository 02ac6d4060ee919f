"""The finished site as its readers use it: found by search, on the first screen, on a phone, on paper, by ear. `make test-site`."""
from pathlib import Path

import pytest
from opening import PHONE

from book.make import browser

HTML = Path(__file__).resolve().parents[2] / "_build/html"
MNIST, PAPER = "chapters/06_mnist.html", 794 - 2 * 53      # an A4 sheet at 96 dots an inch, without its margins
#: What readers type, and the page (or the entry of the glossary) to which the first result leads.
TERMS = {"batch norm": "book/pages/glossary.html#term-batchnorm", "BatchNorm": "book/pages/glossary.html#term-batchnorm",
         "LSTM gates": "chapters/08_rnn_lm.html#", "gates": "chapters/0", "张量": "book/pages/glossary.html#term-tensor",
         "分词": ("chapters/22_tokenizers.html", "book/pages/glossary.html#term-tokenizer"), "注意力": "book/pages/glossary.html#term-attention",
         "学习率": "book/pages/glossary.html#term-learning-rate", "adam epsilon": "chapters/06_mnist.html#", "install cuda": "chapters/01_install.html#",
         "port my model": "chapters/06b_port.html", "byte-pair encoding": "book/pages/glossary.html#term-bpe",
         "gradient clipping": "book/pages/glossary.html#term-gradient-clipping", "rope": "chapters/26_llama.html#", "how to run": "book/pages/running.html",
         "license": "book/pages/teaching.html#licence", "padding side": "chapters/25_bert.html#", "HF_ENDPOINT mirror": "chapters/21_hub.html#",
         "safetensors pickle": "chapters/24_safetensors.html#what-a-pickle-can-do", "learning rate schedule": "chapters/07_se_resnext.html#",
         "KV cache": "book/pages/glossary.html#term-kv-cache", "卷积": "book/pages/glossary.html#term-convolution", "损失函数": ("chapters/", "book/pages/glossary.html"),
         "困惑度": "book/pages/glossary.html#term-perplexity", "镜像": "chapters/21_hub.html#what-a-mirror", "安装": "chapters/01_install.html",
         "循环神经网络": "book/pages/glossary.html#term-rnn", "位置编码": ("chapters/26_llama.html", "book/pages/glossary.html#term-rope"),
         "移植": "chapters/06b_port.html"}

pytestmark = [pytest.mark.built, pytest.mark.needs("site", "chromium")]


@pytest.fixture(scope="module")
def address():
    """Where the site is served."""
    with browser.served(HTML) as url:
        yield url


def test_the_words_that_readers_type_lead_to_the_right_section_first(opened, address):
    page = opened(f"{address}search.html", 1440)
    first = page.evaluate("""async words => { const { find } = await import(new URL('_static/find.js', location.href));
        const data = await (await fetch('_static/find.json')).json();
        return Object.fromEntries(words.map(word => { const [best] = find(data, word);
            return [word, best ? `${best.page}.html${best.anchor ? '#' + best.anchor : ''}` : '']; })); }""", list(TERMS))
    assert {word: (place, TERMS[word]) for word, place in first.items() if not place.startswith(TERMS[word])} == {}


@pytest.mark.parametrize("width, height, panes", [(1440, 900, 2), (PHONE, 844, 1)])
def test_the_first_screen_shows_a_pair_its_ladder_and_what_to_click(opened, address, width, height, panes):
    """And the list of the chapters begins there."""
    page = opened(address, width)
    page.set_viewport_size({"width": width, "height": height})
    seen = page.evaluate("""() => { const seen = what => [...document.querySelectorAll(what)].filter(one => { const box = one.getBoundingClientRect();
            return box.height && box.left >= 0 && box.right <= innerWidth + 1 && box.bottom <= innerHeight; });
        return {panes: seen('.sides-pane').length, marks: seen('mark').length, verdicts: seen('.labs-pass').length,
                chapters: seen('#the-chapters h2').length, begin: seen('article a[href*="06_mnist"]').length}; }""")
    assert seen["panes"] == panes and seen["marks"] >= 2 * panes and seen["verdicts"] >= 5 and seen["chapters"] == 1 and seen["begin"] >= 1, seen


def test_the_verdicts_of_a_ladder_are_in_view_on_a_phone(opened, address):
    page = opened(address + MNIST, PHONE)
    edges = page.evaluate("[...document.querySelectorAll('.labs-table td:last-child.labs-pass')].map(cell => cell.getBoundingClientRect().right)")
    assert edges and max(edges) <= PHONE


@pytest.mark.parametrize("width", [1440, 1920])
def test_the_tables_of_the_status_page_fit(opened, address, width):
    wide = opened(address + "book/pages/status.html", width).evaluate("""() => [...document.querySelectorAll('.labs-table-box')]
        .filter(box => box.scrollWidth > box.clientWidth + 1).map(box => box.innerText.slice(0, 40))""")
    assert wide == []


def test_on_a_phone_what_runs_below_the_verdicts_fades_and_comes_back(opened, address):
    """The first digits of a number that is half covered are never taken for the number."""
    page = opened(address + MNIST, PHONE)
    fades = "box => { const style = getComputedStyle(box.querySelector('td:last-child'), '::before'); return style.content !== 'none' && style.backgroundImage; }"
    box = page.locator(".labs-table-box.scrolls:has(td.labs-pass:last-child):visible").first
    assert "gradient" in box.evaluate(fades)
    box.evaluate("box => { box.scrollLeft = box.scrollWidth; }")
    page.wait_for_timeout(200)
    assert box.evaluate(fades) is False


def test_no_line_ends_inside_a_number_or_a_name_with_a_hyphen(opened, address):
    page = opened(address + MNIST, PHONE)
    broken = """() => [...document.querySelectorAll('article .whole')].filter(one => one.getClientRects().length > 1).map(one => one.innerText)"""
    assert page.locator("article .whole").count() > 20 and page.evaluate(broken) == []


@pytest.mark.parametrize("name", [MNIST, "chapters/22_tokenizers.html"])
def test_on_paper_long_code_is_cut_between_lines_and_short_tables_are_whole(opened, address, name):
    """Nothing around code of more lines than a fold of paper has keeps it in one piece, or half a page stays empty."""
    page = opened(address + name, PAPER)
    page.emulate_media(media="print")
    kept = page.evaluate("""() => [...document.querySelectorAll('article pre.long')].filter(code => code.checkVisibility()).flatMap(code => {
        const around = [];
        for (let one = code; one.tagName !== 'ARTICLE'; one = one.parentElement) { around.push(one); }
        return around.filter(one => { const style = getComputedStyle(one);
            return style.breakInside !== 'auto' || style.overflow !== 'visible' || style.containerType !== 'normal' || style.display.includes('flex'); })
            .map(one => one.className); })""")
    assert page.locator("article pre.long").count() > 10 and kept == []
    tables = page.evaluate("""() => [...document.querySelectorAll('.labs-table')].filter(one => one.checkVisibility())
        .map(one => [one.tBodies[0].rows.length, getComputedStyle(one).breakInside])""")
    assert {(rows <= 15, broken) for rows, broken in tables} <= {(True, "avoid"), (False, "auto")} and len(tables) > 5


def test_on_paper_a_fold_says_that_it_is_one_and_names_are_whole(opened, address):
    """The title fits, a verdict stands in one line, a column's name is not cut inside a word."""
    page = opened(address + MNIST, PAPER)
    page.emulate_media(media="print")
    folds = page.evaluate("""[...document.querySelectorAll('article details:not([open])')].filter(fold => fold.getClientRects().length)
        .map(fold => getComputedStyle(fold.querySelector('summary'), '::after').content)""")
    assert folds and set(folds) == {'"Code: folded on the page, printed where it is opened."'}
    cut = page.evaluate("""[...document.querySelectorAll('.labs-table :is(thead th, .labs-pass, .labs-fail)')].filter(cell => {
        const text = document.createRange();
        text.selectNodeContents(cell);
        const lines = new Set([...text.getClientRects()].map(box => Math.round(box.top))).size;
        return lines > (cell.tagName === 'TD' ? 1 : cell.innerText.trim().split(/[\\s_-]+/).length); }).map(cell => cell.innerText)""")
    assert page.locator(".labs-table td.labs-pass").count() and cut == []
    title = page.locator("#jb-print-docs-body h1").bounding_box()
    assert title["x"] >= 0 and title["x"] + title["width"] <= PAPER

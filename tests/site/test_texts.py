"""The pages as text, the language of Chinese runs, and printed sentences that wrap."""
import sys
from pathlib import Path

import pytest

from book.make import plain_pages

sys.path.append(str(Path(__file__).resolve().parents[2] / "book/extension"))
from parity_site import body  # noqa: E402

TEXT = """---
kernelspec: {name: python3}
---

# A page

Prose.

```{code-cell}
:tags: [remove-cell]
secret = 1
```

```{code-cell}
:tags: [exercise, solution]
answer = 42
```

```{code-cell}
shown = 2
```
"""


@pytest.mark.parametrize("body_, made", [
    ("at most 1e-12 of it", 'at most <span class="whole">1e-12</span> of it'), ("LeNet-5, GPT-2", '<span class="whole">LeNet-5</span>, <span class="whole">GPT-2</span>'),
    ("<pre>1e-12</pre>", "<pre>1e-12</pre>"), ('<a href="x-1">side by side</a>', '<a href="x-1">side by side</a>'), ("on 2026-11-27.", 'on <span class="whole">2026-11-27</span>.')])
def test_numbers_and_names_with_a_hyphen_stay_whole(body_, made):
    assert body.keep_whole(body_) == made


def test_a_page_as_text_has_prose_and_code_and_no_solution():
    assert plain_pages.plain(TEXT) == "# A page\n\nProse.\n\n```python\nshown = 2\n```\n"


@pytest.mark.parametrize("page, says", [
    ("<p>See 张量, then</p>", '<p>See <span lang="zh">张量</span>, then</p>'),
    ("<em>PaddleFluid和TensorFlow基本使用概念对比</em> of", '<em><span lang="zh">PaddleFluid和TensorFlow基本使用概念对比</span></em> of'),
    ('<span lang="zh-Hans">张<b>量</b></span> 词', '<span lang="zh-Hans">张<b>量</b></span> <span lang="zh">词</span>'),
    ("<svg><text>张量</text></svg>", "<svg><text>张量</text></svg>"), ("<p>none</p>", "<p>none</p>"),
    ('<img alt="张量">', '<img alt="张量">')])
def test_chinese_says_its_language(page, says):
    assert body.say_chinese(page) == says


@pytest.mark.parametrize("text, wraps", [
    ("The recipes alone make 4.7 points of difference on these two thousand digits.", True), ("short", False),
    ("name          value      a line of columns that is longer than a phone is wide", False)])
def test_printed_sentences_wrap_and_columns_do_not(text, wraps):
    page = f'<div class="output stream highlight-myst-ansi notranslate"><div class="highlight"><pre>{text}\n</pre></div></div>'
    assert ('<pre class="prose">' in body.wrap_sentences(page)) is wraps

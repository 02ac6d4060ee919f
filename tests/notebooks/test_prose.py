"""Every page keeps the rules of book/make/prose_rules.py, and every rule catches what it forbids."""
from pathlib import Path

import nbformat
import pytest

from book.make import book, notebooks, prose, prose_rules

ROOT = Path(__file__).parents[2]
PAGES = book.pages(ROOT)
TEXTS = {path.relative_to(ROOT).with_suffix("").as_posix(): path for path in book.texts(ROOT)}


def read(document):
    return nbformat.read(TEXTS[document].with_suffix(".ipynb"), 4)


@pytest.mark.parametrize("document", list(TEXTS))
def test_every_page_keeps_every_rule_of_prose(document):
    broken = prose_rules.broken(read(document), document, PAGES)
    assert not broken, "\n".join(broken)


# --- the rules themselves, on a made-up chapter: it keeps them all, and each change breaks one ---

HERE = "chapters/40_made"
THERE = ["index", "chapters/06_mnist", "chapters/26_llama", HERE, "book/pages/references"]
FRONT = """---
kernelspec: {name: python3, display_name: Python 3}
parity:
  budget_s: 90
  megabytes: 2
  quoted: {"99.05 %": "LeCun et al., 1998, Table 1", "60,000": "the data set's card"}
---
"""
BODY = """
# 40. A made page of 2026

**Question.** Is LeNet-5 of [LeCun et al. (1998)](https://doi.org/10.1109/5.726791) right on 99.05 % of the digits?

**You will be able to** read it, port it and prove it.

**You need** [chapter 6](06_mnist.ipynb).

**Time.** 20 minutes to read, 2 to run; 2 MB to download.

1. Chapters 6 and 26, section 2.1, commit 7944c15, in float32 and $[0, 1]$ of $x_2 = 3$, `Linear(784, 10)`.
2. Python 3.12, Paddle 3.3, and 60,000 images in 2D, with a 95 % interval; [6. MNIST](06_mnist.ipynb#the-proof).

**40.1** Since May 2018.

```{code-cell}
right = prediction("How many?")
claim(f"It is {x} in 2018.", x > 3)
plots.show(figure, alt="A curve that falls to " f"{y:.1f}.")
```

```{code-cell}
right.answer(x, when="after the step", mode="eval")
```
"""
QUIET = "```{code-cell}\nx = 1\n```\n\n"


def made(body=BODY, front=FRONT):
    return nbformat.reads(notebooks.notebook(front + body, notebooks.colab_cell(ROOT)), 4)


def test_the_made_up_chapter_keeps_every_rule():
    assert prose_rules.broken(made(), HERE, THERE) == []


def test_the_second_page_of_a_chapter_has_a_letter():
    body = BODY.replace("# 40. A made", "# 40b. A made").replace("Chapters 6 and 26", "Chapters 6b and 26")
    assert "# 40b." in body and "6b and" in body and prose_rules.broken(made(body), HERE, THERE) == []


CHANGES = [
    ("typed_digits", "Since May 2018.", "It took 12 seconds.", "'12' is typed"),
    ("typed_digits", "Since May 2018.", "It is 96 % right.", "'96' is typed"),
    ("typed_digits", "Since May 2018.", "It is 2.5x as fast.", "'2.5x' is typed"),
    ("typed_digits", "Since May 2018.", "It is $96\\%$ right.", "'96' is typed"),
    ("typed_digits", "Since May 2018.", "It is `0.005`.", "'0.005' is typed"),
    ("typed_digits", "Since May 2018.", "Paddle 957 right.", "'957' is typed"),
    ("typed_digits", "Since May 2018.", "Paddle 95 % right.", "'95' is typed"),
    ("typed_digits", "Since May 2018.", "| a |\n|---|\n| 17 |", "'17' is typed"),
    ("typed_digits", "Since May 2018.", "60,000.5 of them", "'60,000.5' is typed"),
    ("typed_digits", "{x} in 2018.", "12 of {x}.", "'12' is typed"),
    ("typed_digits", "falls to ", "falls by 3 to ", "'3' is typed"),
    ("typed_digits", "alt=", "title=\"Loss over 20 steps\", alt=", "'20' is typed"),
    ("typed_digits", "right = prediction(\"How many?\")", "right = prediction(\"How many of 1000?\")", "'1000' is typed"),
    ("typed_digits", "and 60,000 images", "and images", "'60,000' does not stand"),
    ("no_long_silence", "```{code-cell}\nright = pred", QUIET * 9 + "```{code-cell}\nright = pred", "more than 8 code cells"),
    ("no_long_silence", "```{code-cell}\nright = pred", QUIET * 5 + "```{code-cell}\nmodel.train()\n```\n\n" + QUIET * 3
     + "```{code-cell}\nright = pred", "more than 8 code cells"),
    ("not_too_long", "Since May 2018.", "word " * 2500, "at most 2,500"),
    ("not_too_long", "Since May 2018.", "字" * 5000, "at most 2,500"),
    ("first_screen", "**Question.**", "A question:", "**Question.**"),
    ("first_screen", "**You will be able to**", "One learns to", "**You will be able to**"),
    ("first_screen", "**You need**", "Needed is", "**You need**"),
    ("first_screen", "[chapter 6](06_mnist.ipynb)", "chapter 6", "expected a link"),
    ("first_screen", "**Time.**", "It takes", "**Time.**"),
    ("first_screen", "2 to run", "1 to run", "2 to run; 2 MB"),
    ("first_screen", "; 2 MB", "; 20 MB", "2 to run; 2 MB"),
    ("links_lead_somewhere", "(06_mnist.ipynb)", "(07_other.ipynb)", "07_other.ipynb leads to no page"),
    ("links_lead_somewhere", "(06_mnist.ipynb#the-proof)", "(../06_mnist.ipynb#the-proof)", "leads to no page"),
    ("links_lead_somewhere", "Chapters 6 and 26", "Chapters 6 and 27", "chapter 27 is not"),
    ("links_lead_somewhere", "{x} in 2018.", "{x} in chapter 27.", "chapter 27 is not"),
    ("sources_are_linked", "Since May 2018.", "See Zaremba et al., 2014.", "'Zaremba et al., 2014' is no link"),
    ("sources_are_linked", "Since May 2018.", "See Kingma and Ba (2015).", "Kingma and Ba (2015)"),
    ("sources_are_linked", "Since May 2018.", "By McNemar, 1947.", "McNemar, 1947"),
    ("sources_are_linked", "{x} in 2018.", "{x} for LeCun et al. (1998).", "LeCun et al. (1998)"),
    ("claims_can_fail", "x > 3)", "True)", "cannot fail"),
    ("claims_can_fail", "x > 3)", "holds=4 > 3)", "cannot fail"),
    ("predictions_are_answered", "right.answer(x,", "other.answer(x,", "without its answer"),
    ("predictions_are_answered", "right = prediction", "prediction", "without its answer"),
    ("predictions_are_answered", "claim(f", "for x, right in rows:\n    x += 1\nclaim(f", "gives the name to something else"),
    ("letters_can_be_read", 'plots.show(', 'axes.set_xticks(range(9), marks, fontsize=5.5)\nplots.show(', "letters of 5.5 points"),
]


@pytest.mark.parametrize("rule, old, new, says", CHANGES)
def test_each_rule_of_prose_catches_what_it_forbids(rule, old, new, says):
    assert old in BODY
    said = getattr(prose_rules, rule)(made(BODY.replace(old, new)), HERE, THERE)
    assert any(says in line for line in said), said


@pytest.mark.parametrize("rule", [rule.__name__ for rule in prose_rules.RULES])
def test_no_rule_of_prose_is_without_a_page_that_breaks_it(rule):
    assert rule in {name for name, *_ in CHANGES}


def test_a_quoted_number_needs_a_source():
    said = prose_rules.typed_digits(made(front=FRONT.replace("LeCun et al., 1998, Table 1", "")), HERE, THERE)
    assert any("'99.05 %' has no source" in line for line in said)


def test_a_typed_digit_is_shown_with_the_words_around_it():
    line, = prose_rules.typed_digits(made(BODY + "\n\nWe saw 37 cats today.\n"), HERE, THERE)
    assert "'37' is typed in" in line and "We saw 37 cats today." in line


def test_folded_cells_and_outputs_break_no_silence():
    folded = "```{code-cell}\n:tags: [hide-cell]\nx = 1\n```\n\n"
    assert prose_rules.no_long_silence(made(folded * 12 + QUIET * 8), HERE, THERE) == []
    assert prose_rules.no_long_silence(made((QUIET * 8 + "```{code-cell}\nx\n```\n\n") * 2), HERE, THERE) == []


def test_words_in_fences_and_addresses_are_not_read():
    assert prose.read("```python\n12\n```\n\n$$12$$ <b> https://a.b/12 [text](x12.md) `f(12)` $x = 12$").split() == ["text"]

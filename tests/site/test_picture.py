"""The README: its picture shows a pair, its list of chapters is that of the book."""
from pathlib import Path

import numpy as np
from PIL import Image

from book.make import book, notebooks, picture

ROOT = Path(__file__).resolve().parents[2]
LIT, PADDLE, TORCH = (253, 238, 193), (0, 98, 184), (194, 65, 12)      # --lit, --labs-paddle, --labs-torch of the style sheets, in the light


def share(pixels, colour):
    """The share of a picture that has a colour, or nearly."""
    return (np.abs(pixels.astype(int) - colour).max(axis=-1) < 12).mean()


def test_the_picture_shows_a_pair_with_what_differs_marked():
    """It is no blank sheet: marks, both sides' colours, and the size that a link's picture has."""
    drawn = Image.open(picture.PICTURE).convert("RGB")
    assert drawn.size == (picture.WIDTH, picture.HEIGHT) and picture.PICTURE.stat().st_size < 100_000
    left, right = np.array(drawn)[:, :600], np.array(drawn)[:, 600:]
    assert min(share(left, LIT), share(right, LIT)) > 0.002, "nothing is lit"
    assert share(left, PADDLE) > 0.002 > share(left, TORCH) and share(right, TORCH) > 0.002 > share(right, PADDLE)


def test_the_readme_lists_the_chapters_as_the_first_page_does():
    """`make notebooks` writes both lists from _toc.yml and the front matters."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert text == notebooks.readme() and text.count("](chapters/") >= len(book.texts(ROOT)) - 1


def test_the_readme_says_how_to_get_it_and_where_to_see_it():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "git clone " in text and "make serve" in text and "(book/static/pair.png)" in text
    address = book.address(ROOT)
    assert (address.pages if address.real else f"`{address.url}`") in text

"""Draw the picture of a pair that the README and links to the site show: `book/static/pair.png`, from the built site.

usage: python -m book.make.picture
"""
import io
import sys
from pathlib import Path

from book.make import browser

ROOT = Path(__file__).resolve().parents[2]
PICTURE = ROOT / "book/static/pair.png"
WIDTH, HEIGHT = 1200, 630               # as whoever shows a link wants it
# the first page without what stands around it
ALONE = """.bd-sidebar-primary, .bd-header-article, .lit-bar, .skip-link, p:nth-of-type(2) { display: none !important; }
    .bd-main .bd-content .bd-article-container { padding: 1.25rem 1.5rem !important; } html { font-size: 16px; scrollbar-width: none; }
    .bd-article { padding: 0 !important; } .bd-main .bd-content { justify-content: start !important; }"""


def main():
    from PIL import Image
    if not (ROOT / "_build/html/index.html").exists():
        sys.exit("there is no site yet: make book")
    with browser.served(ROOT / "_build/html") as address, browser.opened() as show:
        page = show.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        page.goto(address, wait_until="networkidle")
        page.add_style_tag(content=ALONE)
        page.wait_for_timeout(300)
        drawn = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    drawn.quantize(128, dither=Image.Dither.NONE).save(PICTURE, optimize=True)
    print(f"{PICTURE.relative_to(ROOT)}: {PICTURE.stat().st_size / 1000:.0f} kB; look at it before you commit it")


if __name__ == "__main__":
    main()

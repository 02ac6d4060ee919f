"""Looks through the files of a site for links that lead nowhere and figures that say nothing."""
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup

from book.make import browser


def soups(html):
    """{page: parsed page}."""
    return {name: BeautifulSoup((html / name).read_text(encoding="utf-8"), "html.parser") for name in browser.pages(html)}


def broken(html):
    """Links of the site to itself that no file or no element answers, as "page -> link"."""
    pages, wrong = soups(html), []
    ids = {name: {element[key] for key in ("id", "name") for element in soup.find_all(attrs={key: True})} for name, soup in pages.items()}
    for name, soup in pages.items():
        for element in soup.find_all(["a", "link", "script", "img", "source"]):
            link = element.get("href") or element.get("src")
            parts = urlsplit(link or "")
            if not link or parts.scheme or parts.netloc:
                continue
            path = (html / parts.path.lstrip("/") if parts.path.startswith("/") else (html / name).parent / unquote(parts.path)).resolve()
            target = html / name if not parts.path else path / "index.html" if path.is_dir() else path
            fragment = unquote(parts.fragment)
            if not target.is_file():
                wrong.append(f"{name} -> {link}")
            elif fragment and target.suffix == ".html" and fragment not in ids.get(target.resolve().relative_to(html.resolve()).as_posix(), ()):
                wrong.append(f"{name} -> {link}")
    return list(dict.fromkeys(wrong))


def figures_without_text(html):
    """Pictures of the pages' articles that say nothing to those who cannot see them."""
    wrong = []
    for name, soup in soups(html).items():
        for picture in soup.select("article img, article .labs-figure svg, article .cell_output svg"):
            said = picture.get("alt") or picture.get("aria-label") or " ".join(part.get_text() for part in picture.find_all(["title", "desc"]))
            if picture.find_parent("svg") is None and not (said or "").strip():
                wrong.append(f"{name}: {str(picture)[:80]}")
    return wrong

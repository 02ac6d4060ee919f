"""Begin a chapter: `make new-chapter NAME=40_something`.

Writes chapters/NAME.md with every heading of the skeleton, each with something
small that runs, makes its notebook and puts it into _toc.yml. What it writes
passes the whole test suite; the author replaces it section by section.
"""
import re
import sys
from pathlib import Path

from book.make import book, notebooks

TEMPLATE = Path(__file__).with_name("new_chapter.md")
NAME = re.compile(r"(\d\d)_([a-z][a-z0-9]*(?:_[a-z0-9]+)*)")
ENTRY = re.compile(r"^(?P<indent> *)- file: *chapters/(?P<number>\d\d)_\S+[^\n]*\n", re.M)


class NewChapterError(ValueError):
    """The name is taken or is no chapter's name; the message says what to do."""


def title(name):
    """`40_two_words` -> `Two words`."""
    words = NAME.fullmatch(name).group(2).replace("_", " ")
    return words[0].upper() + words[1:]


def check(name, root):
    """Raise unless a chapter of this name can be made."""
    if not name or not NAME.fullmatch(name):
        raise NewChapterError(f"a chapter's name is two digits, an underscore and small letters, such as 40_something; got {name!r}")
    taken = [page for page in book.pages(root) if Path(page).name == name]
    if taken or (root / f"chapters/{name}.md").exists():
        raise NewChapterError(f"chapters/{name} is there already")
    same = [page for page in book.pages(root) if page.startswith(f"chapters/{name[:3]}")]
    if same:
        raise NewChapterError(f"the number {name[:2]} is {same[0]}'s; numbers never change, so take a free one")


def entered(contents, name):
    """_toc.yml with the chapter put in, before the first chapter of a higher number."""
    entries = list(ENTRY.finditer(contents))
    if not entries:
        raise NewChapterError("_toc.yml lists no chapter yet, so there is no place to put this one; enter it by hand")
    before = next((entry for entry in entries if entry.group("number") > name[:2]), None)
    at, indent = (before.start(), before.group("indent")) if before else (entries[-1].end(), entries[-1].group("indent"))
    return contents[:at] + f"{indent}- file: chapters/{name}\n" + contents[at:]


def make(name, root=book.ROOT):
    """Write the chapter and enter it; return the path of its text."""
    check(name, root)
    contents = root / "_toc.yml"
    new = entered(contents.read_text(encoding="utf-8"), name)
    text = root / f"chapters/{name}.md"
    text.parent.mkdir(exist_ok=True)
    text.write_text(TEMPLATE.read_text(encoding="utf-8").replace("@TITLE@", title(name)), encoding="utf-8")
    for path, made in notebooks.drifted([text], root):
        path.with_suffix(".ipynb").write_text(made, encoding="utf-8")
    contents.write_text(new, encoding="utf-8")
    return text


def main():
    try:
        text = make(sys.argv[1] if len(sys.argv) > 1 else "")
    except NewChapterError as error:
        sys.exit(f"new-chapter: {error}")
    print(f"wrote {text.relative_to(book.ROOT)} and its notebook, entered in _toc.yml.\n"
          f"Edit the text, then: make notebooks && make chapter NAME={text.stem}")


if __name__ == "__main__":
    main()

"""Begin a chapter: `make new-chapter NAME=40_something`.

Writes a whole small chapter that is green as it stands: the text chapters/NAME.md
with every heading of the skeleton, its notebook, its line in _toc.yml, the folder
labs/tasks/something with both sides, proof, mistakes and exercises, and the test file
tests/tasks/test_something.py. The author replaces it section by section.
"""
import re
import subprocess
import sys
from pathlib import Path

from book.make import book, notebooks

TEMPLATE = Path(__file__).with_name("chapter_template")
NAME = re.compile(r"(\d\d)_([a-z][a-z0-9]*(?:_[a-z0-9]+)*)")
ENTRY = re.compile(r"^(?P<indent> *)- file: *chapters/(?P<number>\d\d)_\S+[^\n]*\n", re.M)


class NewChapterError(ValueError):
    """The name is taken or is no chapter's name; the message says what to do."""


def task(name):
    """The folder of labs/tasks that belongs to a chapter: `40_two_words` -> `two_words`."""
    return NAME.fullmatch(name).group(2)


def title(name):
    """`40_two_words` -> `Two words`."""
    words = task(name).replace("_", " ")
    return words[0].upper() + words[1:]


def filled(name, text):
    """A template's text for a chapter of this name."""
    marks = {"CHAPTER_FILE": name, "CHAPTER_NUMBER": str(int(name[:2])), "TASK_NAME": task(name), "TASK_TITLE": title(name)}
    return re.sub("|".join(marks), lambda mark: marks[mark[0]], text)


def places(name):
    """What is written, as {path in the repository: text}: one text, one folder, one test file."""
    sources = {f"chapters/{name}.md": TEMPLATE / "chapter.md", f"tests/tasks/test_{task(name)}.py": TEMPLATE / "test_task.py.txt",
               **{f"labs/tasks/{task(name)}/{path.stem}": path for path in sorted((TEMPLATE / "task").glob("*.py.txt"))}}
    return {place: filled(name, source.read_text(encoding="utf-8")) for place, source in sources.items()}


def check(name, root):
    """Raise unless a chapter of this name can be made."""
    if not name or not NAME.fullmatch(name):
        raise NewChapterError(f"a chapter's name is two digits, an underscore and small letters, such as 40_something; got {name!r}")
    if any(Path(page).name == name for page in book.pages(root)):
        raise NewChapterError(f"chapters/{name} is there already")
    for place in (f"chapters/{name}.md", f"labs/tasks/{task(name)}", f"tests/tasks/test_{task(name)}.py"):
        if (root / place).exists():
            raise NewChapterError(f"{place} is there already; take another name")
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
    """Write the chapter, its task and its tests, and enter it; return the path of its text."""
    check(name, root)
    contents = root / "_toc.yml"
    new = entered(contents.read_text(encoding="utf-8"), name)
    for place, text in places(name).items():
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        (root / place).write_text(text, encoding="utf-8")
    contents.write_text(new, encoding="utf-8")
    text, first = root / f"chapters/{name}.md", root / "index.md"       # the first page lists the chapters
    notebooks.write([text] + [first] * first.exists(), root, say=lambda line: None)
    return text


def score(name, root=book.ROOT):
    """Plant every mistake in the new task's ladder: writes its caught.json, and fails where the ladder is red."""
    subprocess.run([sys.executable, "-m", "labs", "mistakes", task(name)], cwd=root, check=True)


def main():
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    try:
        text = make(name)
    except NewChapterError as error:
        sys.exit(f"new-chapter: {error}")
    try:
        score(name)
    except subprocess.CalledProcessError:
        sys.exit(f"new-chapter: the files are there, and python -m labs mistakes {task(name)} failed; mend what it says, then run it again")
    print(f"wrote chapters/{name}.md and its notebook, labs/tasks/{task(name)} and tests/tasks/test_{task(name)}.py; entered in _toc.yml.\n"
          f"Edit them, then: make notebooks && make chapter NAME={text.stem} && make test TESTS=tests/tasks/test_{task(name)}.py")


if __name__ == "__main__":
    main()

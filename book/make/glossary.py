"""The glossary: which terms the book's pages use, the page that explains them, and what is missing from it.

The terms stand in `book/glossary.toml`. The site links the first use of each on a page by itself
(`book/extension/parity_site/terms.py`), so that the chapters' texts stay free of links, in Colab too.
"""
import html
import os
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from book.make import book, notebooks

HERE = "book/pages/glossary"
ABBREVIATION = re.compile(r"(?<![\w.-])(?=[\w-]*[A-Z]{2})[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*(?![\w])", re.A)
INTRODUCED = re.compile(r"\b(?:called|named|known as)\s+(?:an?\s+|the\s+)?\*([^*\n]+)\*(?!\*)")
NOT_PROSE = re.compile(r"^(`{3,}|~{3,}).*?^\1|\$\$.*?\$\$|(`+)(?!`).*?(?<!`)\2(?!`)|\$[^$\n]+\$|https?://\S+|<[^>]+>|U\+[0-9A-F]{4,6}|(?<=\])\([^)]*\)", re.M | re.S)
INTRO = """# Glossary

English and Chinese. A term stands here once a page of the book uses it; there, its first use leads here.
"""


class GlossaryError(ValueError):
    """An entry of `book/glossary.toml` is not what it should be."""


@dataclass(frozen=True)
class Term:
    """One entry of `book/glossary.toml`."""

    en: str
    zh: str
    says: str
    forms: list = field(default_factory=list)

    @property
    def anchor(self):
        """The entry's id on the page."""
        return "term-" + re.sub(r"[^a-z0-9]+", "-", self.en.lower()).strip("-")

    @property
    def spellings(self):
        """The term and its other forms, the longest first."""
        return sorted([self.en, *self.forms], key=len, reverse=True)

    @property
    def pattern(self):
        """A regular expression for the term in prose; an abbreviation keeps its capitals, other words may begin a sentence."""
        made = []
        for form in self.spellings:
            words = r"\s+".join(re.escape(word) for word in form.split()).replace("'", "['’]")     # the site sets it as ’
            first = words[0]
            loose = f"[{first.upper()}{first}]{words[1:]}" if first.islower() else words
            made.append(loose if form.endswith("s") else loose + "s?")
        return rf"(?<![A-Za-z0-9_-])(?:{'|'.join(made)})(?![A-Za-z0-9_-])"


def read(root):
    """(terms, names) of a repository's glossary.

    Raises
    ------
    GlossaryError
        An entry lacks a field or has an unknown one, or two entries share a spelling.
    """
    content = tomllib.loads((root / "book/glossary.toml").read_text(encoding="utf-8"))
    terms, spelled = [], {}
    for entry in content.get("term", []):
        wrong = {"en", "zh", "says"} - set(entry) or set(entry) - {"en", "zh", "says", "forms"}
        if wrong:
            raise GlossaryError(f"glossary.toml, {entry.get('en', '?')!r}: missing or unknown field {', '.join(sorted(wrong))}")
        terms.append(Term(**entry))
        for form in terms[-1].spellings:
            if form in spelled:
                raise GlossaryError(f"glossary.toml: {form!r} stands under {spelled[form]!r} and under {entry['en']!r}")
            spelled[form] = entry["en"]
    return terms, content.get("names", [])


def prose(notebook):
    """What a reader reads between the cells, without code, formulas and addresses."""
    return "\n\n".join(NOT_PROSE.sub(" ", cell.source) for cell in notebook.cells if cell.cell_type == "markdown")


def used(text, terms):
    """The terms that a text uses, a longer one before one that it contains."""
    return [term for term in terms if re.search(term.pattern, without(text, [other for other in terms if contains(other, term)]))]


def contains(other, term):
    """Does a spelling of `other` contain one of `term`, as "softmax regression" does "softmax"?"""
    return other is not term and any(re.search(term.pattern, form) for form in other.spellings)


def without(text, terms):
    """The text with the given terms taken out."""
    for term in terms:
        text = re.sub(term.pattern, " ", text)
    return text


def missing(text, terms, names):
    """Abbreviations, and words introduced as "called *so*", that the glossary does not hold; in order, once each."""
    known = {form for term in terms for form in term.spellings} | set(names)

    def is_known(word):
        return word in known or word.removesuffix("s") in known or any(re.fullmatch(term.pattern, word) for term in terms)

    rest = text
    for name in sorted(names, key=len, reverse=True):
        rest = re.sub(rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z])", " ", rest)
    found = [match[1] for match in INTRODUCED.finditer(text) if not is_known(match[1].strip())]
    for match in ABBREVIATION.finditer(rest):
        word = match[0]
        if not is_known(word):
            found += [part for part in word.split("-") if re.search("[A-Z]{2}", part) and not is_known(part)]
    return list(dict.fromkeys(found))


def notebooks_of(root, documents):
    """{document: notebook} of those pages that have one."""
    return {name: notebooks.of_page(name, root) for name in documents if notebooks.has_notebook(name, root)}


def text(root, documents):
    """The page as Markdown: the terms that pages use, in alphabetical order, each with the pages."""
    terms, _ = read(root)
    pages = notebooks_of(root, documents)
    uses = {document: {term.anchor for term in used(prose(notebook), terms)} for document, notebook in pages.items()}
    entries = []
    for term in sorted(terms, key=lambda term: term.en.lower()):
        links = [f'<a href="{os.path.relpath(document + ".html", PurePosixPath(HERE).parent)}">{html.escape(book.title(pages[document], document))}</a>'
                 for document in pages if term.anchor in uses[document]]
        if links:
            entries.append(f'<dt id="{term.anchor}"><dfn>{html.escape(term.en)}</dfn> <span lang="zh-Hans">{html.escape(term.zh)}</span></dt>\n'
                           f"<dd>{html.escape(term.says)} <span class=\"used-in\">Used in: {'; '.join(links)}.</span></dd>")
    return INTRO + ('\n<dl class="labs-glossary">\n' + "\n".join(entries) + "\n</dl>\n" if entries else "\nNo page uses a term yet.\n")


def for_site(root, documents):
    """What the Sphinx extension needs: the pages to link from, and each term's pattern, anchor and hint."""
    terms, _ = read(root)
    longest_first = sorted(terms, key=lambda term: len(term.spellings[0]), reverse=True)
    return {"page": HERE, "documents": list(notebooks_of(root, documents)),
            "terms": [{"anchor": term.anchor, "pattern": term.pattern, "hint": f"{term.zh}: {term.says}",
                       "en": term.en, "zh": term.zh, "forms": term.forms} for term in longest_first]}

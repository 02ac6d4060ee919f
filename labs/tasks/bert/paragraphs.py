"""Paragraphs of this course and the terms of its glossary, to be searched: a snapshot, so that a page finds the same everywhere.

`python -m labs.tasks.bert.paragraphs` in a clone of the course takes it again.
"""
import json
import re
from collections import Counter
from pathlib import Path

import numpy as np

FILE = Path(__file__).parent / "paragraphs.json"


def load() -> dict:
    """"paragraphs": [chapter, first sentence, the rest]; "terms": [English, Chinese, explanation in English]."""
    return json.loads(FILE.read_text(encoding="utf-8"))


def gather(root) -> dict:
    """Take the prose of the chapters and the glossary from a clone of the course."""
    import tomllib
    root, found = Path(root), []
    for path in sorted((root / "chapters").glob("*.md")):
        if path.stem.startswith("25"):      # the chapter that searches is not searched
            continue
        text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8").split("---", 2)[2], flags=re.DOTALL)
        for block in text.split("\n\n"):
            plain = " ".join(re.sub(r"[*`]", "", re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", block)).split())
            first, _, rest = re.sub(r"(?<=[.?!]) (?=[A-Z])", "\n", plain, count=1).partition("\n")
            if plain[:1].isalpha() and "$" not in plain and len(first.split()) >= 6 and len(rest.split()) >= 15:
                found.append([path.stem, first, rest])
    terms = tomllib.loads((root / "book" / "glossary.toml").read_text(encoding="utf-8"))["term"]
    chinese = re.compile("[\u4e00-\u9fff]")
    return {"paragraphs": found, "terms": [[t["en"], t["zh"], t["says"]] for t in terms if chinese.search(t["zh"])]}


def by_words(queries, texts):
    """How alike queries and texts are by the words that they share, rare ones counted more: TF-IDF's cosine, (queries, texts)."""
    def words(text):
        return Counter(re.findall(r"[a-z0-9]+|[\u4e00-\u9fff]", text.lower()))
    counted = [words(text) for text in texts]
    seen_in = Counter(word for one in counted for word in one)
    at = {word: i for i, word in enumerate(seen_in)}
    rare = np.log((1 + len(texts)) / (1 + np.array([seen_in[word] for word in at])))

    def rows(many):
        made = np.zeros((len(many), len(at)))
        for row, one in zip(made, many):
            for word, count in one.items():
                if word in at:
                    row[at[word]] = count * rare[at[word]]
        return made / np.maximum(np.linalg.norm(made, axis=1, keepdims=True), 1e-12)
    return rows([words(query) for query in queries]) @ rows(counted).T


def ranks(scores):
    """At which place, from 1, each query finds the text with its own number; a text with the same score stands before it."""
    return (scores >= np.diag(scores)[:, None]).sum(1)


if __name__ == "__main__":
    FILE.write_text(json.dumps(gather(Path(__file__).parents[3]), ensure_ascii=False, indent=0) + "\n", encoding="utf-8")

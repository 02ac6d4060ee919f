"""The right answers of lab 6, computed another way than its solution: on ids, with counts that are
kept up to date.

Runs on the grader's side alone. `tests/labs` holds it to Hugging Face's `tokenizers`.
"""

from collections import Counter, defaultdict
from itertools import pairwise

MARK = "\u2581"


def count_words(texts):
    """{word: how often it occurs in all texts}."""
    return dict(Counter(MARK + word for text in texts for word in text.split()))


def train(words, size, min_count=1, longest=None, ties=1):
    """Learn merges: (vocabulary, merges). `ties=-1` takes the larger ids of pairs that are as
    frequent.
    """
    vocabulary = ["<unk>", *sorted(set("".join(words)))]
    ids = {token: i for i, token in enumerate(vocabulary)}
    rows, weights = [[ids[c] for c in word] for word in words], list(words.values())
    total, where = Counter(), defaultdict(set)

    def count(i, by):
        for pair in pairwise(rows[i]):
            total[pair] += by * weights[i]
            where[pair].add(i)

    for i in range(len(rows)):
        count(i, 1)
    merges = []
    while len(vocabulary) < size:
        allowed = [
            (-often, ties * pair[0], ties * pair[1])
            for pair, often in total.items()
            if often >= max(min_count, 1)
            and (longest is None or len(vocabulary[pair[0]]) + len(vocabulary[pair[1]]) <= longest)
        ]
        if not allowed:
            break
        first, second = (ties * i for i in min(allowed)[1:])
        merges.append((vocabulary[first], vocabulary[second]))
        token = vocabulary[first] + vocabulary[second]
        ids[token] = len(vocabulary)
        vocabulary.append(token)
        for i in sorted(where[first, second]):
            count(i, -1)
            rows[i] = _merged(rows[i], first, second, ids[token])
            count(i, 1)
    return vocabulary, merges


def _merged(row, first, second, new):
    made = []
    for each in row:
        if made and made[-1] == first and each == second:
            made[-1:] = [new, None]  # None: the new token is no first part of this same pair
        else:
            made.append(each)
    return [each for each in made if each is not None]


def encode(text, vocabulary, merges, specials=()):
    """Text -> list of ids."""
    ids = {token: i for i, token in enumerate(vocabulary)}
    ranks = {}
    for rank, (first, second) in enumerate(merges):
        ranks[ids[first], ids[second]] = rank, ids[first + second]
    found, merging, at = [], True, 0
    while at <= len(text):
        begins = [
            (place, -len(token), i)
            for i, token in enumerate(specials)
            if (place := text.find(token, at)) >= 0
        ]
        end, length, i = min(begins, default=(len(text), 0, None))
        for word in text[at:end].split():
            row = [ids.get(c, 0) for c in MARK + word]
            found += _merge_all(row, ranks) if merging else row
        if i is None:
            break
        found.append(len(vocabulary) + i)
        merging = {"<spell>": False, "</spell>": True}.get(specials[i], merging)
        at = end - length
    return found


def _merge_all(row, ranks):
    while True:
        possible = [(*ranks[pair], i) for i, pair in enumerate(pairwise(row)) if pair in ranks]
        if not possible:
            return row
        _, new, i = min(possible, key=lambda one: (one[0], one[2]))
        row[i : i + 2] = [new]


def decode(ids, vocabulary, specials=()):
    """Ids -> text."""
    text = ""
    for i in ids:
        text += (
            "\ufffd"
            if i == 0
            else vocabulary[i]
            if i < len(vocabulary)
            else specials[i - len(vocabulary)]
        )
    text = text.replace(MARK, " ")
    return text[1:] if text.startswith(" ") else text

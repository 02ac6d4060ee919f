"""Sorts all pairs at each step and encodes each word twice; slow, and right."""

quick = encode


def train(words, size, min_count=1, longest=None):
    vocabulary, merges = ["<unk>", *sorted(set("".join(words)))], []
    cut = [(list(word), count) for word, count in words.items()]
    while len(vocabulary) < size:
        pairs = [p for tokens, count in cut for p in zip(tokens, tokens[1:])]
        total = {p: sum(c * sum(q == p for q in zip(t, t[1:])) for t, c in cut) for p in set(pairs)}
        ranked = sorted(
            total, key=lambda p: (-total[p], vocabulary.index(p[0]), vocabulary.index(p[1]))
        )
        fitting = [
            p
            for p in ranked
            if total[p] >= min_count and (not longest or len(p[0] + p[1]) <= longest)
        ]
        if not fitting:
            break
        merges.append(fitting[0])
        if "".join(fitting[0]) not in vocabulary:
            vocabulary.append("".join(fitting[0]))
        cut = [(merge_pair(tokens, fitting[0]), count) for tokens, count in cut]
    return vocabulary, merges


def encode(text, vocabulary, merges, specials=()):
    first = quick(text, vocabulary, merges, specials)
    assert first == quick(text, vocabulary, merges, specials)
    return first

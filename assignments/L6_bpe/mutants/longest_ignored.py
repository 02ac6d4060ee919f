"""Does not look at longest."""

POINTS = 90


def train(words, size, min_count=1, longest=None):
    vocabulary = ["<unk>", *sorted({c for word in words for c in word})]
    ids = {token: i for i, token in enumerate(vocabulary)}
    cut = {word: list(word) for word in words}
    merges = []
    while len(vocabulary) < size:
        pairs = Counter()
        for word, tokens in cut.items():
            for pair in zip(tokens, tokens[1:]):
                pairs[pair] += words[word]
        allowed = [
            p for p, count in pairs.items() if count >= min_count and (longest is None or True)
        ]
        if not allowed:
            break
        best = min(allowed, key=lambda p: (-pairs[p], ids[p[0]], ids[p[1]]))
        merges.append(best)
        token = best[0] + best[1]
        ids[token] = len(vocabulary)
        vocabulary.append(token)
        cut = {word: merge_pair(tokens, best) for word, tokens in cut.items()}
    return vocabulary, merges

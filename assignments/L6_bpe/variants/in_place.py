"""Merges in place, in lists that it made itself, with other names everywhere."""


def count_words(texts):
    table = {}
    for t in texts:
        for w in t.split():
            table[MARK + w] = table.get(MARK + w, 0) + 1
    return table


def train(words, size, min_count=1, longest=None):
    corpus = [(list(w), c) for w, c in words.items()]
    v = ["<unk>"]
    v.extend(sorted(set(ch for w in words for ch in w)))
    m = []
    while len(v) < size:
        freq = {}
        for symbols, c in corpus:
            for left, right in zip(symbols, symbols[1:]):
                freq[left, right] = freq.get((left, right), 0) + c
        candidates = sorted(freq, key=lambda p: (-freq[p], v.index(p[0]), v.index(p[1])))
        for left, right in candidates:
            if freq[left, right] < min_count:
                return v, m
            if longest is None or len(left) + len(right) <= longest:
                break
        else:
            break
        m.append((left, right))
        if left + right not in v:
            v.append(left + right)
        for symbols, _ in corpus:
            i = 0
            while i < len(symbols) - 1:
                if symbols[i] == left and symbols[i + 1] == right:
                    symbols[i] = left + right
                    del symbols[i + 1]
                i += 1
    return v, m

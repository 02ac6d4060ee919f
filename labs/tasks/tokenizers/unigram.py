"""The unigram language model, to be read (Kudo 2018, arXiv:1804.10959): every piece has a probability.

Encoding finds the most probable segmentation (Viterbi). Training begins with too many pieces, estimates their
probabilities over *all* segmentations (forward-backward, EM), and drops those that the text misses least.
The definitions below stand in chapter 22 word for word.
"""
import math
from collections import Counter, defaultdict

from labs.tasks.tokenizers.byte_bpe import utf8

SPACE = "\u2581"        # ▁ stands for the space before a word


def marked(text, always=False):
    """A text with ▁ for its spaces, and one in front: to
    [(character, start, end)], so that each keeps its place.
    `always`: in front of a space too."""
    utf8(text)                  # half a character is an error
    chars = [(SPACE if c == " " else c, i, i + 1)
             for i, c in enumerate(text)]
    if chars and (always or chars[0][0] != SPACE):
        chars.insert(0, (SPACE, 0, 1))
    return chars


def marked_words(text):
    """["▁To", "▁be"]: each word with the space before it."""
    joined = "".join(c for c, _, _ in marked(text))
    return [SPACE + word for word in joined.split(SPACE)[1:]]


class Unigram:
    """Pieces and the logarithms of their probabilities."""

    def __init__(self, pieces, unknown=0, penalty=10.0):
        self.pieces, self.unknown = list(pieces), unknown
        self.scores = dict(pieces)
        self.index = {p: i for i, (p, _) in enumerate(pieces)}
        self.longest = max(map(len, self.scores))
        self.missing = min(self.scores.values()) - penalty

    def arcs(self, word, start):
        """Pieces that begin at `start`: [(end, score)]."""
        last = min(len(word), start + self.longest)
        found = [(end, self.scores[word[start:end]])
                 for end in range(start + 1, last + 1)
                 if word[start:end] in self.scores]
        if not found or found[0][0] > start + 1:
            found.append((start + 1, self.missing))
        return found

    def encode(self, text):
        """Text -> [(id, start, end)]; unknown neighbours are
        one, or their bytes, if there are tokens for bytes."""
        chars, found, at = marked(text), [], 0
        for word in marked_words(text):
            for piece in joined(self, viterbi(self, word)[0]):
                ids = [self.index.get(piece, self.unknown)]
                if piece not in self.index:
                    ids = byte_ids(piece, self.index) or ids
                last = at + len(piece) - 1
                found += [(i, chars[at][1], chars[last][2])
                          for i in ids]
                at = last + 1
        return found

    def ids(self, text):
        """Text -> list of int."""
        return [i for i, _, _ in self.encode(text)]


def joined(model, pieces):
    """Pieces, with neighbours that are unknown made one."""
    made, before = [], None
    for piece in pieces:
        now = model.index.get(piece, model.unknown)
        if now == before == model.unknown:
            made[-1] += piece
        else:
            made.append(piece)
        before = now
    return made


def byte_ids(piece, vocab):
    """Ids of the tokens <0x00> to <0xFF>, or None: some lack."""
    ids = [vocab.get(f"<0x{b:02X}>") for b in piece.encode()]
    return None if None in ids else ids


def viterbi(model, word):
    """The most probable pieces of a word, and their log p."""
    n = len(word)
    score, came = [0.0] + [-math.inf] * n, [0] * (n + 1)
    for start in range(n):
        for end, arc in model.arcs(word, start):
            if score[start] + arc > score[end]:
                score[end], came[end] = score[start] + arc, start
    cuts = [n]
    while cuts[-1]:
        cuts.append(came[cuts[-1]])
    cuts.reverse()
    return [word[a:b] for a, b in zip(cuts, cuts[1:])], score[n]


def log_add(a, b):
    """log(e^a + e^b), without leaving the logarithms."""
    high, low = max(a, b), min(a, b)
    if low == -math.inf:
        return high
    return high + math.log1p(math.exp(low - high))


def expected(model, word):
    """Over all segmentations: log p(word), and how often each
    piece is to be expected (forward-backward)."""
    n = len(word)
    arcs = [model.arcs(word, start) for start in range(n)]
    forward = [0.0] + [-math.inf] * n
    for start in range(n):
        for end, arc in arcs[start]:
            forward[end] = log_add(forward[end], forward[start] + arc)
    backward, counts = [-math.inf] * n + [0.0], defaultdict(float)
    for start in reversed(range(n)):
        for end, arc in arcs[start]:
            rest = arc + backward[end]
            backward[start] = log_add(backward[start], rest)
            counts[word[start:end]] += math.exp(
                forward[start] + rest - forward[n])
    return forward[n], counts


def seed(words, longest=8, size=20_000):
    """All characters, then the substrings that cover most."""
    counts = Counter()
    for word, count in words.items():
        for start in range(len(word)):
            last = min(len(word), start + longest)
            for end in range(start + 1, last + 1):
                counts[word[start:end]] += count
    cover = {p: count * len(p) for p, count in counts.items()
             if len(p) == 1 or count > 1}
    kept = sorted(cover, key=lambda p: (len(p) > 1, -cover[p], p))
    total = sum(cover[p] for p in kept[:size])
    return [(p, math.log(cover[p] / total)) for p in kept[:size]]


def digamma(x):
    """About log(x - 1/2): small counts lose more than large."""
    result = 0.0
    while x < 7:
        result, x = result - 1 / x, x + 1
    x -= 0.5
    return (result + math.log(x) + 1 / (24 * x**2)
            - 7 / (960 * x**4) + 31 / (8064 * x**6))


def em_step(pieces, words):
    """One step of EM; new pieces, and log p under the old."""
    model, log_p, counts = Unigram(pieces), 0.0, defaultdict(float)
    for word, times in words.items():
        own, shares = expected(model, word)
        log_p += times * own
        for piece, share in shares.items():
            counts[piece] += times * share
    kept = {p: max(counts[p], 0.5) for p, _ in pieces
            if counts[p] >= 0.5 or len(p) == 1}
    total = digamma(sum(kept.values()))
    return [(p, digamma(c) - total) for p, c in kept.items()], log_p


def prune(pieces, words, size):
    """Drop the pieces without which the text loses least."""
    model, used = Unigram(pieces), Counter()
    for word, times in words.items():
        for piece in viterbi(model, word)[0]:
            used[piece] += times
    loss = {}
    for piece, score in pieces:
        parts = [(p, s) for p, s in pieces_in(model, piece)
                 if p != piece]
        loss[piece] = math.inf if len(piece) == 1 else used[piece] * (
            score - viterbi(Unigram(parts), piece)[1])
    return sorted(pieces, key=lambda p: -loss[p[0]])[:size]


def pieces_in(model, word):
    """The pieces that occur in a word, with their scores."""
    found = {word[start:end]: score for start in range(len(word))
             for end, score in model.arcs(word, start)}
    return list(found.items())


def train_unigram(texts, size, longest=8, shrink=0.75):
    """Learn `size` pieces, the most probable first."""
    words = Counter(word for text in texts
                    for word in marked_words(text))
    pieces = seed(words, longest)
    while True:
        for _ in range(2):
            pieces, _ = em_step(pieces, words)
        if len(pieces) <= size:
            return sorted(pieces, key=lambda p: -p[1])
        smaller = max(size, int(shrink * len(pieces)))
        pieces = prune(pieces, words, smaller)


def nats_per_character(pieces, texts):
    """-log p of texts over all segmentations, a character."""
    words = Counter(word for text in texts
                    for word in marked_words(text))
    model = Unigram(pieces)
    nats = sum(n * expected(model, word)[0] for word, n in words.items())
    return -nats / sum(n * len(word) for word, n in words.items())

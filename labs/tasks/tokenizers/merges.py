"""Merges learned and applied fast, with the same result as `byte_bpe.py` to the last id.

Training counts each pair once and then only changes what a merge changes; a heap keeps the most frequent pair
at hand. Encoding works on ids, splits a long word with a linked list and a heap in O(n log n), and remembers words.
"""
import heapq
from collections import Counter, defaultdict
from itertools import chain

from labs.tasks.tokenizers.byte_bpe import BYTE, LETTER, SPLIT, to_letters, utf8
from labs.tasks.tokenizers.characters import older

SHORT = 24              # letters: below, looking at every pair again is faster than a heap
NONE = (1 << 60, 0)     # the rank of a pair that is no merge


def train(texts, size, split=SPLIT, specials=()):
    """Learn merges, the same as `byte_bpe.train_bpe`; return vocab (token -> id) and merges."""
    counts = Counter(chain.from_iterable(words_of(text, split) for text in texts))
    vocab = {token: i for i, token in enumerate([*specials, *sorted(BYTE)])}
    words = [[vocab[c] for c in to_letters(word)] for word in counts]
    return learn(words, list(counts.values()), vocab, size)


def words_of(text, split):
    """The words of a text, as the library's expression finds them."""
    seen = older(text)
    return split.findall(text) if seen is text else [text[slice(*hit.span())] for hit in split.finditer(seen)]


def learn(words, counts, vocab, size, written=lambda first, second: first + second):
    """Merge the most frequent pair of neighbouring ids until the vocabulary is full.

    Parameters
    ----------
    words : list of list of int
        Changed in place.
    counts : list of int
        How often each word occurs.
    vocab : dict of str to int
        Grows in place.
    size : int
    written : callable
        How the token made of two tokens is written.

    Returns
    -------
    vocab : dict of str to int
    merges : list of (str, str)
        As they were learned. Of pairs that are as frequent, the one with the smaller ids comes first.
    """
    names = {i: token for token, i in vocab.items()}
    total, where = pairs_of(words, counts)
    heap = [(-count, pair) for pair, count in total.items()]
    heapq.heapify(heap)
    merges = {}
    while len(vocab) < size and heap:
        count, pair = heapq.heappop(heap)
        if -count != total[pair]:               # it has changed since
            if total[pair] > 0:
                heapq.heappush(heap, (-total[pair], pair))
            continue
        token = written(names[pair[0]], names[pair[1]])
        new = vocab.setdefault(token, len(vocab))
        names[new] = token
        merges.pop(pair, None)                  # merged a second time: the later rank holds, as in the library
        merges[pair] = new
        grown = {}
        for i in where.pop(pair, ()):
            for changed, by in merge_ids(words[i], pair, new):
                total[changed] += by * counts[i]
                if by > 0:
                    grown.setdefault(changed, set()).add(i)
        for changed, at in grown.items():
            where[changed] |= at
            if total[changed] > 0:
                heapq.heappush(heap, (-total[changed], changed))
    return vocab, [(names[first], names[second]) for first, second in merges]


def pairs_of(words, counts):
    """How often two ids stand side by side, and in which words."""
    total, where = defaultdict(int), defaultdict(set)
    for i, (word, count) in enumerate(zip(words, counts, strict=True)):
        for pair in zip(word, word[1:]):
            total[pair] += count
            where[pair].add(i)
    return total, where


def merge_ids(word, pair, new):
    """Merge a pair wherever it stands in a word, in place; yield the pairs that went and came: (pair, -1 or +1).

    The merged pair itself is not counted down, as the library does not either: it can only return if its token is
    made a second time, of other parts.
    """
    first, second = pair
    i = 0
    while i + 1 < len(word):
        if word[i] == first and word[i + 1] == second:
            if i > 0:
                yield (word[i - 1], first), -1
                yield (word[i - 1], new), 1
            if i + 2 < len(word):
                yield (second, word[i + 2]), -1
                yield (new, word[i + 2]), 1
            word[i:i + 2] = [new]
        i += 1


class Remembered(dict):
    """Word -> ids, worked out when a word is first asked for; at most `limit` words are kept."""

    def __init__(self, encode, limit=1 << 20):
        super().__init__()
        self.encode, self.limit = encode, limit

    def __missing__(self, word):
        ids = self.encode(word)
        if len(self) < self.limit:
            self[word] = ids
        return ids


class FastByteBPE:
    """The ids of `byte_bpe.ByteBPE`, without offsets."""

    def __init__(self, vocab, merges, split=SPLIT):
        self.split = split
        self.bytes = [vocab.get(LETTER[b]) for b in range(256)]
        self.ranks = {(vocab[a], vocab[b]): (rank, vocab[a + b]) for rank, (a, b) in enumerate(merges)}
        self.words = Remembered(self.word)

    def ids(self, text):
        """Text -> list of int."""
        try:
            return list(chain.from_iterable(map(self.words.__getitem__, words_of(text, self.split))))
        except UnicodeEncodeError:
            utf8(text)                          # raises, and says which character
            raise

    def word(self, word):
        """The ids of one word, worked out."""
        # a byte without a token vanishes before anything is merged: its neighbours become neighbours
        ids = [i for b in word.encode("utf-8") if (i := self.bytes[b]) is not None]
        return tuple(self.merge_short(ids) if len(ids) <= SHORT else self.merge_long(ids))

    def merge_short(self, ids):
        """Look at every pair after each merge: O(n^2), and fast while n is small."""
        while len(ids) > 1:
            rank, new, i = min((*self.ranks.get(pair, NONE), i) for i, pair in enumerate(zip(ids, ids[1:])))
            if rank == NONE[0]:
                break
            ids[i:i + 2] = [new]
        return ids

    def merge_long(self, ids):
        """A heap of pairs, and a list linked both ways: O(n log n)."""
        n, ranks = len(ids), self.ranks
        before, after = list(range(-1, n - 1)), [*range(1, n), -1]
        heap = [(ranks[pair][0], i, ranks[pair][1]) for i, pair in enumerate(zip(ids, ids[1:])) if pair in ranks]
        heapq.heapify(heap)
        while heap:
            _, i, new = heapq.heappop(heap)
            j = after[i]
            if ids[i] is None or j < 0 or ranks.get((ids[i], ids[j]), NONE)[1] != new:
                continue                        # one of the two has been merged since
            ids[i], ids[j], after[i] = new, None, after[j]
            if after[j] >= 0:
                before[after[j]] = i
            for left in (before[i], i):
                if left >= 0 and after[left] >= 0 and (found := ranks.get((ids[left], ids[after[left]]))):
                    heapq.heappush(heap, (found[0], left, found[1]))
        return [i for i in ids if i is not None]

"""Byte-level byte-pair encoding, to be read (Sennrich et al. 2016, arXiv:1508.07909; on bytes as in GPT-2, 2019).

Text -> words (one regular expression) -> bytes, each written as a printable character -> merges, the one that
was learned first before all others -> ids. No normalizer: what goes in comes out, if the vocabulary has all bytes.
`merges.py` has the fast version; the definitions below stand in chapter 22 word for word.
"""
import math
from collections import Counter

import regex

from labs.tasks.tokenizers.characters import older

SPLIT = regex.compile(
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+"
    r"| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")
# GPT-4 (cl100k_base) and Llama 3: at most three digits, any case
SPLIT_THREE = regex.compile(
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+"
    r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+")
# SmolLM2: every digit stands alone, without the space before it
SPLIT_DIGITS = regex.compile(
    r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+|\s+(?![^\s\p{N}])|\s+")


def byte_letters():
    """A printable character for each of the 256 bytes."""
    letters = {b: chr(b) for b in (*range(33, 127),
               *range(161, 173), *range(174, 256))}
    printable = len(letters)
    for b in range(256):
        if b not in letters:            # a space becomes Ġ
            letters[b] = chr(256 + len(letters) - printable)
    return letters


LETTER = byte_letters()
BYTE = {letter: b for b, letter in LETTER.items()}


class TextError(ValueError):
    """A text that has no bytes, or an id that has no text."""


def known(ids, tokens):
    """Each id, if it is a whole number with a token."""
    for i in ids:
        whole = hasattr(i, "__index__") and not isinstance(i, bool)
        if not whole or i not in tokens:
            raise TextError(f"id {i} is not in this vocabulary: "
                            f"expected 0 to {max(tokens)}")
        yield i


def utf8(text, at=0):
    """The bytes of a text that begins at character `at`."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise TextError(
            f"character {at + error.start} is "
            f"{text[error.start]!a}, half of a pair that only UTF-16 "
            "knows: it has no bytes in UTF-8. Repair the text where "
            "it was read") from None


def to_letters(text, at=0):
    """The UTF-8 bytes of a text, one letter each."""
    return "".join(LETTER[b] for b in utf8(text, at))


def count_pairs(words, counts):
    """How often two symbols stand side by side."""
    pairs = Counter()
    for word, symbols in words.items():
        for pair in zip(symbols, symbols[1:]):
            pairs[pair] += counts[word]
    return pairs


def merge_pair(symbols, pair):
    """Symbols with each such pair made one, from the left."""
    made, i = [], 0
    while i < len(symbols):
        hit = tuple(symbols[i:i + 2]) == pair
        made.append(pair[0] + pair[1] if hit else symbols[i])
        i += 2 if hit else 1
    return made


def train_bpe(texts, size, split=SPLIT, specials=()):
    """Learn merges; return vocab (token -> id) and merges."""
    counts = Counter(to_letters(text[slice(*word.span())])
                     for text in texts
                     for word in split.finditer(older(text)))
    words = {word: list(word) for word in counts}
    vocab = {token: i for i, token in
             enumerate([*specials, *sorted(BYTE)])}
    merges = []
    while len(vocab) < size and (
            pairs := count_pairs(words, counts)):
        best = max(pairs, key=lambda p: (       # the tie-break
            pairs[p], -vocab[p[0]], -vocab[p[1]]))
        merges.append(best)
        vocab.setdefault(best[0] + best[1], len(vocab))
        words = {word: merge_pair(symbols, best)
                 for word, symbols in words.items()}
    return vocab, merges


def merge_word(letters, ranks):
    """Merge one word: always the pair that was learned first."""
    symbols = list(letters)
    while len(symbols) > 1:
        found = [ranks.get(pair, math.inf)
                 for pair in zip(symbols, symbols[1:])]
        first = min(found)
        if first == math.inf:
            break
        i = found.index(first)          # the leftmost one
        symbols[i:i + 2] = [symbols[i] + symbols[i + 1]]
    return symbols


class ByteBPE:
    """A byte-level BPE tokenizer: ids, offsets, and back."""

    def __init__(self, vocab, merges, split=SPLIT):
        self.vocab, self.split = vocab, split
        self.ranks = {pair: rank for rank, pair in enumerate(merges)}
        self.tokens = {i: token for token, i in vocab.items()}

    def encode(self, text):
        """Text -> [(id, start, end)], offsets in characters."""
        found = []
        for word in self.split.finditer(older(text)):
            at, word = word.start(), text[slice(*word.span())]
            owner = [i for i, c in enumerate(word, at)
                     for _ in utf8(c, i)]       # whose byte is it?
            pairs = [(c, i) for c, i in zip(to_letters(word), owner)
                     if c in self.vocab]        # else it vanishes
            owner = [i for _, i in pairs]
            used = 0
            for token in merge_word([c for c, _ in pairs], self.ranks):
                last = owner[used + len(token) - 1]
                found.append((self.vocab[token], owner[used], last + 1))
                used += len(token)
        return found

    def decode(self, ids):
        """Ids -> text; bytes that are no UTF-8 become U+FFFD."""
        letters = "".join(
            self.tokens[i] for i in known(ids, self.tokens))
        return bytes(BYTE[c] for c in letters).decode(
            errors="replace")

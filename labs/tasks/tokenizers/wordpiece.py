"""WordPiece as BERT uses it, to be read (Wu et al. 2016, arXiv:1609.08144; Devlin et al. 2019, arXiv:1810.04805).

Text -> normalizer (cleaned, Chinese characters set apart, accents off, lower case) -> words -> the longest piece that
fits, again and again -> ids. A normalized text is a list of (character, start, end): every character keeps its place.
`pieces.py` has the fast version; the definitions below stand in chapter 22 word for word.
"""
import string
from collections import Counter
from itertools import groupby

from labs.tasks.tokenizers.byte_bpe import count_pairs, known, utf8
from labs.tasks.tokenizers.characters import category, combining, decompose, lower_case

HAN = ((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF),
       (0x2A700, 0x2B73F), (0x2B740, 0x2B81F),
       (0x2B920, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F))


def clean(chars):
    """No control characters; every white space a space."""
    for c, start, end in chars:
        if c in "\t\n\r":
            yield " ", start, end
        elif c != "\ufffd" and category(c) not in ("Cc", "Cf", "Co"):
            yield " " if c.isspace() else c, start, end


def spread(chars):
    """A space before and after each Chinese character."""
    for c, start, end in chars:
        if any(low <= ord(c) <= high for low, high in HAN):
            yield from ((" ", start, start), (c, start, end),
                        (" ", end, end))
        else:
            yield c, start, end


def strip_accents(chars):
    """Decomposed, without the marks: é -> e."""
    chars = list(chars)
    places = iter([(start, end) for _, start, end in chars])
    for part, first in in_order(
            (part, k == 0) for c, _, _ in chars
            for k, part in enumerate(decompose(c))):
        if first:               # of the parts of one character
            start, end = next(places)
        if category(part) != "Mn":
            yield part, start, end


def in_order(parts):
    """Neighbouring marks in Unicode's order: by their class."""
    for _, run in groupby(parts, lambda p: combining(p[0]) > 0):
        yield from sorted(run, key=lambda p: combining(p[0]))


def lower(chars):
    """Lower case, character by character; one can become two."""
    for c, start, end in chars:
        for part in lower_case(c):
            yield part, start, end


def normalize(text):
    """BERT's normalizer: text -> [(character, start, end)]."""
    utf8(text)                  # half a character is an error
    chars = ((c, i, i + 1) for i, c in enumerate(text))
    return list(lower(strip_accents(spread(clean(chars)))))


def is_punctuation(c):
    """All of ASCII's symbols too: $ + < = > ^ ` | ~."""
    return c in string.punctuation or category(c).startswith("P")


def split_words(chars):
    """Words: cut at spaces, and around each punctuation."""
    word = []
    for char in [*chars, (" ", 0, 0)]:
        alone = is_punctuation(char[0])
        if word and (alone or char[0].isspace()):
            yield word
            word = []
        if alone:
            yield [char]
        elif not char[0].isspace():
            word.append(char)


def glue(first, second):
    """un + ##able -> unable; ##a + ##b -> ##ab."""
    return first + second.removeprefix("##")


def glue_pair(pieces, pair):
    """Pieces with each such pair made one, from the left."""
    made, i = [], 0
    while i < len(pieces):
        hit = tuple(pieces[i:i + 2]) == pair
        made.append(glue(*pair) if hit else pieces[i])
        i += 2 if hit else 1
    return made


def first_pieces(counts):
    """Words in pieces of one character, and their alphabet."""
    words = {word: [word[0], *("##" + c for c in word[1:])]
             for word in counts}
    alphabet = {piece for pieces in words.values()
                for piece in pieces}
    alphabet |= {piece[-1] for piece in alphabet}
    return words, sorted(alphabet, key=lambda p: (len(p), p))


def train_wordpiece(texts, size, specials=("[UNK]",), order=None):
    """Learn a vocabulary, token -> id. `order`: the alphabet in
    another order, on which ties depend."""
    counts = Counter("".join(c for c, _, _ in word)
                     for text in texts
                     for word in split_words(normalize(text)))
    words, alphabet = first_pieces(counts)
    vocab = {token: i for i, token in
             enumerate([*specials, *(order or alphabet)])}
    while len(vocab) < size and (
            pairs := count_pairs(words, counts)):
        best = max(pairs, key=lambda p: (
            pairs[p], -vocab[p[0]], -vocab[p[1]]))
        vocab.setdefault(glue(*best), len(vocab))
        words = {word: glue_pair(pieces, best)
                 for word, pieces in words.items()}
    return vocab


def pieces_of(word, vocab, longest=100):
    """[(piece, start, end)] of one word, or None: unknown."""
    found, start = [], 0
    while start < len(word) <= longest:
        for end in range(len(word), start, -1):
            piece = "##" * (start > 0) + word[start:end]
            if piece in vocab:
                break
        else:
            return None         # one piece missing: all is lost
        found.append((piece, start, end))
        start = end
    return found or None


class WordPiece:
    """A WordPiece tokenizer: ids, offsets, and words again."""

    def __init__(self, vocab, unknown="[UNK]"):
        self.vocab, self.unknown = vocab, vocab[unknown]
        self.tokens = {i: token for token, i in vocab.items()}

    def encode(self, text):
        """Text -> [(id, start, end)], offsets in characters."""
        found = []
        for chars in split_words(normalize(text)):
            word = "".join(c for c, _, _ in chars)
            pieces = pieces_of(word, self.vocab)
            if pieces is None:
                found.append((self.unknown, chars[0][1], chars[-1][2]))
            else:
                found += [(self.vocab[piece], chars[a][1], chars[b - 1][2])
                          for piece, a, b in pieces]
        return found

    def decode(self, ids):
        """Ids -> words, spaces between: not the text again."""
        return " ".join(self.tokens[i] for i in known(
            ids, self.tokens)).replace(" ##", "")

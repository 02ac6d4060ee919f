"""WordPiece fast, with the same vocabulary and ids as `wordpiece.py`.

All that the normalizer does, it does to one character at a time: so one table says what becomes of each character,
filled as characters are met, and `str.translate` applies it. A space beside each punctuation, and `str.split` cuts.
"""
from collections import Counter
from itertools import chain

from labs.tasks.tokenizers.byte_bpe import utf8
from labs.tasks.tokenizers.characters import combining
from labs.tasks.tokenizers.merges import Remembered, learn
from labs.tasks.tokenizers.wordpiece import first_pieces, glue, is_punctuation, normalize, pieces_of, split_words


class Characters(dict):
    """Code point -> what the normalizer makes of it, punctuation set apart by spaces."""

    def __init__(self):
        super().__init__()
        self.ordered = set()            # marks that stay: neighbours among them may change places

    def __missing__(self, code):
        parts = normalize(chr(code))
        self.ordered.update(chr(code) for c, _, _ in parts if combining(c))
        self[code] = "".join(f" {c} " if is_punctuation(c) else c for c, _, _ in parts)
        return self[code]


CHARACTERS = Characters()


def words_of(text):
    """The words of a text, as `wordpiece.split_words(normalize(text))` finds them."""
    utf8(text)                      # half a character is an error here too
    found = text.translate(CHARACTERS)
    if CHARACTERS.ordered and not CHARACTERS.ordered.isdisjoint(text):
        return ["".join(c for c, _, _ in word) for word in split_words(normalize(text))]
    return found.split()


def train(texts, size, specials=("[UNK]",), order=None):
    """Learn a vocabulary, the same as `wordpiece.train_wordpiece`; return token -> id."""
    counts = Counter(chain.from_iterable(map(words_of, texts)))
    words, alphabet = first_pieces(counts)
    vocab = {token: i for i, token in enumerate([*specials, *(order or alphabet)])}
    ids = [[vocab[piece] for piece in words[word]] for word in counts]
    return learn(ids, list(counts.values()), vocab, size, written=glue)[0]


class FastWordPiece:
    """The ids of `wordpiece.WordPiece`, without offsets."""

    def __init__(self, vocab, unknown="[UNK]"):
        self.vocab, self.unknown = vocab, (vocab[unknown],)
        self.words = Remembered(self.word)

    def ids(self, text):
        """Text -> list of int."""
        return list(chain.from_iterable(map(self.words.__getitem__, words_of(text))))

    def word(self, word):
        """The ids of one word, worked out."""
        pieces = pieces_of(word, self.vocab)
        return self.unknown if pieces is None else tuple(self.vocab[piece] for piece, _, _ in pieces)

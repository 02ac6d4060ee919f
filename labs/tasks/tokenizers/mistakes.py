"""Mistakes that people make in tokenizers: (kind, what, plant). A check of equality must catch each of them.

`plant(right)` returns a tokenizer that is wrong in one way; its `encode` gives ids, and offsets of no meaning.
"""
from labs.tasks.tokenizers import byte_bpe, special, unigram, wordpiece
from labs.tasks.tokenizers.byte_bpe import SPLIT, ByteBPE


def found_on(wrong, library, texts, added):
    """The name of the first (name, text) that a tokenizer encodes otherwise than the library, or None.

    Added tokens are cut out first, as the library does: else a literal one in a text would pass for the mistake.
    """
    return next((name for name, text in texts if [x[0] for x in special.encode_all(wrong, text, added)]
                 != library.encode(text, add_special_tokens=False).ids), None)


class Other:
    """A tokenizer whose encode is another function."""

    def __init__(self, encode):
        self.encode = encode


def leftmost_first(bpe):
    """Merges whatever can be merged, from the left, instead of what was learned first."""
    def merge(letters, ranks):
        symbols, i = list(letters), 0
        while i + 1 < len(symbols):
            if (symbols[i], symbols[i + 1]) in ranks:
                symbols[i:i + 2] = [symbols[i] + symbols[i + 1]]
                i = max(i - 1, 0)
            else:
                i += 1
        return symbols

    def encode(text):
        return [(bpe.vocab[token], 0, 0) for word in bpe.split.findall(text)
                for token in merge(byte_bpe.to_letters(word), bpe.ranks) if token in bpe.vocab]
    return Other(encode)


def longest_match(bpe):
    """Takes the longest token that fits, as WordPiece does, instead of merging."""
    def encode(text):
        found = []
        for word in bpe.split.findall(text):
            letters = byte_bpe.to_letters(word)
            while letters:
                end = next((end for end in range(len(letters), 0, -1) if letters[:end] in bpe.vocab), None)
                found += [(bpe.vocab[letters[:end]], 0, 0)] if end else []
                letters = letters[end or 1:]
        return found
    return Other(encode)


def digits_together(bpe):
    """Splits words as GPT-2 does: digits stay together, with the space before them."""
    return ByteBPE(bpe.vocab, list(bpe.ranks), SPLIT)


def space_stripped(bpe):
    """Strips the text first: the space in front of it is gone."""
    return Other(lambda text: bpe.encode(text.strip()))


def composed(bpe):
    """Normalizes to NFC first, which byte-level BPE does not."""
    import unicodedata
    return Other(lambda text: bpe.encode(unicodedata.normalize("NFC", text)))


def with_words(change):
    """A WordPiece whose words pass through `change(word)` before they are cut: None is [UNK]."""
    def plant(model):
        def encode(text):
            found = []
            for chars in wordpiece.split_words(wordpiece.normalize(text)):
                pieces = change(model, "".join(c for c, _, _ in chars))
                found += [(model.unknown if p is None else model.vocab[p], 0, 0) for p in pieces]
            return found
        return Other(encode)
    return plant


def shortest_match(model, word):
    """Takes the shortest piece that fits."""
    found, start = [], 0
    while start < len(word):
        piece = next((p for end in range(start + 1, len(word) + 1)
                      if (p := "##" * (start > 0) + word[start:end]) in model.vocab), None)
        if piece is None:
            return [None]
        found.append(piece)
        start += len(piece) - 2 * (start > 0)
    return found


def unknown_inside(model, word):
    """Keeps the pieces that fit and marks only the rest as unknown."""
    for end in range(len(word), 0, -1):
        pieces = wordpiece.pieces_of(word[:end], model.vocab)
        if pieces:
            return [p for p, _, _ in pieces] + [None] * (end < len(word))
    return [None]


def no_limit(model, word):
    """Cuts up words of more than 100 characters too."""
    return [p for p, _, _ in wordpiece.pieces_of(word, model.vocab, longest=1 << 30) or [(None, 0, 0)]]


def accents_kept(model):
    """Lower case, but the accents stay."""
    def encode(text):
        chars = wordpiece.clean((c, i, i + 1) for i, c in enumerate(text))
        found = []
        for word in wordpiece.split_words(list(wordpiece.lower(wordpiece.spread(chars)))):
            pieces = wordpiece.pieces_of("".join(c for c, _, _ in word), model.vocab)
            found += [(model.unknown, 0, 0)] if pieces is None else [(model.vocab[p], 0, 0) for p, _, _ in pieces]
        return found
    return Other(encode)


def greedy(model):
    """Takes the longest piece instead of the most probable path."""
    def viterbi(word):
        found, start = [], 0
        while start < len(word):
            end = max(end for end, _ in model.arcs(word, start))
            found.append(word[start:end])
            start = end
        return found
    return by_pieces(model, viterbi)


def unknown_not_joined(model):
    """Gives every unknown character an id of its own."""
    return by_pieces(model, lambda word: unigram.viterbi(model, word)[0], joined=False)


def no_space_in_front(model):
    """Forgets the ▁ before the first word."""
    def encode(text):
        return [(model.index.get(p, 0), 0, 0) for word in text.replace(" ", f" {unigram.SPACE}").split(" ")
                for p in unigram.viterbi(model, word)[0]]
    return Other(encode)


def any_white_space(model):
    """Cuts at line ends and tabs too, and joins several spaces."""
    return Other(lambda text: [(i, 0, 0) for i in model.ids(" ".join(text.split()))])


def by_pieces(model, cut, joined=True):
    """A unigram tokenizer with another way to cut a word."""
    def encode(text):
        found = []
        for word in unigram.marked_words(text):
            before = None
            for piece in cut(word):
                i = model.index.get(piece, 0)
                if not (joined and i == before == 0):
                    found.append((i, 0, 0))
                before = i
        return found
    return Other(encode)


MISTAKES = [
    ("byte-level BPE", "merges from the left, not what was learned first", leftmost_first),
    ("byte-level BPE", "takes the longest token that fits", longest_match),
    ("byte-level BPE", "leaves digits together, as GPT-2 does", digits_together),
    ("byte-level BPE", "strips the text first", space_stripped),
    ("byte-level BPE", "normalizes to NFC first", composed),
    ("WordPiece", "takes the shortest piece that fits", with_words(shortest_match)),
    ("WordPiece", "marks only the rest of a word as unknown", with_words(unknown_inside)),
    ("WordPiece", "cuts up words of more than 100 characters", with_words(no_limit)),
    ("WordPiece", "keeps the accents", accents_kept),
    ("Unigram", "takes the longest piece, not the best path", greedy),
    ("Unigram", "gives each unknown character its own id", unknown_not_joined),
    ("Unigram", "forgets the space before the first word", no_space_in_front),
    ("Unigram", "cuts at any white space", any_white_space),
]

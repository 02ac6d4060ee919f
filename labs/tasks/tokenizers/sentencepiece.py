"""SentencePiece's own kind of BPE, to be read: merges of characters, and bytes for what has no token (Llama 2, Mistral).

`read_pieces` reads a published SentencePiece model (Kudo, Richardson 2018, arXiv:1808.06226): a protocol buffer whose
first field, repeated, is a piece, its score and its type. In a Unigram model the score is a log probability; in a BPE
model it only numbers the merges. `CharacterBPE` gives the ids and offsets of the library's converted model.
"""
import struct

from labs.tasks.tokenizers.byte_bpe import TextError, known, merge_word
from labs.tasks.tokenizers.unigram import byte_ids, marked

NORMAL, UNKNOWN, CONTROL = 1, 2, 3          # the types of pieces that are asked for here


def read_number(data, at):
    """One number of a protocol buffer: seven bits a byte."""
    number = shift = 0
    while True:
        number |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 128:
            return number, at


def read_fields(data):
    """The fields of a protocol buffer: pairs (number, value), the value an int or bytes."""
    at, found = 0, []
    while at < len(data):
        key, at = read_number(data, at)
        kind = key & 7
        if kind == 0:
            value, at = read_number(data, at)
        elif kind in (1, 2, 5):
            size = {1: 8, 5: 4}.get(kind)
            if size is None:
                size, at = read_number(data, at)
            value, at = data[at:at + size], at + size
        else:
            raise TextError(f"not a protocol buffer: a field of kind {kind} at byte {at}; expected 0, 1, 2 or 5")
        if at > len(data):
            raise TextError(f"cut off: a field ends at byte {at} of {len(data)}")
        found.append((key >> 3, value))
    return found


def read_pieces(path):
    """Read a SentencePiece model.

    Parameters
    ----------
    path : pathlib.Path

    Returns
    -------
    list of (str, float, int)
        Piece, score and type; a piece's place in the list is its id.

    Raises
    ------
    TextError
        The file is no SentencePiece model, or is cut off.
    """
    try:
        found = [dict(read_fields(value)) for number, value in read_fields(path.read_bytes()) if number == 1]
        pieces = [(one[1].decode("utf-8"), struct.unpack("<f", one.get(2, bytes(4)))[0], one.get(3, NORMAL)) for one in found]
    except (IndexError, KeyError, TypeError, AttributeError, struct.error, UnicodeDecodeError) as error:
        raise TextError(f"{path.name} is no SentencePiece model ({type(error).__name__}: {error})") from None
    if not pieces:
        raise TextError(f"{path.name} holds no pieces: expected a SentencePiece model")
    return pieces


def merges_of(vocab):
    """The merges that a BPE model of SentencePiece means: for each token, all pairs that make it.

    Parameters
    ----------
    vocab : dict of str to int
        In the order in which the tokens were learned.

    Returns
    -------
    list of (str, str)
        Those of the earlier token first; for one token, the pair with the smaller ids first.
    """
    found = []
    for token in vocab:
        pairs = [(token[:i], token[i:]) for i in range(1, len(token)) if token[:i] in vocab and token[i:] in vocab]
        found += sorted(pairs, key=lambda pair: (vocab[pair[0]], vocab[pair[1]]))
    return found


class CharacterBPE:
    """BPE on characters; one without a token becomes bytes."""

    def __init__(self, vocab, merges, unknown="<unk>"):
        self.vocab, self.unknown = vocab, vocab[unknown]
        self.ranks = {pair: rank for rank, pair in enumerate(merges)}
        self.tokens = {i: token for token, i in vocab.items()}

    def encode(self, text):
        """Text -> [(id, start, end)]; the text is one word."""
        chars, found, at = marked(text, always=True), [], 0
        for run in runs([c for c, _, _ in chars], self.vocab):
            if run[0] not in self.vocab:
                for c in run:
                    ids = byte_ids(c, self.vocab) or [self.unknown]
                    found += [(i, *chars[at][1:]) for i in ids]
                    at += 1
                continue
            for token in merge_word(run, self.ranks):
                last = at + len(token) - 1
                found.append((self.vocab[token], chars[at][1], chars[last][2]))
                at = last + 1
        return found

    def decode(self, ids):
        """Ids -> text; bytes that are no UTF-8 become U+FFFD."""
        data = b""
        for i in known(ids, self.tokens):
            token = self.tokens[i]
            byte = len(token) == 6 and token.startswith("<0x")
            data += (bytes([int(token[3:5], 16)]) if byte
                     else token.replace("\u2581", " ").encode())
        return data.decode(errors="replace").removeprefix(" ")


def runs(chars, vocab):
    """Characters in runs: all with a token of their own, or none."""
    found = []
    for c in chars:
        if not found or (c in vocab) != (found[-1][0] in vocab):
            found.append([])
        found[-1].append(c)
    return found

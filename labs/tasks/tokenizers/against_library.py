"""What the chapter and the tests hold our tokenizers against: the library's, made of the same parts; and random texts."""
import json
import random
import sys
import unicodedata
from collections import defaultdict
from functools import cache
from pathlib import Path

from labs.tasks.tokenizers import special
from labs.tasks.tokenizers.byte_bpe import to_letters
from labs.tasks.tokenizers.characters import older
from labs.tasks.tokenizers.sentencepiece import UNKNOWN, merges_of

FRAGMENTS = ("'s", "'LL", "n't", "''", " '", "!\x04!", "(\x04)", " \x04'", "\r\n", "\n\n", "   ", "\u3000", "\u2581", "\ufffd", "123456", " 7",
             "<unk>", "<|im_end|>", "<|im_start|>", "<|im_end", "[CLS]", "[MASK]", "</s>", "<0x41>", "##a", "\u0e33", "\u1112\u1161\u11ab",
             "e\u0301", "a\u0323\u0307", "\u1e69", "\u017f", "'\u017f", "\u0130", "\u03a3", "\u061d", "\u166d", "\u302a\u0301", "\U0001f468\u200d\U0001f469",
             "\U0001f1e8\U0001f1f3", "\U0001d16d\U0001d165", "http://a.b/c?d=e&f", "x = {'a': 1}\n\treturn", "To be, or not", "床前明月光")


@cache
def characters_by_category():
    """All code points but the surrogates, by their general category; the unassigned and the private thinned out."""
    found = defaultdict(list)
    for code in range(sys.maxunicode + 1):
        kind = unicodedata.category(chr(code))
        if kind != "Cs" and (kind not in ("Cn", "Co") or code % 61 == 0):
            found[kind].append(chr(code))
    return dict(sorted(found.items()))


def random_texts(count, seed):
    """Random texts: each from one to four general categories of Unicode, ASCII, white space and fragments that have broken tokenizers.

    Parameters
    ----------
    count, seed : int

    Returns
    -------
    list of str
        Of 0 to 40 parts each.
    """
    rng, pools = random.Random(seed), list(characters_by_category().values())
    ascii_pool = [chr(code) for code in range(128)]
    found = []
    for _ in range(count):
        own = [*rng.sample(pools, rng.randrange(1, 5)), ascii_pool, FRAGMENTS, " \n", "etaoinshrdlu "]
        found.append("".join(rng.choice(rng.choice(own)) for _ in range(rng.randrange(41))))
    return found


def by_library(library, text):
    """Encode with the library: [(id, start, end)], without the tokens that its template adds."""
    found = library.encode(text, add_special_tokens=False)
    return [(i, *at) for i, at in zip(found.ids, found.offsets, strict=True)]


def compare(name, model, library, texts, explained=None):
    """Encode texts both ways, added tokens cut out first, and count what differs.

    Parameters
    ----------
    name : str
        The tokenizer's name, for the table.
    model
        With `encode(text)` -> [(id, start, end)].
    library : tokenizers.Tokenizer
    texts : dict of str to list of str
        Kind of text -> texts.
    explained : optional
        Like `model`, with the offsets that the library is expected to give where they are other than the model's.

    Returns
    -------
    list of dict
        A row a kind: texts, tokens, in how many texts the ids or the offsets are other than the library's, and in how
        many of them the offsets are those of `explained`.
    """
    rows, own = [], added_of(library)
    for kind, some in texts.items():
        if not some:
            raise ValueError(f"no texts of the kind {kind!r}: nothing would be compared")
        row = dict.fromkeys(("tokens", "other ids", "other offsets", "of them explained"), 0)
        for text in some:
            ours, theirs = special.encode_all(model, text, own), by_library(library, text)
            row["tokens"] += len(theirs)
            row["other ids"] += [x[0] for x in ours] != [x[0] for x in theirs]
            row["other offsets"] += [x[1:] for x in ours] != [x[1:] for x in theirs]
            row["of them explained"] += bool(ours != theirs and explained and special.encode_all(explained, text, own) == theirs)
        rows.append({"tokenizer": name, "texts": kind, "number": len(some), **row})
    return rows


def added_of(library):
    """The added tokens of a library's tokenizer, as `special.Added`."""
    found = {}
    for one in json.loads(library.to_str())["added_tokens"]:
        if one["normalized"]:
            raise ValueError(f"{one['content']!r} is looked for in the normalized text; expected normalized: false")
        found[one["content"]] = special.Added(one["id"], one["lstrip"], one["rstrip"], one["single_word"])
    return found


class Shifted:
    """A `ByteBPE` with the library's offsets: see `shifted`."""

    def __init__(self, model):
        self.encode = lambda text: list(shifted(model, text))


def shifted(model, text):
    """Encode with a `ByteBPE`, with the offsets that the library gives where a byte has no token.

    The library counts the tokens' letters (in UTF-8, where most have one byte and some two) from the word's start, and
    forgets the letter that has vanished: what stands behind it in the word lies too far to the left.
    """
    found = iter(model.encode(text))
    for word in model.split.finditer(older(text)):
        start, end = word.span()
        owner = [i for i in range(start, end) for letter in to_letters(text[i]) for _ in letter.encode()]
        left, at = sum(len(c.encode()) for c in to_letters(text[start:end]) if c in model.vocab), 0
        while at < left:
            i = next(found)[0]
            size = len(model.tokens[i].encode())
            yield i, owner[at], owner[at + size - 1] + 1
            at += size


def library_bpe(texts, size):
    """Train a byte-level BPE with the library."""
    import tokenizers
    made = tokenizers.Tokenizer(tokenizers.models.BPE())
    made.pre_tokenizer = tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.train_from_iterator(texts, tokenizers.trainers.BpeTrainer(
        vocab_size=size, show_progress=False, initial_alphabet=tokenizers.pre_tokenizers.ByteLevel.alphabet()))
    return made


def library_wordpiece(texts, size):
    """Train a WordPiece with the library; it is a `Tokenizer` with BERT's normalizer."""
    import tokenizers
    made = tokenizers.Tokenizer(tokenizers.models.WordPiece(unk_token="[UNK]"))
    made.normalizer, made.pre_tokenizer = tokenizers.normalizers.BertNormalizer(), tokenizers.pre_tokenizers.BertPreTokenizer()
    made.train_from_iterator(texts, tokenizers.trainers.WordPieceTrainer(vocab_size=size, special_tokens=["[UNK]"], show_progress=False))
    return made


def library_unigram(texts, size):
    """Train a Unigram with the library: pieces of at most 8 characters, `<unk>` among them."""
    import tokenizers
    made = tokenizers.Tokenizer(tokenizers.models.Unigram())
    made.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
    made.train_from_iterator(texts, tokenizers.trainers.UnigramTrainer(
        vocab_size=size, unk_token="<unk>", max_piece_length=8, special_tokens=["<unk>"], show_progress=False))
    return made


def stored_unigram():
    """A Unigram that `library_unigram(play[:30_000].split("\n"), 600)` made of Hamlet once: its probabilities move a little from run to run."""
    import tokenizers
    pieces = json.loads((Path(__file__).parent / "checkpoints/unigram_hamlet.json").read_text("utf-8"))
    made = tokenizers.Tokenizer(tokenizers.models.Unigram([tuple(piece) for piece in pieces], 0, byte_fallback=False))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
    return made


def from_unigram_pieces(pieces):
    """Give the library the pieces of a published Unigram model, its normalizer left out."""
    import tokenizers
    unknown = next(i for i, (_, _, kind) in enumerate(pieces) if kind == UNKNOWN)
    made = tokenizers.Tokenizer(tokenizers.models.Unigram([(p, s) for p, s, _ in pieces], unknown, byte_fallback=True))
    made.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
    return made


def from_bpe_pieces(pieces):
    """Give the library the pieces of a published BPE model, as transformers converts one of Llama 2's kind."""
    import tokenizers
    vocab = {piece: i for i, (piece, _, _) in enumerate(pieces)}
    unknown = next(piece for piece, _, kind in pieces if kind == UNKNOWN)
    made = tokenizers.Tokenizer(tokenizers.models.BPE(vocab, merges_of(vocab), unk_token=unknown, fuse_unk=True, byte_fallback=True))
    made.normalizer = tokenizers.normalizers.Sequence([tokenizers.normalizers.Prepend("\u2581"), tokenizers.normalizers.Replace(" ", "\u2581")])
    return made


def merges_in(library):
    """The merges of a library's BPE, in order."""
    return [tuple(pair) for pair in json.loads(library.to_str())["model"]["merges"]]

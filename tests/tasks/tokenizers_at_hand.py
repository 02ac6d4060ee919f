"""What the tests of the tokenizers share: texts, and each tokenizer by hand beside the library's."""
import functools
import json
import random

import pytest
import tokenizers

from labs import data
from labs.tasks.tokenizers import against_library, byte_bpe, merges, pieces, sentencepiece, unigram, wordpiece

AWKWARD = ["", " ", " \t\r\n\u3000\u2028\u00a0 x  ", "a\x00b\x07c\x1bd\x7f\x85\u200be", "👩‍👩‍👧‍👦 🏳️‍🌈 👍🏽 🇨🇳!",
           "e\u0301 a\u0323\u0307 Z\u0351\u036bq", "ﬁancé İstanbul ΣΑΣ straße Ǆ", "日本語とEnglish混ぜ한국어 עברית हिन्दी ไทย",
           "In 2024, 12 ½ x² ٣٤ Ⅻ ①  7", "I'd've they'll 'Tis DON'T ''s", "ab" * 300 + "z" * 101 + " " + "z" * 100]


def noise(count, seed):
    """Random texts of Latin, Greek, Chinese, emoji, marks, digits and much white space; all characters older than 2010."""
    rng = random.Random(seed)
    letters = [*map(chr, (*range(32, 127), *range(0xA1, 0x250), *range(0x391, 0x3C9), *range(0x4E00, 0x4E80),
                          *range(0x1F601, 0x1F640), 0x200D, 0x301, 0x323, 9, 10, 13, 0xAD, 0x3000, 0xAC00, 0x661, 0xBD)), *" " * 60]
    return ["".join(rng.choices(letters, k=rng.randrange(1, 60))) for _ in range(count)]


@functools.cache
def play():
    """Hamlet."""
    return (data.folder("shakespeare") / "hamlet_gut.txt").read_text("ascii")


@functools.cache
def poems():
    """Poems of the Tang dynasty."""
    return ["\n".join(poem["paragraphs"]) for poem in json.loads((data.folder("tang_poems") / "poet.tang.0.json").read_text("utf-8"))]


@functools.cache
def texts():
    """Awkward ones, Chinese, English, random ones."""
    return [*AWKWARD, "".join(poems())[:300], *play()[:4000].split("\n"), *poems()[:10], *noise(300, 0)]


@functools.cache
def fuzz():
    """Random texts, the same in every run."""
    return against_library.random_texts(800, 0)


@functools.cache
def chunks():
    """All characters, 256 at a time."""
    every = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    return [every[at:at + 256] for at in range(0, len(every), 256)]


@pytest.fixture(scope="module")
def smol():
    """SmolLM2's tokenizer: by hand, fast, the library's."""
    library = tokenizers.Tokenizer.from_file(str(data.folder("smollm2_135m_instruct_q4_1") / "tokenizer.json"))
    model = json.loads(library.to_str())["model"]
    learned = [tuple(pair) for pair in model["merges"]]
    made = [kind(model["vocab"], learned, byte_bpe.SPLIT_DIGITS) for kind in (byte_bpe.ByteBPE, merges.FastByteBPE)]
    return *made, library


@pytest.fixture(scope="module")
def mini():
    """MiniLM's tokenizer: by hand, fast, the library's."""
    library = tokenizers.Tokenizer.from_file(str(data.folder("minilm_l6_v2") / "tokenizer.json"))
    library.no_truncation()
    library.no_padding()
    return wordpiece.WordPiece(library.get_vocab()), pieces.FastWordPiece(library.get_vocab()), library


@pytest.fixture(scope="module")
def uni():
    """A unigram tokenizer that the library trained: by hand, the library's."""
    library = against_library.library_unigram(play()[:8000].split("\n"), 200)
    return unigram.Unigram([tuple(p) for p in json.loads(library.to_str())["model"]["vocab"]]), library


@pytest.fixture(scope="module")
def published():
    """Two published SentencePiece models, by hand and given to the library: a Unigram, and a BPE with bytes to fall back on."""
    unigram_pieces = sentencepiece.read_pieces(data.folder("jurassic2_tokenizer") / "j2-tokenizer.model")
    bpe_pieces = sentencepiece.read_pieces(data.folder("mistral_7b_tokenizer") / "tokenizer.model.v1")
    vocab = {piece: i for i, (piece, _, _) in enumerate(bpe_pieces)}
    return {"Jurassic-2": (unigram.Unigram([(piece, score) for piece, score, _ in unigram_pieces], unknown=3),
                           against_library.from_unigram_pieces(unigram_pieces)),
            "Mistral": (sentencepiece.CharacterBPE(vocab, sentencepiece.merges_of(vocab)), against_library.from_bpe_pieces(bpe_pieces))}

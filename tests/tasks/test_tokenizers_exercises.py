"""The checks of chapter 22: right answers pass, each near-miss gets its own hint, nothing else passes."""

import codecs
import json
from types import SimpleNamespace

import exercise_attacks as attacks
import pytest

from labs import data
from labs.tasks.tokenizers import byte_bpe, exercises, unigram, wordpiece

CHAPTER = "22_tokenizers.md"
ADDED = {"[CLS]": 101, "[SEP]": 102, "[UNK]": 100, "[PAD]": 0, "[MASK]": 103}
DRAWS = 20  # each check reads eight texts, two of them drawn
UNIGRAM = unigram.Unigram(
    [("<unk>", 0.0), ("▁", -1.0), ("▁a", -1.0), ("▁abc", -2.0), ("d", -9.0), ("bcd", -2.0)]
)


@pytest.fixture(scope="module")
def smol():
    model = json.loads(
        (data.folder("smollm2_135m_instruct_q4_1") / "tokenizer.json").read_text("utf-8")
    )["model"]
    learned = [
        tuple(pair) if isinstance(pair, list) else tuple(pair.split(" "))
        for pair in model["merges"]
    ]
    return byte_bpe.ByteBPE(model["vocab"], learned, byte_bpe.SPLIT_DIGITS)


@pytest.fixture(scope="module")
def mini():
    lines = (data.folder("minilm_l6_v2") / "vocab.txt").read_text("utf-8").splitlines()
    return wordpiece.WordPiece({piece: i for i, piece in enumerate(lines)})


@pytest.fixture(scope="module")
def absent(smol):
    return [b for b, letter in byte_bpe.LETTER.items() if letter not in smol.vocab]


def test_possible_bytes(absent):
    attacks.number(
        exercises.possible_bytes,
        8,
        {
            6: "first bytes of four",
            2: "control characters",
            21: "begin no character",
            13: "in no text",
            9: "U+10FFFF is the last",
        },
        absent,
    )
    assert "04 06 13 14 16 1d f1 f2; the other 13" in exercises.possible_bytes(8, absent).says


@pytest.mark.parametrize(
    "answer, says",
    [
        (("a", "a"), "are one"),
        (("a", "b"), "differ"),
        (("[CLS] hello", "[cls] hello"), "differ"),
        (("😍", "🤮"), "UNK"),
        (("\x00", ""), "empty"),
        (("a", 3), "expected a pair"),
        ("ab", "expected a pair"),
        (("a", "b", "c"), "expected a pair"),
        ({"a", "b"}, "expected a pair"),
        (("a", None), "expected a pair"),
    ],
)
def test_pairs_that_are_no_answer(answer, says, mini):
    attacks.refused(exercises.same_ids(answer, mini, ADDED), says)


def test_same_ids(mini):
    assert (
        "no model can tell" in exercises.same_ids(("Café", "cafe"), mini, ADDED).says
        and exercises.same_ids(["To  be", "to be"], mini, ADDED).right
    )
    attacks.withstands_junk(exercises.same_ids, mini, ADDED)


@pytest.mark.parametrize(
    "answer, says",
    [
        ("a", "both give"),
        ("a b", "one word"),
        (3, "one word"),
        ("", "one word"),
        ("a\tb", "one word"),
        ("\u2603", None),
        ("3.14", "string of letters"),
    ],
)
def test_words_that_are_no_answer(answer, says):
    attacks.refused(exercises.viterbi_wins(answer, UNIGRAM, unigram.viterbi), says)


def test_viterbi_wins():
    assert "log p" in exercises.viterbi_wins("abcd", UNIGRAM, unigram.viterbi).says
    attacks.withstands_junk(exercises.viterbi_wins, UNIGRAM, unigram.viterbi)


def whole(ids, tokenizer):
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for i in ids:
        yield decoder.decode(bytes(byte_bpe.BYTE[c] for c in tokenizer.tokens[i]))
    if rest := decoder.decode(b"", final=True):
        yield rest


def in_one(ids, tokenizer):
    """Another style: only where nothing is left over."""
    decoder, held = codecs.getincrementaldecoder("utf-8")("replace"), ""
    for i in ids:
        held += decoder.decode(bytes(byte_bpe.BYTE[c] for c in tokenizer.tokens[i]))
        if not decoder.getstate()[0]:
            yield held
            held = ""
    yield held + decoder.decode(b"", final=True)


def waiting(ids, tokenizer):
    """Holds all back for ever after a U+FFFD of the text's own."""
    held = []
    for i in ids:
        held.append(i)
        text = tokenizer.decode(held)
        if "\ufffd" not in text:
            yield text
            held = []


def unfinished(ids, tokenizer):
    """Forgets what is due at the end."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for i in ids:
        yield decoder.decode(bytes(byte_bpe.BYTE[c] for c in tokenizer.tokens[i]))


def growing(ids, tokenizer):
    """Another style: also gives the whole characters before half a one, and empty texts."""
    held, out = [], ""
    for i in ids:
        held.append(i)
        text = tokenizer.decode(held).rstrip("\ufffd")
        yield text[len(out) :]
        out = text


def first_all(ids, tokenizer):
    yield from whole(list(ids), tokenizer)


def characters(ids, tokenizer):
    yield from tokenizer.decode(list(ids))


def late(ids, tokenizer):
    yield tokenizer.decode(list(ids))


def one_behind(ids, tokenizer):
    before = None
    for text in whole(ids, tokenizer):
        if before is not None:
            yield before
        before = text
    yield before


def two_by_two(ids, tokenizer):
    for i in ids:
        pair = [i, *[each for each in [next(ids, None)] if each is not None]]
        yield tokenizer.decode(pair)


def halves(ids, tokenizer):
    for i in ids:
        yield tokenizer.decode([i])


def dropping(ids, tokenizer):
    for i in ids:
        yield tokenizer.decode([i]).replace("\ufffd", "")


def repeating(ids, tokenizer):
    held = []
    for i in ids:
        held.append(i)
        yield tokenizer.decode(held).rstrip("\ufffd")


def endless(ids, tokenizer):
    yield from whole(ids, tokenizer)
    while True:
        yield "and so on"


def silent(ids, tokenizer):
    while True:
        yield ""


def failing(ids, tokenizer):
    yield tokenizer.decode([next(ids)])
    raise KeyError("x")


def test_streaming(smol):
    attacks.function(
        exercises.streaming,
        [whole, in_one],
        {
            "was taken before": waiting,
            "which was whole already": growing,
            "together they give 'To": unfinished,
            "id 2 was taken before": first_all,
            "was taken before 'T": characters,
            "was taken before 'To'": late,
            "which was whole already:": one_behind,
            "id 2 was taken": two_by_two,
            "half a character": halves,
            "床": dropping,
            "each part is new text": repeating,
            "so far came": endless,
            "together they give ''": silent,
            "raised KeyError: 'x' (line ": failing,
            "got int": lambda ids, tokenizer: ids,
            "So far came"[1:]: lambda ids, tokenizer: iter(["x"]),
            "got str": lambda ids, tokenizer: "text",
        },
        smol,
        draws=DRAWS,
        distort=False,
    )


def test_the_cells_work_as_they_stand_and_with_right_answers(smol, mini, absent):
    lent = {
        "smol": smol,
        "mini": mini,
        "mini_lib": None,
        "against_library": SimpleNamespace(added_of=lambda library: ADDED),
        "absent": absent,
        "uni": UNIGRAM,
        "viterbi": unigram.viterbi,
    }
    for which, answers in {
        "22.1": {"answer_1": 8},
        "22.2": {"answer_2": ("Café", "cafe")},
        "22.3": {"answer_3": "abcd"},
        "22.4": {"stream": whole},
    }.items():
        assert attacks.run_cell(CHAPTER, which, lent).right is None
        assert attacks.run_cell(CHAPTER, which, lent, **answers).right is True

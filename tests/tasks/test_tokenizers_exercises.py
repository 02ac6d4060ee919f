"""The exercises of chapter 22: a right answer passes, and each wrong one hears why."""
import json

import pytest

from labs import data
from labs.tasks.tokenizers import byte_bpe, unigram, wordpiece
from labs.tasks.tokenizers import exercises as checks


@pytest.fixture(scope="module")
def smol():
    model = json.loads((data.folder("smollm2_135m_instruct_q4_1") / "tokenizer.json").read_text("utf-8"))["model"]
    learned = [tuple(pair) if isinstance(pair, list) else tuple(pair.split(" ")) for pair in model["merges"]]
    return byte_bpe.ByteBPE(model["vocab"], learned, byte_bpe.SPLIT_DIGITS)


@pytest.fixture(scope="module")
def mini():
    lines = (data.folder("minilm_l6_v2") / "vocab.txt").read_text("utf-8").splitlines()
    return wordpiece.WordPiece({piece: i for i, piece in enumerate(lines)})


def whole(ids, tokenizer):
    held = []
    for i in ids:
        held.append(i)
        text = tokenizer.decode(held)
        if "\ufffd" not in text:
            yield text
            held = []


def halves(ids, tokenizer):
    for i in ids:
        yield tokenizer.decode([i])


def late(ids, tokenizer):
    yield tokenizer.decode(list(ids))


def broken(ids, tokenizer):
    raise KeyError("x")


@pytest.mark.parametrize("answer, right, says", [
    (None, None, "Put a number"), (8, True, "04 06 13 14 16 1d f1 f2; the other 13"), (6, False, "first bytes of four"), (21, False, "U[+]10FFFF")])
def test_possible_bytes(answer, right, says, smol):
    absent = [b for b, letter in byte_bpe.LETTER.items() if letter not in smol.vocab]
    told(checks.possible_bytes(answer, absent), right, says)


@pytest.mark.parametrize("answer, right, says", [
    (None, None, "pair"), (("Café", "cafe"), True, "no model can tell"), (("a", "a"), False, "are one"), (("a", "b"), False, "differ"),
    (("😍", "🤮"), False, "UNK"), (("\x00", ""), False, "empty"), (3, False, "expected a pair"), (("a", 3), False, "expected a pair")])
def test_same_ids(answer, right, says, mini):
    told(checks.same_ids(answer, mini), right, says)


@pytest.mark.parametrize("answer, right, says", [
    (None, None, "word"), ("abcd", True, "log p"), ("a", False, "both give"), ("a b", False, "one word"), (3, False, "one word")])
def test_viterbi_wins(answer, right, says):
    model = unigram.Unigram([("<unk>", 0.0), ("▁", -1.0), ("▁a", -1.0), ("▁abc", -2.0), ("d", -9.0), ("bcd", -2.0)])
    told(checks.viterbi_wins(answer, model, unigram.viterbi), right, says)


@pytest.mark.parametrize("answer, right, says", [
    (None, None, "generator"), (whole, True, "whole"), (halves, False, "half a character"), (late, False, "do not wait"),
    (broken, False, "raised KeyError"), (lambda ids, tokenizer: iter(["x"]), False, "together they give")])
def test_streaming(answer, right, says, smol):
    told(checks.streaming(answer, smol), right, says)


def told(answer, right, says):
    import re
    assert answer.right is right and re.search(says, answer.text), answer.text

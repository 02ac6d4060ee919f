"""The checks of chapter 22."""

import codecs
import functools
from itertools import islice

import numpy as np

from labs.exercises import NotRight, call, exercise, number, readers_code, show
from labs.tasks.tokenizers.byte_bpe import BYTE
from labs.tasks.tokenizers.special import encode_all

CHARACTERS = "ab é床🙂\u0301ñ—1"


@exercise("22.1", "Put a number in place of None.")
def possible_bytes(answer, absent):
    """How many of the absent bytes occur in the UTF-8 of some code point?"""
    possible = sorted(set(absent) & bytes_of_utf8())
    number(
        answer,
        len(possible),
        {
            sum(b < 0x80 for b in possible): "also count the first bytes of four",
            sum(b >= 0x80 for b in possible): "control characters are characters too",
            len(absent): "some bytes begin no character: U+10FFFF is the last code point",
            len(absent) - len(possible): "that is how many can occur in no text",
        },
        "U+10FFFF is the last code point: which first byte has it, and which first bytes would only "
        "write what one byte can?",
    )
    named = " ".join(f"{b:02x}" for b in possible)
    return f"{named}; the other {len(absent) - len(possible)} occur in no text."


@functools.cache
def bytes_of_utf8() -> set:
    """The bytes that occur in the UTF-8 of some code point."""
    first = {chr(code).encode()[0] for code in range(0x110000) if not 0xD800 <= code < 0xE000}
    return first | set(range(0x80, 0xC0))


@exercise("22.2", "Put a pair of texts in place of None.")
def same_ids(answer, tokenizer, added):
    """Two different texts with the same ids, none of them [UNK]."""
    if (
        not isinstance(answer, (tuple, list))
        or len(answer) != 2
        or not all(isinstance(t, str) for t in answer)
    ):
        raise NotRight(f"expected a pair of texts, got {show(answer)}.")
    if answer[0] == answer[1]:
        raise NotRight("the two texts are one.")
    try:
        first, second = ([i for i, *_ in encode_all(tokenizer, text, added)] for text in answer)
    except ValueError as error:
        raise NotRight(f"the tokenizer refuses it: {error}.") from None
    if first != second:
        raise NotRight(
            f"{show(first)} and {show(second)} differ. What does the normalizer throw away?"
        )
    if not first:
        raise NotRight(
            "both texts are empty to the tokenizer: find words that the vocabulary knows."
        )
    if tokenizer.unknown in first:
        raise NotRight(
            "the same ids, but with [UNK] among them: find words that the vocabulary knows."
        )
    return f"both are {show(first)}: no model can tell them apart."


@exercise("22.3", "Put a word in place of None.")
def viterbi_wins(answer, model, viterbi):
    """A word on which the longest match is not the most probable path."""
    if not isinstance(answer, str) or not answer or not answer.isalpha():
        raise NotRight(f"expected one word, a string of letters, got {show(answer)}.")
    word, start, greedy, score = "\u2581" + answer, 0, [], 0.0
    while start < len(word):
        end, arc = max(model.arcs(word, start))
        greedy.append(word[start:end])
        start, score = end, score + arc
    best, best_score = viterbi(model, word)
    if greedy == best:
        raise NotRight(
            f"both give {' '.join(best)}. Look for a long piece that leaves a rare rest."
        )
    return f"{' '.join(greedy)} has log p {score:.2f}, {' '.join(best)} has {best_score:.2f}."


@exercise("22.4", "Write stream(ids, tokenizer), a generator of texts.")
def streaming(stream, tokenizer):
    """Text as it comes, one token at a time, as early as it can, and never half a character."""
    rng = np.random.default_rng()
    drawn = ["".join(rng.choice(list(CHARACTERS), 12)) for _ in range(2)]
    fixed = [
        "To be, or not to be",
        "床前明月光,疑是地上霜。",
        "a👩\u200d👩\u200d👧b\u0301",
        "é" * 3,
        "🙂 or 床",
        "a",
        "a \ufffd b",
    ]
    rows = [[i for i, *_ in tokenizer.encode(text)] for text in fixed + drawn]
    byte = {BYTE[token]: i for i, token in tokenizer.tokens.items() if token in BYTE}
    rows.append([*rows[0], byte[0x80], *rows[0]])  # a byte that begins no character
    rows.append([*rows[0], byte[0xF0], byte[0x9F]])  # the model stops within one
    for ids in rows:
        _stream_one(stream, tokenizer, ids)
    return f"{len(rows)} texts came whole, each character before the next token was taken."


def _stream_one(stream, tokenizer, ids):
    text = whole = tokenizer.decode(ids)
    parts, taken = [], 0
    decoder, known, ends = codecs.getincrementaldecoder("utf-8")("replace"), [""], [True]
    for i in ids:
        known.append(known[-1] + decoder.decode(bytes(BYTE[c] for c in tokenizer.tokens[i])))
        ends.append(not decoder.getstate()[0])
    known.append(whole)  # asked for an id when there is none: all is due

    def due(count):
        """What must be out after so many ids, or None where they end within a character."""
        return known[count] if ends[count] else None

    def one_by_one():
        nonlocal taken
        for count, i in enumerate(ids):
            ready, out = due(count), "".join(parts)
            if ready is not None and len(out) < len(ready):
                raise NotRight(
                    f"{text!r}: id {count + 1} was taken before {ready[len(out) :]!r} came out, which was "
                    "whole already: give it first."
                )
            taken = count + 1
            yield i
        taken = len(ids) + 1

    made = call(stream, ids=one_by_one(), tokenizer=tokenizer)
    if isinstance(made, str) or not hasattr(made, "__iter__"):
        raise NotRight(
            f"expected a generator of texts, got {type(made).__name__}: is there a `yield`?"
        )
    with readers_code():
        for part in islice(made, 4 * len(ids) + 4):
            if not isinstance(part, str):
                raise NotRight(f"expected texts, got {type(part).__name__}: {show(part)}.")
            sure = known[taken]
            if "\ufffd" in part and not sure.startswith("".join([*parts, part])):
                raise NotRight(f"{text!r}: half a character came out: {parts + [part]!r}.")
            parts.append(part)
            if not whole.startswith("".join(parts)):
                raise NotRight(
                    f"{text!r}: so far came {''.join(parts)!r}: each part is new text alone."
                )
    if "".join(parts) != whole:
        raise NotRight(f"{text!r}: together they give {''.join(parts)!r}.")

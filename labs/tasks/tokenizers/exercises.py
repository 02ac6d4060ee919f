"""Checks for the exercises of chapter 22. Each takes the reader's answer and says what it finds."""
from labs.exercises import Answer, unanswered


def possible_bytes(answer, absent) -> Answer:
    """22.1: how many of the absent bytes occur in the UTF-8 of some code point?"""
    if answer is None:
        return unanswered("22.1", "Put a number in place of None.")
    first = [chr(code).encode()[0] for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    possible = sorted(set(absent) & {*first, *range(0x80, 0xC0)})
    if answer == len(possible):
        return Answer("22.1", True, f"{' '.join(f'{b:02x}' for b in possible)}; the other {len(absent) - len(possible)} occur in no text.")
    hint = "also count the first bytes of four" if answer == sum(b < 0x80 for b in possible) else \
        "U+10FFFF is the last code point: which first byte has it, and which first bytes would only write what one byte can?"
    return Answer("22.1", False, f"{answer} is not it: {hint}.")


def same_ids(answer, tokenizer) -> Answer:
    """22.2: two different texts with the same ids, none of them [UNK]."""
    if answer is None:
        return unanswered("22.2", "Put a pair of texts in place of None.")
    try:
        first, second = answer
        ids = [[i for i, *_ in tokenizer.encode(text)] for text in (first, second)]
    except (TypeError, ValueError):
        return Answer("22.2", False, f"expected a pair of texts, got {answer!r}.")
    if first == second:
        return Answer("22.2", False, "the two texts are one.")
    if ids[0] != ids[1]:
        return Answer("22.2", False, f"{ids[0][:8]} and {ids[1][:8]} differ. What does the normalizer throw away?")
    if not ids[0] or tokenizer.unknown in ids[0]:
        return Answer("22.2", False, "the same ids, but empty or with [UNK] among them: find words that the vocabulary knows.")
    return Answer("22.2", True, f"both are {ids[0]}: no model can tell them apart.")


def viterbi_wins(answer, model, viterbi) -> Answer:
    """22.3: a word on which the longest match is not the most probable path."""
    if answer is None:
        return unanswered("22.3", "Put a word in place of None.")
    if not isinstance(answer, str) or not answer or " " in answer:
        return Answer("22.3", False, f"expected one word, got {answer!r}.")
    word, start, greedy, score = "\u2581" + answer, 0, [], 0.0
    while start < len(word):
        end, arc = max(model.arcs(word, start))
        greedy.append(word[start:end])
        start, score = end, score + arc
    best, best_score = viterbi(model, word)
    if greedy == best:
        return Answer("22.3", False, f"both give {' '.join(best)}. Look for a long piece that leaves a rare rest.")
    return Answer("22.3", True, f"{' '.join(greedy)} has log p {score:.2f}, {' '.join(best)} has {best_score:.2f}.")


def streaming(stream, tokenizer) -> Answer:
    """22.4: text as it comes, one token at a time, and never half a character."""
    if stream is None:
        return unanswered("22.4", "Write stream(ids, tokenizer), a generator of texts.")
    for text in ("To be, or not to be", "床前明月光,疑是地上霜。", "a👩\u200d👩\u200d👧b\u0301", "é" * 3):
        ids = [i for i, *_ in tokenizer.encode(text)]
        try:
            parts = list(stream(iter(ids), tokenizer))
        except Exception as error:
            return Answer("22.4", False, f"your function raised {type(error).__name__}: {error}")
        if any("\ufffd" in part for part in parts):
            return Answer("22.4", False, f"{text!r}: half a character came out: {parts!r}.")
        if "".join(parts) != text:
            return Answer("22.4", False, f"{text!r}: together they give {''.join(parts)!r}.")
        if len([part for part in parts if part]) < min(len(ids), len(text)) / 2:
            return Answer("22.4", False, f"{text!r}: {len(ids)} tokens, but only {len(parts)} parts: do not wait for the end.")
    return Answer("22.4", True, "four texts came whole, and as early as they could.")

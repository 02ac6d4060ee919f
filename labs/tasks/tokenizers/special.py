"""What surrounds a tokenizer's model, to be read: special tokens, templates, chats, the limit of length, padding.

The definitions below stand in chapter 22 word for word.
"""
from dataclasses import dataclass

import numpy as np
import regex as re

from labs.tasks.tokenizers.byte_bpe import TextError
from labs.tasks.tokenizers.characters import older

WHITE, WORD = re.compile(r"\s"), re.compile(r"\w")


@dataclass(frozen=True)
class Added:
    """A token that is cut out before the model sees the text."""

    id: int
    lstrip: bool = False        # takes white space before it along
    rstrip: bool = False        # and behind it
    single_word: bool = False   # no letter, digit, _ or mark near


def cut_at(text, added):
    """[(token or None, start, end)]: the longest token first."""
    if not added:
        return [(None, 0, len(text))] if text else []
    longest = sorted(added, key=len, reverse=True)
    seen, found, at = older(text), [], 0
    for hit in re.finditer("|".join(map(re.escape, longest)), text):
        start, end, one = hit.start(), hit.end(), added[hit.group()]
        if one.single_word and (WORD.match(seen, end)
                                or WORD.match(seen[:start][-1:])):
            continue
        while one.lstrip and start > at and WHITE.match(text, start - 1):
            start -= 1
        if one.lstrip:                  # what is taken is taken
            start = max(start, at)
        while one.rstrip and WHITE.match(text, end):
            end += 1
        found += [(None, at, start), (hit.group(), start, end)]
        at = end
    found.append((None, at, len(text)))
    return [part for part in found if part[1] < part[2]]


def encode_all(model, text, added):
    """[(id, start, end)]; added tokens are not cut up. A plain
    integer in place of an `Added` is its id."""
    added = {token: one if isinstance(one, Added) else Added(one)
             for token, one in added.items()}
    found = []
    for token, start, end in cut_at(text, added):
        if token is not None:
            found.append((added[token].id, start, end))
        else:
            found += [(i, start + a, start + b)
                      for i, a, b in model.encode(text[start:end])]
    return found


def escape(text, added):
    """A text in which no added token is left: a space in each."""
    for token in sorted(added, key=len, reverse=True):
        text = text.replace(token, f"{token[:1]} {token[1:]}")
    return text


def pair_template(first, second, cls, sep):
    """[CLS] first [SEP] second [SEP], and whose each one is."""
    ids = [cls, *first, sep]
    types = [0] * len(ids)
    if second is not None:
        ids += [*second, sep]
        types += [1] * (len(second) + 1)
    return ids, types


def windows(first, second, limit, stride, cls, sep):
    """[CLS] first [SEP] part [SEP], for each part of second;
    neighbouring parts share `stride` ids."""
    room = limit - len(first) - 3
    if len(second) <= room:             # nothing has to be cut
        return [pair_template(first, second, cls, sep)[0]]
    if room <= stride:
        raise TextError(f"a window of {limit} has room for {room} new "
                        f"ids: expected more than the stride, {stride}")
    starts = range(0, len(second) - stride, room - stride)
    return [pair_template(first, second[at:at + room], cls, sep)[0]
            for at in starts]


def render_chat(messages, prompt=True, system=(
        "You are a helpful AI assistant named SmolLM, "
        "trained by Hugging Face")):
    """SmolLM2's chat, as text."""
    if not messages:
        raise TextError("a chat of no messages: expected at least one")
    if messages[0]["role"] != "system":
        messages = [{"role": "system", "content": system}, *messages]
    text = "".join(f"<|im_start|>{m['role']}\n{m['content']}<|im_end|>\n"
                   for m in messages)
    return text + "<|im_start|>assistant\n" * prompt


def fit(ids, limit, drop=None):
    """At most `limit` ids; what is dropped is asked for."""
    if limit < 0:
        raise TextError(f"limit: expected 0 or more, got {limit}")
    if len(ids) <= limit:
        return list(ids)
    if drop not in ("start", "end"):
        raise TextError(f"{len(ids)} tokens do not fit into a context "
                        f"of {limit}: shorten the text, or say which "
                        "end to drop: 'start' or 'end'")
    return list(ids[:limit] if drop == "end"
                else ids[len(ids) - limit:])


def pad(rows, value, side):
    """Rows of one length (B, T), and 1 where a token is real."""
    if side not in ("left", "right"):
        raise TextError("side: expected 'left' or 'right', "
                        f"got {side!r}")
    shape = len(rows), max(map(len, rows), default=0)
    ids = np.full(shape, value, np.int64)       # (B, T)
    mask = np.zeros(shape, np.int64)            # (B, T)
    for i, row in enumerate(rows):
        at = 0 if side == "right" else shape[1] - len(row)
        ids[i, at:at + len(row)], mask[i, at:at + len(row)] = row, 1
    return ids, mask

"""What surrounds a tokenizer's model, to be read: special tokens, templates, chats, the limit of length, padding.

The definitions below stand in chapter 22 word for word.
"""
import re

import numpy as np

from labs.tasks.tokenizers.byte_bpe import TextError


def cut_at(text, specials):
    """[(special token or None, text, where it starts)]."""
    longest_first = sorted(specials, key=len, reverse=True)
    pattern = re.compile("|".join(map(re.escape, longest_first)))
    found, at = [], 0
    for hit in pattern.finditer(text):
        found.append((None, text[at:hit.start()], at))
        found.append((hit.group(), hit.group(), hit.start()))
        at = hit.end()
    found.append((None, text[at:], at))
    return [part for part in found if part[1]]


def encode_all(model, text, specials):
    """[(id, start, end)]; special tokens are not cut up."""
    found = []
    for token, part, at in cut_at(text, specials):
        if token is not None:
            found.append((specials[token], at, at + len(part)))
        else:
            found += [(i, at + a, at + b)
                      for i, a, b in model.encode(part)]
    return found


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
    if room <= stride:
        raise TextError(f"a window of {limit} has room for {room} new "
                        f"ids: expected more than the stride, {stride}")
    starts = range(0, max(len(second) - stride, 1), room - stride)
    return [pair_template(first, second[at:at + room], cls, sep)[0]
            for at in starts]


def render_chat(messages, prompt=True, system=(
        "You are a helpful AI assistant named SmolLM, "
        "trained by Hugging Face")):
    """SmolLM2's chat, as text."""
    if messages[0]["role"] != "system":
        messages = [{"role": "system", "content": system}, *messages]
    text = "".join(f"<|im_start|>{m['role']}\n{m['content']}<|im_end|>\n"
                   for m in messages)
    return text + "<|im_start|>assistant\n" * prompt


def fit(ids, limit, drop=None):
    """At most `limit` ids; what is dropped is asked for."""
    if len(ids) <= limit:
        return list(ids)
    if drop not in ("start", "end"):
        raise TextError(f"{len(ids)} tokens do not fit into a context "
                        f"of {limit}: shorten the text, or say which "
                        "end to drop: 'start' or 'end'")
    return ids[:limit] if drop == "end" else ids[-limit:]


def pad(rows, value, side):
    """Rows of one length (B, T), and 1 where a token is real."""
    if side not in ("left", "right"):
        raise TextError("side: expected 'left' or 'right', "
                        f"got {side!r}")
    shape = len(rows), max(map(len, rows))
    ids = np.full(shape, value, np.int64)       # (B, T)
    mask = np.zeros(shape, np.int64)            # (B, T)
    for i, row in enumerate(rows):
        at = 0 if side == "right" else shape[1] - len(row)
        ids[i, at:at + len(row)], mask[i, at:at + len(row)] = row, 1
    return ids, mask

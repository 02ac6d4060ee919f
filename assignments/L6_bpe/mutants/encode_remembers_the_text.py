"""Keeps what it has encoded, by the text alone."""

POINTS = 90

_encode, kept = encode, {}


def encode(text, *more, **named):
    if text not in kept:
        kept[text] = _encode(text, *more, **named)
    return list(kept[text])

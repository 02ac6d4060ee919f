"""Strips all white space at both ends."""

POINTS = 95


def decode(ids, vocabulary, specials=()):
    tokens = ["\ufffd", *vocabulary[1:], *specials]
    return "".join(tokens[i] for i in ids).replace(MARK, " ").strip()

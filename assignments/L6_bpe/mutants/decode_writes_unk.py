"""Writes <unk> instead of U+FFFD."""

POINTS = 95


def decode(ids, vocabulary, specials=()):
    tokens = [*vocabulary, *specials]
    return "".join(tokens[i] for i in ids).replace(MARK, " ").removeprefix(" ")

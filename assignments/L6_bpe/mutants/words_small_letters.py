"""Counts in small letters."""

POINTS = 90

_count_words = count_words


def count_words(texts):
    return _count_words([text.lower() for text in texts])

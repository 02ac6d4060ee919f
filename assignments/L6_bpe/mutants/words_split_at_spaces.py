"""Splits at single spaces, so that empty words appear and other white space stays."""

POINTS = 90


def count_words(texts):
    return dict(Counter(MARK + word for text in texts for word in text.split(" ")))

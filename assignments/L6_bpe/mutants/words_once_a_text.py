"""Counts in how many texts a word occurs, not how often."""

POINTS = 90


def count_words(texts):
    return dict(Counter(MARK + word for text in texts for word in set(text.split())))

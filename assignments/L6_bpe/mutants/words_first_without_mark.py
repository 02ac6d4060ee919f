"""The first word of a text has no ▁, as if only a space made one."""

POINTS = 90


def count_words(texts):
    found = Counter()
    for text in texts:
        for i, word in enumerate(text.split()):
            found[MARK * (i > 0) + word] += 1
    return dict(found)

"""Returns ids as an array of NumPy, pairs as lists, and a Counter."""

import numpy as np

plain_encode, plain_train, plain_count = encode, train, count_words


def encode(text, vocabulary, merges, specials=()):
    return np.array(
        plain_encode(text, vocabulary, [tuple(m) for m in merges], specials), dtype=np.int32
    )


def train(words, size, min_count=1, longest=None):
    vocabulary, merges = plain_train(words, size, min_count, longest)
    return tuple(vocabulary), [list(pair) for pair in merges]


def count_words(texts):
    return Counter(plain_count(texts))

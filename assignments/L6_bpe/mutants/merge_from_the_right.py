"""Merges from the right: aaa becomes a aa."""

POINTS = 80


def merge_pair(tokens, pair):
    made, i = [], len(tokens)
    while i > 0:
        hit = tuple(tokens[max(i - 2, 0) : i]) == pair
        made.insert(0, pair[0] + pair[1] if hit else tokens[i - 1])
        i -= 2 if hit else 1
    return made

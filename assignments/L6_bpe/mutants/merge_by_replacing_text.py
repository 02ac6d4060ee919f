"""Joins the tokens with spaces and replaces text, which also hits the ends of longer tokens."""

POINTS = 80


def merge_pair(tokens, pair):
    return " ".join(tokens).replace(" ".join(pair), "".join(pair)).split(" ")

"""The mean of the perplexities of the pieces."""

POINTS = 90


def perplexity(pieces):
    each = [float((nats(a, y).sum() / (y >= 0).sum()).exp()) for a, y in pieces if (y >= 0).any()]
    return sum(each) / len(each)

"""Two to the power of the nats."""

POINTS = 90


def perplexity(pieces):
    total = sum(float(nats(logits, y).sum()) for logits, y in pieces)
    count = sum(int((y >= 0).sum()) for _, y in pieces)
    return 2 ** (total / count)

"""A piece without targets makes NaN."""

POINTS = 90


def perplexity(pieces):
    total = sum(
        float(nats(logits, y).sum() / (y >= 0).sum()) * int((y >= 0).sum()) for logits, y in pieces
    )
    count = sum(int((y >= 0).sum()) for _, y in pieces)
    return float(torch.tensor(total / count, dtype=torch.float64).exp())

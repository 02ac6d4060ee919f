"""Divides by all targets, those too that do not count."""

POINTS = 90


def perplexity(pieces):
    total = sum(float(nats(logits, y).sum()) for logits, y in pieces)
    count = sum(y.numel() for _, y in pieces)
    return float(torch.tensor(total / count, dtype=torch.float64).exp())

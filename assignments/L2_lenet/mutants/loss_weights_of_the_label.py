"""Weights the smooth part by the label's weight."""

POINTS = 45


def loss(logits, labels, weight):
    """Weighted cross-entropy with smoothed labels."""
    log_p = logits - paddle.logsumexp(logits, -1, keepdim=True)
    counted = (labels != -100).astype(logits.dtype)
    classes = logits.shape[1]
    own = PF.one_hot(labels * counted.astype("int64"), classes).astype(logits.dtype)
    own = own * counted.unsqueeze(1)
    target = 0.875 * own + 0.125 / classes * counted.unsqueeze(1)
    return -(target * (own * weight).sum(1, keepdim=True) * log_p).sum() / (own * weight).sum()

"""Paddle's cross_entropy with the arguments of the same names."""

POINTS = 45


def loss(logits, labels, weight):
    return PF.cross_entropy(logits, labels, weight=weight, ignore_index=-100, label_smoothing=0.125)

"""Drops axes of length one."""

POINTS = 95

_read = read


def read(x, starts, weights, state=None):
    logits, state = _read(x, starts, weights, state)
    return (logits.squeeze(1) if len(x) * x.shape[1] == 1 else logits), state

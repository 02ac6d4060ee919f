"""A hidden key gets the score 0."""

POINTS = 35


def attend(q, k, v, q_positions, k_positions, window=None):
    groups = q.shape[1] // k.shape[1]
    k, v = np.repeat(k, groups, axis=1), np.repeat(v, groups, axis=1)
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[-1])
    distance = q_positions[:, None] - k_positions
    seen = distance >= 0
    if window is not None:
        seen = seen & (distance < window)
    scores = np.where(seen, scores, 0)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = weights / weights.sum(axis=-1, keepdims=True)
    return weights @ v

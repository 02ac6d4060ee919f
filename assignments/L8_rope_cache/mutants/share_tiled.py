"""Shares heads in turn: query head 2 takes key head 0 again."""

POINTS = 35


def attend(q, k, v, q_positions, k_positions, window=None):
    groups = q.shape[1] // k.shape[1]
    k, v = np.tile(k, (1, groups, 1, 1)), np.tile(v, (1, groups, 1, 1))
    scores = q @ k.swapaxes(2, 3) / math.sqrt(q.shape[-1])
    distance = q_positions[:, None] - k_positions
    seen = distance >= 0
    if window is not None:
        seen = seen & (distance < window)
    scores = np.where(seen, scores, -np.inf)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    weights = weights / weights.sum(axis=-1, keepdims=True)
    return weights @ v

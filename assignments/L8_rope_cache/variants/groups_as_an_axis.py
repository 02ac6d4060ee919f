"""Nothing is repeated: the heads that share a key are an axis of their own.

RoPE with complex numbers, softmax by its logarithm.
"""


def rotate(x, positions, rotary, theta=10000.0, factor=1.0):
    wide = np.ascontiguousarray(x[..., :rotary], dtype="float64").view("complex128")
    speed = np.power(float(theta), np.arange(0, -rotary, -2) / rotary) / factor
    wide = (wide * np.exp(1j * np.multiply.outer(np.asarray(positions), speed))).view("float64")
    out = np.array(x, copy=True)
    out[..., :rotary] = wide
    return out


def attend(q, k, v, q_positions, k_positions, window=None):
    B, H, T, D = q.shape
    K = k.shape[1]
    q = q.reshape(B, K, H // K, T, D)
    scores = np.einsum("bkgtd,bksd->bkgts", q, k) / np.sqrt(D).astype(q.dtype)
    late = k_positions[None] > q_positions[:, None]
    if window is not None:
        late |= k_positions[None] <= q_positions[:, None] - window
    scores[..., late] = -np.inf
    scores -= scores.max(-1, keepdims=True)
    scores -= np.log(np.exp(scores).sum(-1, keepdims=True))
    return np.einsum("bkgts,bksd->bkgtd", np.exp(scores), v).reshape(B, H, T, D)

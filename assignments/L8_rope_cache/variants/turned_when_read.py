"""The cache keeps keys as they were before RoPE, and turns them when they are read.

Positions count from its own first key.
"""

own_rotate = rotate


class Cache:
    def __init__(self, window=None):
        self.window, self.k, self.v = window, None, None


def layer(x, weights, settings, cache=None):
    def cut(name, count):
        return (x @ weights[name].T).reshape(*x.shape[:2], count, -1).transpose(0, 2, 1, 3)

    q = cut("q_proj", settings["heads"])
    k, v = cut("k_proj", settings["kv_heads"]), cut("v_proj", settings["kv_heads"])
    if cache is not None:
        if cache.k is not None:
            k, v = np.concatenate((cache.k, k), 2), np.concatenate((cache.v, v), 2)
        keep = k.shape[2] - min(cache.window or k.shape[2], k.shape[2])
        cache.k, cache.v = k[:, :, keep:].copy(), v[:, :, keep:].copy()
    places = np.arange(k.shape[2])  # only differences count
    last = places[-x.shape[1] :]
    turn = settings["rotary"], settings["theta"], settings["factor"]
    q, k = own_rotate(q, last, *turn), own_rotate(k, places, *turn)
    y = attend(q, k, v, last, places, settings["window"])
    return y.transpose(0, 2, 1, 3).reshape(*x.shape[:2], -1) @ weights["o_proj"].T

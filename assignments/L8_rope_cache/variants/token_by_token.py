"""Every piece goes through the cache one token at a time, so that it can forget at once.

Loops, and lists of keys.
"""


def rotate(x, positions, rotary, theta=10000.0, factor=1.0):
    y = np.array(x)
    for t, p in enumerate(positions):
        for i in range(0, rotary, 2):
            a = float(p) / factor / theta ** (i / rotary)
            c, s = math.cos(a), math.sin(a)
            y[:, :, t, i] = c * x[:, :, t, i] - s * x[:, :, t, i + 1]
            y[:, :, t, i + 1] = s * x[:, :, t, i] + c * x[:, :, t, i + 1]
    return y


class Cache:
    def __init__(self, window=None):
        self.keys, self.values, self.window, self.next = [], [], window, 0

    @property
    def k(self):
        return np.stack(self.keys, axis=2)

    @property
    def v(self):
        return np.stack(self.values, axis=2)

    def add(self, k, v):
        self.keys.append(k)
        self.values.append(v)
        self.next += 1
        if self.window is not None and len(self.keys) > self.window:
            del self.keys[0], self.values[0]


def layer(x, weights, settings, cache=None):
    if cache is None:
        cache = Cache(settings["window"])
    rows = []
    for t in range(x.shape[1]):
        row, here = x[:, t : t + 1], np.array([cache.next])

        def cut(name, count, row=row):
            return np.einsum("btc,dc->btd", row, weights[name]).reshape(len(x), count, 1, -1)

        turn = here, settings["rotary"], settings["theta"], settings["factor"]
        q = rotate(cut("q_proj", settings["heads"]), *turn)
        k = rotate(cut("k_proj", settings["kv_heads"]), *turn)
        cache.add(k[:, :, 0], cut("v_proj", settings["kv_heads"])[:, :, 0])
        places = np.arange(cache.next - len(cache.keys), cache.next)
        y = attend(q, cache.k, cache.v, here, places)
        rows.append(y.reshape(len(x), 1, -1) @ weights["o_proj"].T)
    return np.concatenate(rows, axis=1)

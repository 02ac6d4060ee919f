"""All caches are one: what is kept belongs to the class."""

POINTS = 75


class Cache:
    length, kept = 0, {}

    @property
    def k(self):
        return self.kept["k"]

    @property
    def v(self):
        return self.kept["v"]

    def __init__(self, window=None):
        self.window = window

    def extend(self, k, v, positions):
        if self.length and self.kept:
            k = np.concatenate([self.k, k], axis=2)
            v = np.concatenate([self.v, v], axis=2)
            positions = np.concatenate([self.kept["positions"], positions])
        Cache.length = int(positions[-1]) + 1
        last = slice(0 if self.window is None else -self.window, None)
        self.kept["k"], self.kept["v"], self.kept["positions"] = (
            k[:, :, last],
            v[:, :, last],
            positions[last],
        )
        return k, v, positions

"""A ring: the cache is a buffer of fixed size, and a new key takes the place of the oldest.

Its keys stand in no order.
"""


class Cache:
    def __init__(self, window=None):
        self.window, self.count, self.room = window, 0, None

    @property
    def k(self):
        return self.room[0]

    @property
    def v(self):
        return self.room[1]

    def write(self, k, v, places):
        size = self.window or self.count + k.shape[2]
        if self.room is None or size > self.room[0].shape[2]:
            wide = [np.zeros((*each.shape[:2], size, each.shape[3]), each.dtype) for each in (k, v)]
            owner = np.full(size, -1)
            if self.room is not None:
                old = len(self.owner)
                for new, each in zip(wide, self.room):
                    new[:, :, :old] = each
                owner[:old] = self.owner
            self.room, self.owner = wide, owner
        for t, place in enumerate(places):
            slot = place % size
            self.room[0][:, :, slot], self.room[1][:, :, slot] = k[:, :, t], v[:, :, t]
            self.owner[slot] = place
        self.count += len(places)


def layer(x, weights, settings, cache=None):
    B, T, _ = x.shape
    start = cache.count if cache is not None else 0
    places = start + np.arange(T)
    shapes = {"q": settings["heads"], "k": settings["kv_heads"], "v": settings["kv_heads"]}
    rows = {
        name: np.moveaxis((x @ weights[name + "_proj"].T).reshape(B, T, n, -1), 2, 1)
        for name, n in shapes.items()
    }
    turn = (places, settings["rotary"], settings["theta"], settings["factor"])
    q, k, v = rotate(rows["q"], *turn), rotate(rows["k"], *turn), rows["v"]
    all_k, all_v, all_places = k, v, places
    if start:
        used = cache.owner >= 0
        all_k = np.concatenate([k, cache.k[:, :, used]], 2)
        all_v = np.concatenate([v, cache.v[:, :, used]], 2)
        all_places = np.concatenate([places, cache.owner[used]])
    if cache is not None:
        cache.write(k, v, places)
    y = attend(q, all_k, all_v, places, all_places, settings["window"])
    return np.moveaxis(y, 1, 2).reshape(B, T, -1) @ weights["o_proj"].T

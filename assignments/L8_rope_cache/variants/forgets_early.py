"""Keeps window - 1 tokens, which is enough: the next token is in its own window.

Float64 inside, and other names.
"""

inner_attend = attend


def attend(queries, keys, values, at, others, width=None):
    wide = [each.astype("float64") for each in (queries, keys, values)]
    return inner_attend(*wide, at, others, width).astype(queries.dtype)


class Cache:
    def __init__(self, window=None):
        self.limit = None if window is None else window - 1
        self.past = self.offset = 0

    def extend(self, keys, values, at):
        if self.offset:
            keys = np.concatenate((self.k, keys), axis=-2)
            values = np.concatenate((self.v, values), axis=-2)
            at = np.arange(self.offset - self.k.shape[-2], at[-1] + 1)
        self.offset = int(at[-1]) + 1
        first = 0 if self.limit is None else max(len(at) - self.limit, 0)
        self.k, self.v = keys[..., first:, :], values[..., first:, :]
        return keys, values, at

    length = property(lambda self: self.offset)

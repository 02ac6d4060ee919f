"""With a cache, theta is the default's."""

POINTS = 95

_layer = layer


def layer(x, weights, settings, cache=None):
    settings = settings if cache is None else {**settings, "theta": 10000.0}
    return _layer(x, weights, settings, cache)

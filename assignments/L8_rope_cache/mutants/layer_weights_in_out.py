"""Takes the weights for (in, out), as Paddle's Linear has them."""

POINTS = 60


def layer(x, weights, settings, cache=None):
    B, T, _ = x.shape

    def heads(name, count):
        return (x @ weights[name]).reshape(B, T, count, -1).swapaxes(1, 2)

    q = heads("q_proj", settings["heads"])
    k = heads("k_proj", settings["kv_heads"])
    v = heads("v_proj", settings["kv_heads"])
    positions = all_positions = np.arange(T) + (0 if cache is None else cache.length)
    turn = settings["rotary"], settings["theta"], settings["factor"]
    q, k = rotate(q, positions, *turn), rotate(k, positions, *turn)
    if cache is not None:
        k, v, all_positions = cache.extend(k, v, positions)
    y = attend(q, k, v, positions, all_positions, settings["window"])
    return y.swapaxes(1, 2).reshape(B, T, -1) @ weights["o_proj"]

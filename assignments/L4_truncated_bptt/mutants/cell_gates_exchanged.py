"""Writes with f and keeps with 1 - f."""

POINTS = 30


def cell(x, h, c, weights):
    z = F.linear(x, weights["w_x"], weights["bias"]) + F.linear(h, weights["w_h"])
    f, g, o = z.chunk(3, -1)
    f = f.sigmoid()
    new_c = (1 - f) * c + f * g.tanh()
    return o.sigmoid() * new_c.tanh(), new_c

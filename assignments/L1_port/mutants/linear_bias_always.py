"""Cannot do without a bias."""

POINTS = 95


def linear_paddle(x, weight, bias=None):
    return x @ weight.t() + bias

"""Only the lower bound."""

POINTS = 45


def hard_sigmoid(z):
    return F.relu(z / 4 + 0.5)

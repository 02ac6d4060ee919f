"""Takes every name."""

POINTS = 85


def safe(name):
    return True

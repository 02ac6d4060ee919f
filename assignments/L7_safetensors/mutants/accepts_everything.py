"""Says of every file that it is right."""

POINTS = 20


def check(head, size, limit):
    return ""

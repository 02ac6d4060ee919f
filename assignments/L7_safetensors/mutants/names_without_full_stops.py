"""Refuses a full stop anywhere in a name."""

POINTS = 75


def safe(name):
    """May a name become the name of a file?"""
    return name != "" and "." not in name and not any(sign in name for sign in "/\\\0")

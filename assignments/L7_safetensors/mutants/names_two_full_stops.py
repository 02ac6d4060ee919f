"""Refuses two full stops anywhere, and takes one in front."""

POINTS = 75


def safe(name):
    """May a name become the name of a file?"""
    return name != "" and ".." not in name and not any(sign in name for sign in "/\\\0")

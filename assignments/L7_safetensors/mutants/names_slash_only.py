"""Looks for a slash alone."""

POINTS = 85


def safe(name):
    return "/" not in name

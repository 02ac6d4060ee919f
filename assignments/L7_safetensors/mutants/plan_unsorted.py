"""Leaves the ranges in the order of the wanted names."""

POINTS = 85


def plan(places, wanted, gap):
    """The ranges to ask for."""
    ranges = []
    for file, start, stop in dict.fromkeys(tuple(places[name]) for name in wanted):
        if start == stop:
            continue
        if ranges and ranges[-1][0] == file and start - ranges[-1][2] <= gap:
            ranges[-1] = (file, ranges[-1][1], max(stop, ranges[-1][2]))
        else:
            ranges.append((file, start, stop))
    return ranges

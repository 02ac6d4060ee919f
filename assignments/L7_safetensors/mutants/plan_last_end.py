"""Takes the end of the last tensor for the end of a range."""

POINTS = 95


def plan(places, wanted, gap):
    """The ranges to ask for."""
    ranges = []
    for file, start, stop in sorted({tuple(places[name]) for name in wanted}):
        if start == stop:
            continue
        if ranges and ranges[-1][0] == file and start - ranges[-1][2] <= gap:
            ranges[-1] = (file, ranges[-1][1], stop)
        else:
            ranges.append((file, start, stop))
    return ranges

"""Takes tensors in the order of the header, not of their bytes."""

POINTS = 90


def check(head, size, limit):
    """What is wrong with a file, as a word; "" where nothing is."""
    if size < 8:
        return "short"
    length = int.from_bytes(head[:8], "little")
    if length > limit:
        return "limit"
    if 8 + length > size:
        return "length"
    try:
        text = head[8:8 + length].decode("utf-8")
    except UnicodeDecodeError:
        return "text"
    repeated = []

    def pairs(found):
        keys = [key for key, _ in found]
        repeated.append(len(set(keys)) < len(keys))
        return dict(found)

    try:
        header = json.loads(text, object_pairs_hook=pairs)
    except (ValueError, RecursionError):
        return "json"
    if not isinstance(header, dict):
        return "json"
    if any(repeated):
        return "twice"
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(value, str) for value in metadata.values()):
        return "metadata"
    for name, entry in header.items():
        word = broken(name, entry)
        if word:
            return word
    end = 0
    for start, stop in (entry["data_offsets"] for entry in header.values()):
        if start != end:
            return "layout"
        end = stop
    return "" if 8 + length + end == size else "layout"

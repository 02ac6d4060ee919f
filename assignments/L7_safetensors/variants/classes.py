"""A class for the header, and errors that carry the word."""

import struct


class Wrong(ValueError):
    pass


class Header:
    def __init__(self, head, size, limit):
        if size < 8:
            raise Wrong("short")
        (self.length,) = struct.unpack_from("<Q", head)
        self.size = size
        for holds, word in ((self.length <= limit, "limit"), (self.length + 8 <= size, "length")):
            if not holds:
                raise Wrong(word)
        try:
            text = bytes(head[8 : 8 + self.length]).decode()
        except UnicodeDecodeError:
            raise Wrong("text") from None
        self.twice = False
        try:
            self.entries = json.loads(text, object_pairs_hook=self.once)
        except (ValueError, RecursionError):
            raise Wrong("json") from None
        if type(self.entries) is not dict:
            raise Wrong("json")
        if self.twice:
            raise Wrong("twice")
        metadata = self.entries.pop("__metadata__", {})
        if type(metadata) is not dict or any(type(one) is not str for one in metadata.values()):
            raise Wrong("metadata")
        for name, entry in self.entries.items():
            word = broken(name, entry)
            if word:
                raise Wrong(word)
        self.cover()

    def once(self, pairs):
        made = {}
        for key, value in pairs:
            self.twice |= key in made
            made[key] = value
        return made

    def cover(self):
        at = 0
        for start, stop in sorted(one["data_offsets"] for one in self.entries.values()):
            if start != at:
                raise Wrong("layout")
            at = stop
        if at != self.size - 8 - self.length:
            raise Wrong("layout")


def check(head, size, limit):
    try:
        Header(head, size, limit)
    except Wrong as error:
        return str(error)
    return ""

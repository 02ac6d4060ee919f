"""The part of FlatBuffers that an Arrow file needs, read by hand.

A table begins with the distance back to its list of fields; the list says how long it is, how long the table is, and at
which distance from the table's beginning each field stands: 0 where the field has its default value.
"""
import struct
from dataclasses import dataclass

INT, FLOAT, TEXT, LIST = 2, 3, 5, 12       # kinds of type in a schema; the others are refused
DEEPEST = 32                               # lists within lists


class ArrowError(ValueError):
    """Bytes that are no Arrow stream, or one with something in it that is not read here."""


@dataclass(frozen=True)
class Table:
    """A table of a FlatBuffer.

    Attributes
    ----------
    whole : bytes
    at : int
        Where the table begins.
    """

    whole: bytes
    at: int

    @classmethod
    def root(cls, whole):
        """The first table, to which the first four bytes point."""
        return cls(whole, unpack("<I", whole, 0))

    def place(self, field):
        """Where a field stands, or None."""
        listed = self.at - unpack("<i", self.whole, self.at)
        if 4 + 2 * field >= unpack("<H", self.whole, listed):
            return None
        return self.at + away if (away := unpack("<H", self.whole, listed + 4 + 2 * field)) else None

    def number(self, field, kind):
        """A number, 0 where it is left out."""
        place = self.place(field)
        return 0 if place is None else unpack(kind, self.whole, place)

    def pointed(self, field):
        """Where that begins to which a field points, or None."""
        place = self.place(field)
        return None if place is None else place + unpack("<I", self.whole, place)

    def table(self, field):
        """The table to which a field points, or None."""
        place = self.pointed(field)
        return None if place is None else Table(self.whole, place)

    def tables(self, field):
        """A vector of tables."""
        begin, count = self.vector(field, 4)
        places = [begin + 4 + 4 * k for k in range(count)]
        return [Table(self.whole, place + unpack("<I", self.whole, place)) for place in places]

    def pairs(self, field):
        """A vector of pairs of whole numbers."""
        begin, count = self.vector(field, 16)
        return [(unpack("<q", self.whole, begin + 4 + 16 * k), unpack("<q", self.whole, begin + 12 + 16 * k)) for k in range(count)]

    def text(self, field):
        """A text, empty where it is left out."""
        begin, count = self.vector(field, 1)
        try:
            return self.whole[begin + 4:begin + 4 + count].decode()
        except UnicodeDecodeError as error:
            raise ArrowError(f"a name that is no UTF-8: {error}") from None

    def vector(self, field, size):
        """Where a vector begins, and how many entries of this size it has."""
        begin = self.pointed(field)
        count = 0 if begin is None else unpack("<I", self.whole, begin)
        if count and begin + 4 + count * size > len(self.whole):
            raise ArrowError(f"a vector of {count} entries at byte {begin} of a table of {len(self.whole)} bytes")
        return begin or 0, count


@dataclass(frozen=True)
class Field:
    """A column in a schema: its name, its kind, and for lists what is in them."""

    name: str
    kind: str
    children: tuple

    @classmethod
    def of(cls, table, depth=1):
        """The field that a table describes."""
        name, kind, what = table.text(0), table.number(2, "<B"), table.table(3)
        if what is None or depth > DEEPEST:
            raise ArrowError(f"{name!r} has no type, or is a list in more than {DEEPEST} lists")
        if table.table(4) is not None:
            raise ArrowError(f"{name!r} is a dictionary, which this reader does not understand")
        if kind == INT:
            word = f"{'' if what.number(1, '<B') else 'u'}int{what.number(0, '<i')}"
        elif kind == FLOAT:
            word = {1: "float32", 2: "float64"}.get(what.number(0, "<h"))
        else:
            word = {TEXT: "string", LIST: "list"}.get(kind)
        if word is None or (kind == INT and what.number(0, "<i") not in (8, 16, 32, 64)):
            raise ArrowError(f"{name!r} is of a kind that this reader does not understand ({kind}, {word})")
        children = tuple(cls.of(one, depth + 1) for one in table.tables(5))
        if len(children) != (kind == LIST):
            raise ArrowError(f"{name!r} is {word} and has {len(children)} columns inside")
        return cls(name, word, children)


def unpack(kind, whole, at):
    """One number at a place."""
    try:
        if at < 0:
            raise struct.error("it would stand before the first byte")
        return struct.unpack_from(kind, whole, at)[0]
    except struct.error as error:
        raise ArrowError(f"expected a number at byte {at} of a table of {len(whole)} bytes: {error}") from None

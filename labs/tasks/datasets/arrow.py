"""An Arrow record batch and an Arrow stream, written and read with NumPy alone.

A record batch is columns of equal length. A column of numbers is two buffers: a bitmap that says which values are there,
and the values. A column of text is three: the bitmap, the offsets, and all characters in one piece. In front of the
buffers stands a table in the format FlatBuffers that says where each begins. A stream is a schema and then batches.
Format: https://arrow.apache.org/docs/format/Columnar.html.
"""
import struct
from dataclasses import dataclass

import numpy as np

from labs.tasks.datasets import flat
from labs.tasks.datasets.flat import ArrowError

NUMBERS = {"int8": "<i1", "int16": "<i2", "int32": "<i4", "int64": "<i8", "uint8": "<u1", "uint16": "<u2", "uint32": "<u4", "uint64": "<u8",
           "float32": "<f4", "float64": "<f8"}
CONTINUES = b"\xff\xff\xff\xff"     # in front of each message
SCHEMA, BATCH = 1, 3                # kinds of message


@dataclass(frozen=True)
class Column:
    """A column of a batch as its buffers.

    Attributes
    ----------
    rows, nulls : int
    kind : str
        A key of `NUMBERS`, "string" or "list".
    validity : uint8 array
        One bit a row; empty where nothing is missing.
    offsets : int32 array
        Of text and lists: rows + 1 of them; empty for numbers.
    values : array or Column
        The numbers; the bytes of all texts; of lists, the column of all items.
    """

    rows: int
    nulls: int
    kind: str
    validity: np.ndarray
    offsets: np.ndarray
    values: object

    def present(self):
        """Which rows are there (bool array)."""
        if not self.nulls:
            return np.ones(self.rows, bool)
        return np.unpackbits(self.validity, count=self.rows, bitorder="little").astype(bool)

    def to_list(self):
        """The column as Python values, None where a row is missing."""
        there = self.present()
        if self.kind in NUMBERS:
            values = self.values[:self.rows].tolist()
        else:
            whole = self.values.to_list() if self.kind == "list" else self.values.tobytes()
            values = [whole[a:b] for a, b in zip(self.offsets[:self.rows], self.offsets[1:self.rows + 1])]
            values = [one.decode() for one in values] if self.kind == "string" else values
        return [value if here else None for value, here in zip(values, there)]


def buffers(values, kind):
    """A column as its buffers: a bitmap, for text the offsets, values.

    Parameters
    ----------
    values : list
        Numbers or texts, None where one is missing.
    kind : str
        A key of `NUMBERS`, or "string".

    Returns
    -------
    list of bytes
    """
    present = np.array([value is not None for value in values])
    bits = np.packbits(present, bitorder="little").tobytes()
    validity = b"" if present.all() else bits
    if kind in NUMBERS:
        filled = [0 if value is None else value for value in values]
        numbers = np.array(filled, NUMBERS[kind])
        if "int" in kind and numbers.tolist() != filled:
            raise ArrowError(f"{kind}: not all are whole numbers")
        return [validity, numbers.tobytes()]
    if kind != "string":
        raise ArrowError(f"expected numbers or string, got {kind!r}")
    texts = [(value or "").encode() for value in values]
    offsets = np.cumsum([0, *map(len, texts)]).astype("<i4")
    return [validity, offsets.tobytes(), b"".join(texts)]


def record_batch(columns):
    """A record batch as the message that stands in a file.

    Parameters
    ----------
    columns : list of (list, str)
        Values and kind of each column, as `buffers` takes them.

    Returns
    -------
    bytes
    """
    rows = len(columns[0][0]) if columns else 0
    if not rows or any(len(values) != rows for values, _ in columns):
        raise ArrowError("expected columns of one length, at least 1, "
                         f"got {[len(values) for values, _ in columns]}")
    nodes, spans, body = [], [], b""
    for values, kind in columns:
        nodes.append((rows, sum(value is None for value in values)))
        for piece in buffers(values, kind):
            spans.append((len(body), len(piece)))
            body += piece + bytes(-len(piece) % 8)
    table = batch_table(rows, nodes, spans, len(body))
    return CONTINUES + struct.pack("<i", len(table)) + table + body


def batch_table(rows, nodes, spans, size):
    """The FlatBuffer in front of a batch's body.

    Each table begins with the distance back to its list of fields.
    """
    b, n = len(spans), len(nodes)
    message = struct.pack("<I4x6H", 20, 12, 22, 6, 5, 8, 12)
    message += struct.pack("<ixBHIq2x", 12, BATCH, 4, 24, size)
    batch = struct.pack("<5H", 10, 24, 12, 4, 8)
    batch += struct.pack("<iIIq4x", 10, 28 + 16 * b, 16, rows)
    places = struct.pack(f"<I{2 * b}q4x", b, *sum(spans, ()))
    counts = struct.pack(f"<I{2 * n}q", n, *sum(nodes, ()))
    return message + batch + places + counts


def messages(whole):
    """The messages of a stream: (kind, table, place of the root, body) of each.

    Parameters
    ----------
    whole : uint8 array
        A file, mapped or not; bodies are views of it.
    """
    at = 0
    while at < len(whole):
        if len(whole) - at < 8 or whole[at:at + 4].tobytes() != CONTINUES:
            raise ArrowError(f"expected a message at byte {at} of {len(whole)}")
        length = int(whole[at + 4:at + 8].view("<i4")[0])
        if length == 0:
            return
        begin = at + 8 + length
        if length < 0 or begin > len(whole):
            raise ArrowError(f"the message at byte {at} has {length} bytes, {len(whole) - at - 8} are left")
        table = flat.Table.root(whole[at + 8:begin].tobytes())
        size, inside = table.number(3, "<q"), table.table(2)
        if inside is None:
            raise ArrowError(f"the message at byte {at} is empty")
        if not 0 <= size <= len(whole) - begin:
            raise ArrowError(f"the body at byte {begin} has {size} bytes, {len(whole) - begin} are left")
        yield table.number(1, "<B"), inside, whole[begin:begin + size]
        at = begin + size


def read(whole):
    """An Arrow stream: the schema, and the columns of each batch as views of the bytes.

    Parameters
    ----------
    whole : uint8 array

    Returns
    -------
    fields : list of flat.Field
    batches : list of dict of str to Column

    Raises
    ------
    ArrowError
    """
    fields, batches = None, []
    for kind, table, body in messages(whole):
        if kind == SCHEMA and fields is None:
            fields = [flat.Field.of(one) for one in table.tables(1)]
            if len({field.name for field in fields}) < len(fields):
                raise ArrowError("two columns have one name")
        elif kind == BATCH and fields is not None:
            batches.append(read_batch(fields, table, body))
        else:
            raise ArrowError(f"expected a schema and then batches, got a message of kind {kind}")
    if fields is None:
        raise ArrowError("expected a schema, got nothing")
    return fields, batches


def read_batch(fields, table, body):
    """One batch: the columns, each a view of the body."""
    if table.table(3) is not None:
        raise ArrowError("the body is compressed, which this reader does not understand")
    nodes, spans = iter(table.pairs(1)), iter(table.pairs(2))

    def take(dtype):
        start, length = next(spans)
        if start < 0 or length < 0 or start + length > len(body):
            raise ArrowError(f"a buffer at {start} of {length} bytes, in a body of {len(body)}")
        if length % np.dtype(dtype).itemsize:
            raise ArrowError(f"a buffer of {length} bytes, which are no whole number of {np.dtype(dtype)}")
        return body[start:start + length].view(dtype)

    def column(field):
        rows, nulls = next(nodes)
        validity = take("u1")
        if field.kind in NUMBERS:
            return checked(field.name, Column(rows, nulls, field.kind, validity, np.zeros(0, "<i4"), take(NUMBERS[field.kind])))
        offsets = take("<i4")
        values = take("u1") if field.kind == "string" else column(field.children[0])
        return checked(field.name, Column(rows, nulls, field.kind, validity, offsets, values))

    try:
        return {field.name: column(field) for field in fields}
    except StopIteration:
        raise ArrowError("fewer buffers than the schema asks for") from None


def checked(name, column):
    """The column, if its buffers hold as many rows as it says."""
    rows, offsets = column.rows, column.offsets
    if not 0 <= column.nulls <= rows or (column.nulls and 8 * len(column.validity) < rows):
        raise ArrowError(f"{name!r}: {column.nulls} of {rows} rows are missing, by a bitmap of {len(column.validity)} bytes")
    if column.kind in NUMBERS:
        if len(column.values) < rows:
            raise ArrowError(f"{name!r}: expected {rows} numbers, got {len(column.values)}")
    elif rows:
        inside = column.values.rows if column.kind == "list" else len(column.values)
        if len(offsets) <= rows or offsets[0] < 0 or (np.diff(offsets[:rows + 1]) < 0).any() or offsets[rows] > inside:
            raise ArrowError(f"{name!r}: offsets of {rows} rows that do not rise from 0 to at most {inside}")
    return column

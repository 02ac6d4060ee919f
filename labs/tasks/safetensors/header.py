"""The header of a safetensors file, read by hand, with every check that the library makes.

A file is eight bytes with the length N of the header, little-endian; N bytes of JSON, which give each tensor its dtype,
its shape and its place; and the tensors' bytes, without a hole. Format: https://github.com/huggingface/safetensors.
"""
import json
import math

BITS = {"BOOL": 8, "U8": 8, "I8": 8, "U16": 16, "I16": 16, "U32": 32, "I32": 32, "U64": 64, "I64": 64,
        "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
        "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8, "F16": 16, "BF16": 16, "F32": 32, "F64": 64, "C64": 64}
LARGEST = 100_000_000       # bytes of a header
DEEPEST = 127               # brackets within brackets
FIELDS = ("dtype", "shape", "data_offsets")


class HeaderError(ValueError):
    """A file that is not what the format promises.

    Attributes
    ----------
    kind : str
        Which promise: "too small", "too large", "length", "UTF-8", "JSON", "offsets", "size",
        "overflow", "part of a byte" or "not covered".
    """

    def __init__(self, kind, says):
        super().__init__(says)
        self.kind = kind


class Pairs(list):
    """A JSON object as a list of (key, value): a dict would hide that a key came twice."""


def parse(data, bits=BITS):
    """The tensors that a file describes, after all checks.

    Parameters
    ----------
    data : bytes or uint8 array
        The whole file. Of an array that is mapped, only the header is read.
    bits : dict of str to int
        The dtypes that are known, with the bits of an element.

    Returns
    -------
    tensors : dict of str to (str, tuple of int, int, int)
        Name -> dtype, shape, and first and last byte (exclusive) in the file.
    metadata : dict of str to str

    Raises
    ------
    HeaderError
    """
    text, begin = header_text(data)
    described, metadata = entries(read_json(text), bits)
    return laid_out(described, begin, len(data), bits), metadata


def header_text(data):
    """The header of a file as text, and where the data begin."""
    if len(data) < 8:
        raise HeaderError("too small", "expected 8 bytes with the "
                          f"header's length, got {len(data)}")
    length = int.from_bytes(bytes(data[:8]), "little")
    if length > LARGEST:
        raise HeaderError("too large", f"a header of {length:,} bytes; "
                          f"allowed are {LARGEST:,}")
    if 8 + length > len(data):
        raise HeaderError("length", f"a header of {length:,} bytes, "
                          f"but only {len(data) - 8:,} are left")
    try:
        return bytes(data[8:8 + length]).decode("utf-8"), 8 + length
    except UnicodeDecodeError as error:
        raise HeaderError("UTF-8", f"the header: {error}") from None


def laid_out(described, begin, file_size, bits=BITS):
    """Where each tensor stands in the file: without a gap, to its end."""
    tensors, end = {}, begin
    for name, (dtype, shape, start, stop) in sorted(
            described.items(), key=lambda one: one[1][2:]):
        if start != end - begin or stop < start:
            raise HeaderError("offsets", f"{name!r} is to begin at byte "
                              f"{start}, expected {end - begin}")
        size = size_of(name, dtype, shape, bits)
        if stop - start != size:
            raise HeaderError("size", f"{name!r}: {dtype} {list(shape)} "
                              f"takes {size} bytes, not {stop - start}")
        tensors[name] = dtype, shape, end, end + size
        end += size
    if end != file_size:
        raise HeaderError("not covered", f"the tensors end at byte {end}, "
                          f"the file at {file_size}")
    return tensors


def size_of(name, dtype, shape, bits):
    """Bytes of a tensor; no product on the way may be over 64 bits."""
    count = 1
    for factor in (*shape, bits[dtype]):
        count *= factor
        if count >= 2 ** 64:
            raise HeaderError("overflow", f"{name!r}: {list(shape)} has "
                              "more bits than 64 bits can count")
    if count % 8:
        raise HeaderError("part of a byte", f"{name!r}: {dtype} "
                          f"{list(shape)} ends within a byte")
    return count // 8


def entries(header, bits):
    """({name: (dtype, shape, start, stop)}, metadata) of a header."""
    expect(type(header) is Pairs, "expected an object of tensors", header)
    twice = [value for name, value in header if name == "__metadata__"]
    expect(len(twice) <= 1, "expected one __metadata__", len(twice))
    metadata = dict(twice[0] or []) if twice and type(twice[0]) in (Pairs, type(None)) else {}
    expect(not twice or twice[0] is None or type(twice[0]) is Pairs, "__metadata__: expected an object", twice)
    expect(all(type(value) is str for _, value in (twice and twice[0]) or []), "__metadata__: expected text only", metadata)
    return {name: entry(name, value, bits) for name, value in header if name != "__metadata__"}, metadata


def entry(name, value, bits):
    """(dtype, shape, start, stop) of one tensor; the library takes an object, and a list of the three values too."""
    if type(value) is Pairs:
        keys = [key for key, _ in value if key in FIELDS]
        expect(sorted(keys) == sorted(FIELDS), f"{name!r}: expected each of {', '.join(FIELDS)} once", keys)
        value = [dict(value)[key] for key in FIELDS]
    expect(type(value) is list and len(value) == 3, f"{name!r}: expected an object of {', '.join(FIELDS)}", value)
    dtype, shape, offsets = value
    if type(dtype) is Pairs and len(dtype) == 1 and dtype[0][1] is None:
        dtype = dtype[0][0]         # {"F32": null}: how the library's parser writes a choice, too
    expect(type(dtype) is str and dtype in bits, f"{name!r}: expected a dtype such as F32", dtype)
    expect(type(shape) is list and all(map(is_index, shape)), f"{name!r}: expected a shape of whole numbers", shape)
    expect(type(offsets) is list and len(offsets) == 2 and all(map(is_index, offsets)), f"{name!r}: expected two offsets", offsets)
    return dtype, tuple(shape), *offsets


def is_index(value):
    """Is it a whole number of 64 bits without a sign?"""
    return type(value) is int and 0 <= value < 2 ** 64


def expect(holds, what, got):
    """Raise where a header is not as the format says."""
    if not holds:
        raise HeaderError("JSON", f"{what}, got {str(got)[:80]}")


def read_json(text):
    """JSON as RFC 8259 has it; Python's own reader takes NaN, half characters and infinite numbers too."""
    def finite(number):
        if math.isinf(float(number)):
            raise ValueError(f"{number[:20]} is too large")
        return number

    def refuse(word):
        raise ValueError(f"{word} is no JSON")

    try:
        found = json.loads(text, object_pairs_hook=Pairs, parse_constant=refuse, parse_float=lambda n: float(finite(n)),
                           parse_int=lambda n: float(n) if finite(n) == "-0" else int(n))
        depth(found)
        return found
    except (ValueError, RecursionError) as error:
        raise HeaderError("JSON", f"the header is no JSON: {error}") from None


def depth(value, level=1):
    """Raise where brackets stand too deep, or a text holds half of a UTF-16 pair."""
    if type(value) is str and any("\ud800" <= c <= "\udfff" for c in value):
        raise ValueError(f"{value!a} holds half of a character")
    if isinstance(value, (list, tuple)):
        inside = not isinstance(value, tuple)       # a pair is no bracket
        if inside and level > DEEPEST:
            raise ValueError(f"more than {DEEPEST} brackets within each other")
        for one in value:
            depth(one, level + inside)

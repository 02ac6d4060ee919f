"""Files that are nearly right, by the ten thousand, given to our reader and to the library."""
import json
import math
import random
import struct
from collections import Counter

from labs.tasks.safetensors import header

NUMBERS = ("0", "1", "2", "3", "4", "8", "12", "-0", "-1", "2.0", "1e0", "01", "true", "null", '"4"', "[]", "4294967296", "18446744073709551615",
           "18446744073709551616", "1e999", "NaN", "Infinity", "-5e-324")
VALUES = ("{}", "[]", "null", '""', '"F32"', '"f32"', '"BF16"', '"F4"', '"F8_E4M3"', '{"F32":null}', '{"F32":0}', '{"F32":null,"F64":null}', "[2]", "[0,8]",
          "[0,8,8]", "[0]", '["F32",[2],[0,8]]', '["F32",[2],[0,8],1]', '"\\ud800"', '"\\ud83d\\ude00"', '"\\u0046"', '"\\x46"', "[" * 124 + "]" * 124,
          "[" * 125 + "]" * 125, "[" * 126 + "]" * 126, "[0,0]", "[4294967296,4294967296,0]", "[0,4294967296,4294967296]", "[0,4294967296,4294967296,4]")
KEYS = ('"a"', '"b"', '"dtype"', '"shape"', '"data_offsets"', '"__metadata__"', '"x"', '""', '"../a"', '"\\u0061"', '"a\\u0000"')
BYTES = (b"\x00", b" ", b"\n", b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"-", b"e", b".", b"9")
# the library's words -> the promise that a file breaks
KINDS = {"header too small": "too small", "header too large": "too large", "invalid header length": "length", "invalid UTF-8": "UTF-8",
         "invalid JSON": "JSON", "invalid offset": "offsets", "invalid shape": "size", "overflow": "overflow", "subbytes": "part of a byte",
         "incomplete metadata": "not covered"}

TRIES = 60


class Unexplained(AssertionError):
    """The library said something that is not in `KINDS`, or a reader crashed."""


def seeds():
    """Small files that are right: (list of tokens of the header, data)."""
    tensors = ({"a": ("F32", [2], 8)}, {"a": ("BF16", [2, 3], 12), "b": ("I64", [], 8)}, {"a": ("F8_E4M3", [0, 3], 0), "b": ("U8", [5], 5)},
               {"a": ("F4", [2, 8], 8), "x": ("BOOL", [1, 1, 3], 3), "b": ("F64", [1], 8)}, {})
    for number, some in enumerate(tensors):
        made, at = {"__metadata__": {"x": "y"}} if number % 2 else {}, 0
        for name, (dtype, shape, size) in some.items():
            made[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + size]}
            at += size
        yield tokens(json.dumps(made, separators=(",", ":"))), bytes(range(at))


def fixed():
    """Files that a random change seldom makes."""
    right = '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]'
    for text in (*(f'{right},"x":{"[" * deep}{"]" * deep}}}}}' for deep in (124, 125, 126, 2000)), right + ',"x":1e999}}', right + ',"x":"\\udc00"}}',
                 right + ',"x":"\\ud83d\\ude00"}}', right.replace('"F32"', '{"F32":null}') + "}}", right.replace('"F32"', '{"F32":{}}') + "}}",
                 right.replace("[2]", "[4294967296,4294967296,0]") + "}}", '{"a":{"dtype":"F32","shape":[0,4294967296,4294967296],"data_offsets":[0,0]}}',
                 '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}',
                 '{"__metadata__":{"x":1},"a":["F32",[2],[0,8]]}', '{"__metadata__":null,"a":["F32",[2],[0,8]]}', right + ',"shape":[2]}}',
                 '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}', "{}", ""):
        yield struct.pack("<Q", len(text)) + text.encode() + bytes(8)


def drawn(rng):
    """A file with drawn dtypes and shapes, right but for the last byte of a tensor that does not fill it."""
    made, at = {}, 0
    for name in rng.sample("abcdx", rng.randrange(1, 4)):
        dtype, shape = rng.choice([*header.BITS]), [rng.choice((0, 1, 2, 3, 4, 8)) for _ in range(rng.randrange(4))]
        size = -(-math.prod(shape) * header.BITS[dtype] // 8)
        made[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + size]}
        at += size
    return tokens(json.dumps(dict(rng.sample([*made.items()], len(made))), separators=(",", ":"))), rng.randbytes(at)


def tokens(text):
    """JSON cut into its tokens."""
    found, at = [], 0
    while at < len(text):
        end = at + 1
        if text[at] == '"':
            end = text.index('"', end) + 1
        elif text[at].isalnum():
            while text[end:end + 1].isalnum():
                end += 1
        found.append(text[at:end])
        at = end
    return found


def whole(parts):
    """Where in the tokens a whole object or list begins and ends, by chance one of them: used to replace and to repeat."""
    open_, found = [], []
    for i, part in enumerate(parts):
        if part in "{[":
            open_.append(i)
        elif part in "}]" and open_:
            found.append((open_.pop(), i + 1))
    return found or [(0, len(parts))]


def changed(parts, rng):
    """A header with one token, value or entry changed."""
    parts = list(parts)
    at = rng.randrange(len(parts))
    kind = rng.choice((0, 0, 0, 1, 2, 3, 4, 5, 6))
    if kind == 0:
        at = rng.choice([i for i, part in enumerate(parts) if part.isdigit()] or [at])
        parts[at] = rng.choice((*NUMBERS, str(int(parts[at]) + rng.choice((-1, 1, 4, 8))) if parts[at].isdigit() else "0"))
    elif kind == 1:
        start, end = rng.choice(whole(parts))
        parts[start:end] = [rng.choice(VALUES)]
    elif kind == 2:
        at = rng.choice([i for i, part in enumerate(parts) if part.startswith('"')] or [at])
        parts[at] = rng.choice((*KEYS, '"' + rng.choice([*header.BITS]) + '"', f"{{{parts[at]}:null}}", f"{{{parts[at]}:0}}"))
    elif kind == 3:
        start, end = rng.choice(whole(parts))
        while start and parts[start - 1] not in ",{[":
            start -= 1          # with its key
        parts[end:end] = [",", *parts[start:end]]
    elif kind == 4:
        start, end = rng.choice(whole(parts))
        parts[start + 1:start + 1] = [rng.choice(KEYS), ":", rng.choice((*NUMBERS, *VALUES)), ","]
    elif kind == 5:
        del parts[at]
    else:
        parts.insert(at, rng.choice((" ", "\n", "\t ", ",", "\x0b", "\u00a0")))
    return parts


def files(count, seed):
    """Different files that are nearly right: up to two changes to the header's tokens, to bytes, to the length or to the data.

    Parameters
    ----------
    count, seed : int

    Yields
    ------
    bytes
    """
    rng, right, seen = random.Random(seed), list(seeds()), set()
    while len(seen) < count:
        parts, data = rng.choice(right) if rng.random() < 0.5 else drawn(rng)
        for _ in range(rng.choice((0, 0, 1, 1, 1, 2))):
            parts = changed(parts or ["{", "}"], rng)
        text = "".join(parts).encode("utf-8", "surrogatepass")
        if rng.random() < 0.15:
            at = rng.randrange(len(text) + 1)
            text = text[:at] + rng.choice((*BYTES, b"")) + text[at + rng.randrange(2):]
        length = len(text)
        if rng.random() < 0.15:
            length = max(0, rng.choice((length + 1, length - 1, 0, 2, 2 ** 63, 100_000_000, 100_000_001, length + len(data))))
        if rng.random() < 0.2:
            data = rng.choice((data[:-1], data + b"\0", data[:len(data) // 2], b""))
        made = struct.pack("<Q", length) + text + data
        made = made[:rng.randrange(len(made) + 1)] if rng.random() < 0.05 else made
        if made not in seen:
            seen.add(made)
            yield made


def by_hand(data, bits=header.BITS):
    """What our reader says: ("read", {name: (dtype, shape, bytes)}) or ("refused", kind)."""
    try:
        tensors, _ = header.parse(data, bits)
    except header.HeaderError as error:
        return "refused", error.kind
    return "read", {name: (dtype, list(shape), data[start:stop]) for name, (dtype, shape, start, stop) in tensors.items()}


def by_library(data):
    """What the library says, in the same form."""
    import safetensors
    try:
        found = safetensors.deserialize(data)
    except safetensors.SafetensorError as error:
        kinds = [kind for words, kind in KINDS.items() if words in str(error)]
        if len(kinds) != 1:
            raise Unexplained(f"the library says {error}: {kinds}") from None
        return "refused", kinds[0]
    return "read", {name: (one["dtype"], one["shape"], bytes(one["data"])) for name, one in found}


def known():
    """The dtypes that the installed library knows, with their bits: an older one knows fewer."""
    def right(dtype, bits):
        text = json.dumps({"a": {"dtype": dtype, "shape": [8], "data_offsets": [0, bits]}}).encode()
        return by_library(struct.pack("<Q", len(text)) + text + bytes(bits))[0] == "read"
    return {dtype: bits for dtype, bits in header.BITS.items() if right(dtype, bits)}


def compare(count, seed, readers=None):
    """Give many files to the library and to readers of ours.

    Parameters
    ----------
    count, seed : int
        As in `files`; the files of `fixed` come first.
    readers : dict of str to callable, optional
        Name -> function (bytes, bits of the known dtypes) -> ("read", ...) or ("refused", kind). By default `by_hand`.

    Returns
    -------
    outcomes : Counter
        (what, kind) -> files, by the library's verdict.
    differ : dict of str to list of (bytes, ours, theirs)
        By reader.
    """
    readers = {"by hand": by_hand} if readers is None else readers
    outcomes, differ, bits = Counter(), {name: [] for name in readers}, known()
    for data in dict.fromkeys((*fixed(), *files(count, seed))):
        theirs = by_library(data)
        outcomes[theirs if theirs[0] == "refused" else ("read", "")] += 1
        for name, reader in readers.items():
            mine = reader(data, bits)
            if mine != theirs and not by_chance(mine, data):
                differ[name].append((data, mine, theirs))
    return outcomes, differ


def by_chance(mine, data):
    """Does the library say this at times? Of two tensors in one place it names the one or the other."""
    return mine[0] == "refused" and mine[1] in ("offsets", "size") and mine in (by_library(data) for _ in range(TRIES))

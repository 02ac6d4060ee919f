"""The rungs of lab 7. Each draws its own inputs; a file breaks one promise alone, so that a mistake always costs the same."""

import json
import struct

import numpy as np

from labs.grading import call, rung

BYTES = {"BOOL": 1, "U8": 1, "I32": 4, "I64": 8, "F16": 2, "BF16": 2, "F32": 4, "F64": 8}
LIMIT = 10_000
EMPTY = "an empty file, which is refused"          # first in each rung, for whoever accepts everything
LETTERS = list("abcwxyz0123._-") + ["床", "é"]


def name(draw):
    """A name that is right: full stops inside, never in front and never two (these are asked for in one place)."""
    return ("w" + "".join(map(str, draw.choice(LETTERS, 6)))).replace("..", ".x").replace("..", ".x")


def entries(draw, count=3):
    """Some tensors in the order of their bytes: {name: entry}, and how many bytes they have."""
    made, at = {}, 0
    for dtype in map(str, draw.permutation([*BYTES])[:count]):
        shape = [int(n) for n in draw.integers(1, 5, draw.integers(1, 4))]
        size = int(np.prod(shape)) * BYTES[dtype]
        made[name(draw)] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + size]}
        at += size
    return made, at


def packed(header, size, draw, length=None):
    """A file: the header, text or what JSON writes, and drawn data."""
    text = header if isinstance(header, bytes) else json.dumps(header, ensure_ascii=False).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + draw.bytes(size)


def judged(whole, about, size=None, limit=LIMIT):
    """The call of `check` on a whole file."""
    return call("check", whole, len(whole) if size is None else size, limit, about=about)


def one(dtype="F32", shape="[2]", offsets="[0,8]", key='"a"', more=""):
    """The JSON of one tensor, as text."""
    return f'{key}:{{"dtype":"{dtype}","shape":{shape},"data_offsets":{offsets}{more}}}'


def of(*tensors, size=8, draw=None):
    """A file of tensors written as text."""
    return packed(("{" + ",".join(tensors) + "}").encode("utf-8", "surrogatepass"), size, draw)


@rung("right")
def _(draw, reference):
    yield judged(b"", EMPTY)
    some, size = entries(draw)
    whole = packed(some, size, draw)
    begin = len(whole) - size
    yield judged(whole, "three tensors")
    yield judged(whole[:begin], "the data are not there yet", size=len(whole))
    yield judged(whole, "a header as long as is allowed", limit=begin - 8)
    turned = dict([*some.items()][::-1])
    yield judged(packed(turned, size, draw), "the last tensor's entry comes first")
    yield judged(packed({"__metadata__": {"format": "pt", "床": ""}} | some, size, draw), "with metadata")
    yield judged(packed({}, 0, draw), "no tensors")
    yield judged(packed(json.dumps(some).encode() + b"  \n", size, draw), "white space behind the header")
    number = {"a": {"dtype": "F64", "shape": [], "data_offsets": [0, 8]}}
    yield judged(packed(number, 8, draw), "a number, which has no axes")
    empty = {"b": {"dtype": "F32", "shape": [2, 0], "data_offsets": [8, 8]}, "c": {"dtype": "U8", "shape": [0], "data_offsets": [0, 0]}}
    yield judged(packed(number | empty, 8, draw), "tensors of no bytes, at both ends")
    names = {"dtype": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]}, "a..b": {"dtype": "U8", "shape": [1], "data_offsets": [1, 2]}}
    yield judged(packed(names, 2, draw), "tensors called dtype and a..b")


@rung("length")
def _(draw, reference):
    some, size = entries(draw)
    whole = packed(some, size, draw)
    begin = len(whole) - size
    for few in (0, 1, 7):
        yield judged(whole[:few], f"a file of {few} bytes")
    yield judged(whole, "a header one byte longer than allowed", limit=begin - 9)
    yield judged(packed(some, size, draw, length=2**63 + 5), "a header of more bytes than a signed number counts")
    yield judged(packed(some, size, draw, length=len(whole) + int(draw.integers(1, 99))), "a header longer than the whole file")
    yield judged(packed(some, size, draw, length=len(whole) - 7), "a header one byte longer than what is left")
    yield judged(whole[:begin], "a file that ends within its header", size=begin - 1)


@rung("json")
def _(draw, reference):
    yield judged(b"", EMPTY)
    for text, about in ((b"{", "an object without an end"), (b"[]", "a list"), (b'"a"', "a text"), (b"null", "null"), (b"", "no header"),
                        (b"{} x", "more behind the object"), (b"{'a':1}", "wrong quotes"), (b"[" * 9_000, "nine thousand brackets")):
        yield judged(packed(text, 0, draw), f"the header is {about}")
    for text, about in ((b'{"\xff":1}', "a byte that UTF-8 does not have"), (b'{"a":"\xe5\xba"}', "a character that is cut"), (b"\xc3", "half a character")):
        yield judged(packed(text, 0, draw), about)


@rung("twice")
def _(draw, reference):
    yield judged(b"", EMPTY)
    yield judged(of(one(more=',"dtype":"F32"'), one(), draw=draw), "a tensor twice, and a field of it")
    yield judged(of(one(), one(), draw=draw), "one tensor twice")
    yield judged(of(one(shape="[1]", offsets="[0,4]"), one(), draw=draw), "two tensors of one name")
    yield judged(of(one(), one(key='"\\u0061"'), draw=draw), "one name twice, once with an escape")
    for more in (',"dtype":"F32"', ',"shape":[2]', ',"data_offsets":[0,8]'):
        yield judged(of(one(more=more), draw=draw), f"a field twice: {more[1:]}")
    yield judged(of('"__metadata__":{"x":"1","x":"2"}', one(), draw=draw), "a key of the metadata twice")
    yield judged(of('"__metadata__":{}', one(), '"__metadata__":{}', draw=draw), "metadata twice")
    yield judged(of(one(dtype="F32", shape='[{"x":[{"y":1,"y":1}]}]'), draw=draw), "a key twice in an object within lists")


@rung("names")
def _(draw, reference):
    yield judged(b"", EMPTY)
    inside = str(draw.choice(list("abcd")))
    for text, about in (("", "an empty name"), (f"../{inside}", "a path to the folder above"), (f"/{inside}", "a path from the root"),
                        (f"{inside}/{inside}", "a name in a folder"), (f"{inside}\\\\{inside}", "a backslash"), (".", "a full stop"), ("..", "two full stops"),
                        (f".{inside}", "a full stop in front"), (f"{inside}\\u0000", "the character U+0000"), ("\\u002e.", "full stops with an escape"),
                        (f"{inside}\\u002f", "a slash with an escape")):
        yield judged(of(one(key=f'"{text}"'), draw=draw), about)
    for text, about in (("[]", "a list"), ("null", "null"), ('{"x":1}', "with a number"), ('{"x":null}', "with null"), ('{"x":{"y":"z"}}', "with an object")):
        yield judged(of(f'"__metadata__":{text}', one(), draw=draw), f"metadata: {about}")


@rung("fields")
def _(draw, reference):
    yield judged(b"", EMPTY)
    for text, about in (('{"dtype":"F32","shape":[2]}', "a field is missing"), ('["F32",[2],[0,8]]', "a list in place of an object"), ("null", "null"),
                        ('{"dtype":"F32","shape":[2],"offsets":[0,8]}', "a field of another name")):
        yield judged(of(f'"a":{text}', draw=draw), about)
    yield judged(of(one(more=',"run":"x"'), draw=draw), "one field too many")
    for dtype in ("F31", "f32", "", "F32 "):
        yield judged(of(one(dtype=dtype), draw=draw), f"the dtype {dtype!r}")
    yield judged(of('"a":{"dtype":["F32"],"shape":[2],"data_offsets":[0,8]}', draw=draw), "a dtype that is a list")
    for shape in ("[2.0]", "[true,2]", "[-2]", "[-1,-2]", '["2"]', "2", "[[2]]", "null", "[NaN]"):
        yield judged(of(one(shape=shape), draw=draw), f"the shape {shape}")
    for offsets in ("[0]", "[0,8,8]", "[0,8.0]", "[false,8]", "[-8,0]", "[8,0]", '["0","8"]', "null", '{"0":8}'):
        yield judged(of(one(offsets=offsets), draw=draw), f"the offsets {offsets}")
    for shape in ("[3]", "[1]", "[2,0]", "[]", "[4294967296,4294967296,4]", "[1000000000000000000000000]", "[4611686018427387906]"):
        yield judged(of(one(shape=shape), draw=draw), f"the shape {shape} for eight bytes of F32")
    yield judged(of(one(dtype="BF16"), draw=draw), "two BF16 in eight bytes")


@rung("layout")
def _(draw, reference):
    yield judged(b"", EMPTY)
    def pair(first, second, size, about):
        tensors = (one("U8", f"[{b - a}]", f"[{a},{b}]", key) for (a, b), key in ((first, '"a"'), (second, '"b"')))
        return judged(of(*tensors, size=size, draw=draw), about)

    n = int(draw.integers(3, 9))
    yield pair((2, n + 3), (n, n + 5), 20, "a hole, an overlap and a rest")
    yield pair((1, n), (n, 9), 9, "a hole in front")
    yield pair((0, n), (n + 1, 12), 12, "a hole between two tensors")
    yield pair((n + 1, 12), (0, n), 12, "a hole, the tensors not in the order of their bytes")
    yield pair((0, n), (n - 1, 12), 12, "two tensors that share a byte")
    yield pair((0, n), (0, n), n, "two tensors in one place")
    yield pair((0, 12), (2, n + 1), 12, "a tensor within another one")
    yield pair((0, n), (n, 12), 13, "one byte behind the last tensor")
    yield pair((0, n), (n, 12), 11, "a byte too few")
    yield judged(packed({}, 1, draw), "no tensors, but data")
    late = one("F32", "[0]", "[9,9]", '"b"')
    yield judged(of(one(), late, draw=draw), "a tensor of no bytes beyond the end")


@rung("decode")
def _(draw, reference):
    for dtype, size in BYTES.items():
        shape = [int(n) for n in draw.integers(1, 5, 2)]
        data = draw.bytes(size * shape[0] * shape[1])
        if dtype == "BOOL":
            data = bytes(each & 1 for each in data)
        if dtype in ("F16", "BF16", "F32", "F64"):
            numbers = draw.normal(size=shape)
            kept = numbers.astype({"F16": "<f2", "F64": "<f8"}.get(dtype, "<f4"))
            data = (kept.view("<u4") >> 16).astype("<u2").tobytes() if dtype == "BF16" else kept.tobytes()
        yield call("decode", dtype, shape, data, about=f"{dtype}, {shape[0]} x {shape[1]}", axes=("row", "column"))
    yield call("decode", "F64", [], struct.pack("<d", float(draw.normal())), about="a number, which has no axes")
    yield call("decode", "I32", [0, 3], b"", about="no rows")
    yield call("decode", "BF16", [3], struct.pack("<3H", 0x3F80, 0xC000, 0x7F80), about="BF16: 1, -2 and infinity")


@rung("plan")
def _(draw, reference):
    places, at = {}, {"one": 40, "two": 64}
    for k in range(12):
        file, size = str(draw.choice(["one", "two"])), int(draw.integers(1, 30))
        places[f"t{k}"] = (file, at[file], at[file] + size)
        at[file] += size + int(draw.integers(0, 3))
    for gap in (0, 5, 40):
        wanted = [f"t{k}" for k in draw.permutation(12)[:6]]
        yield call("plan", places, wanted, gap, about=f"a gap of {gap}", axes=("range",))
    line = {"a": ("f", 10, 20), "b": ("f", 23, 30), "c": ("f", 30, 31), "d": ("g", 31, 40), "none": ("f", 26, 26)}
    for gap, about in ((0, "neighbours without a gap"), (2, "a gap one byte too wide"), (3, "a gap that is just allowed")):
        yield call("plan", line, ["c", "a", "b", "d"], gap, about=about, axes=("range",))
    yield call("plan", line, ["none", "a", "none"], 0, about="a tensor of no bytes", axes=("range",))
    yield call("plan", line, ["b", "a", "b"], 0, about="a name twice", axes=("range",))
    yield call("plan", {"a": ("f", 8, 90), "b": ("f", 10, 20), "c": ("f", 95, 99)}, ["a", "b", "c"], 5, about="a range within another", axes=("range",))
    yield call("plan", line, [], 9, about="nothing is wanted")


def model(draw):
    """A model in three files: (files, index)."""
    files, index = {}, {}
    for number in range(3):
        file = f"part-{number}-{int(draw.integers(100, 999))}.safetensors"
        some, size = entries(draw, 4)
        some |= {f"e{number}": {"dtype": "F32", "shape": [0, 2], "data_offsets": [size, size]}}
        plain = bytes(int(b) & 1 for b in draw.bytes(size))        # truth values, and small numbers
        text = json.dumps(some, ensure_ascii=False).encode()
        files[file] = struct.pack("<Q", len(text)) + text + plain
        index |= dict.fromkeys(some, file)
    return files, index


FACTS = {"parts": ("tensors", "requests"), "axes": ("entry",)}


@rung("load")
def _(draw, reference):
    files, index = model(draw)
    names = [*index]
    for gap, count in ((0, 3), (10**6, 4), (4, 15)):
        wanted = [names[k] for k in draw.permutation(len(names))[:count]]
        yield call("loaded", files, index, wanted, LIMIT, gap, about=f"{count} tensors, a gap of {gap}", **FACTS)
    last = sorted(files)[-1]
    yield call("loaded", files, index, [each for each in names if index[each] == last][:1], LIMIT, 0, about="one file of three is needed", **FACTS)
    yield call("loaded", files, index, [names[1], names[0], names[1]], LIMIT, 0, about="a name twice", **FACTS)
    yield call("loaded", files, index, ["e1"], LIMIT, 0, about="a tensor of no bytes alone", **FACTS)
    yield call("loaded", files, index, [], LIMIT, 0, about="nothing is wanted", **FACTS)
    longest = max(int.from_bytes(whole[:8], "little") for whole in files.values())
    yield call("loaded", files, index, names[:1] + names[-1:], longest, 0, about="a header as long as is allowed", **FACTS)


@rung("lies")
def _(draw, reference):
    files, index = model(draw)
    names = [*index]
    first, second = names[0], names[5]
    for lie, about in (("short", "answers with a byte too few"), ("long", "answers with a byte too many"), ("grows", "a file that grows between two answers")):
        yield call("loaded", files, index, [first], LIMIT, 0, lie, about=about, **FACTS)
    yield call("loaded", files, index, [first, "nowhere"], LIMIT, 0, about="a name that the index does not have", **FACTS)
    yield call("loaded", files, index | {"ghost": index[first]}, [first, "ghost"], LIMIT, 0, about="a name that the file does not have", **FACTS)
    for path in ("../part", "/etc/part", ".part", "a\\part"):
        yield call("loaded", files | {path: files[index[first]]}, index | {first: path}, [first], LIMIT, 0, about=f"the index names the file {path}", **FACTS)
    whole = files[index[first]]
    long = struct.pack("<Q", LIMIT + 1) + bytes(2 * LIMIT)
    yield call("loaded", files | {index[first]: long}, index, [first], LIMIT, 0, about="a header that is too long is not asked for", **FACTS)
    beyond = struct.pack("<Q", len(whole)) + whole[8:]
    yield call("loaded", files | {index[first]: beyond}, index, [first], LIMIT, 0, about="a header longer than the file", **FACTS)
    yield call("loaded", files | {index[first]: whole + b"\0"}, index, [first], LIMIT, 0, about="a byte behind the last tensor", **FACTS)
    yield call("loaded", files | {index[second]: whole[:5]}, index, [second], LIMIT, 0, about="a file of five bytes", **FACTS)

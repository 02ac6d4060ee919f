"""The checks of chapter 24."""
import struct

import numpy as np

from labs.exercises import NotRight, call, exercise, number, show
from labs.tasks.safetensors import bits

RIGHT = '{{"{a}":{{"dtype":"F32","shape":[1],"data_offsets":[0,4]}},{more}"{b}":{{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}}}'


@exercise("24.1", "Put a number in place of None.")
def smallest_file(answer):
    """Bytes of the smallest file that is accepted."""
    number(
        answer,
        10,
        {
            8: "the header is JSON, and an empty text is no JSON",
            9: "which JSON would have one character and be an object?",
            16: "that the header fills eight bytes is a habit of writers, no rule for readers",
            2: "the length of the header stands in front of it",
        },
        "which header describes no tensor at all?",
    )
    return "Eight bytes that say 2, and {}."


@exercise("24.2", "Write names(whole), a function that returns a list of names.")
def all_names(names):
    """The names in a header, as often as they stand there."""
    rng = np.random.default_rng()
    drawn = sorted({"".join(rng.choice(list("abcw.0_"), 5)) for _ in range(9)})[:-3:-1]
    cases = [
        (two(*drawn), drawn, "the names are to come in the order of the header"),
        (two("w", "w"), ["w", "w"], "a name that comes twice is to be given twice"),
        (two("w", "\\u0077"), ["w", "w"], "a name may be written with an escape, such as \\u0077 for w"),
        (two("data_offsets", "dtype"), ["data_offsets", "dtype"], "a tensor may be called as a field is"),
        (two("b", "a", '"__metadata__":{"name":"x"},'), ["b", "a"], "__metadata__ is no tensor, nor is what stands in it"),
        (two("b", "a", '"__metadata__":{"a":"{\\"w\\":{}}"},'), ["b", "a"], "metadata may look like a tensor"),
        (two("b", "a", '"__metadata__":{"x":"' + "x" * 70_000 + '"},'), ["b", "a"], "the length of the header is a number of eight bytes"),
        (two('say \\"w\\":{', "床"), ['say "w":{', "床"], "a name may hold quotation marks and braces"),
        (packed("{}"), [], "a file without tensors has no names"),
        (packed(' {"__metadata__":null} '), [], "a file with metadata alone has no names"),
    ]
    for whole, right, why in cases:
        try:
            found = call(names, whole=whole)
        except NotRight as error:
            if len(whole) < 70_000 or not callable(names):
                raise
            raise NotRight(f"{why}: {error}") from None
        if not isinstance(found, (list, tuple)) or not all(isinstance(name, str) for name in found):
            raise NotRight(f"expected a list of texts, got {show(found)}.")
        if list(found) != right:
            raise NotRight(f"{why}: expected {show(right)}, got {show(list(found))}.")
    return f"{len(cases)} files, and no name was lost."


def packed(text, data=b""):
    """A file with this header."""
    text = text.encode()
    return struct.pack("<Q", len(text)) + text + data


def two(first, second, between=""):
    """A file of two tensors; the names as they stand in JSON."""
    return packed(RIGHT.format(a=first, b=second, more=between), bytes(8))


@exercise("24.3", "Write to_float8(values), a function of a float32 array.")
def eight_bits(to_float8):
    """float32 -> the codes of the nearest F8_E4M3."""
    rng = np.random.default_rng()
    table = bits.decode(np.arange(256), "F8_E4M3")
    finite = np.unique(np.abs(table[np.isfinite(table)]))
    ties = (finite[1:] + finite[:-1]) / 2
    spread = rng.standard_normal(200) * 2.0 ** rng.integers(-12, 10, 200)
    cases = {
        "numbers that the type has": finite,
        "numbers beside a tie": np.concatenate([np.nextafter(ties.astype(np.float32), np.float32(s)) for s in (-1e9, 1e9)]),
        "ties, which go to the even code": ties,
        "numbers below the smallest": np.array([0.0, -0.0, 2.0**-11, 2.0**-10, 1.5 * 2.0**-10, 1e-30]),
        "numbers near the end": np.array([447.0, 448.0, 456.0, 463.9, 464.0, 464.1, 480.0, 1e30]),
        "what is infinite or no number": np.array([np.inf, -np.inf, np.nan]),
        "drawn numbers": spread,
        "an array of two dimensions": spread.reshape(20, 10),
    }
    for what, values in cases.items():
        for sign, signed in (("", values), (", negative", -values)):
            values32 = np.asarray(signed, np.float32)
            found = np.asarray(call(to_float8, values=values32.copy()))
            if found.dtype != np.uint8 or found.shape != values32.shape:
                raise NotRight(f"expected uint8 of shape {values32.shape}, got {found.dtype} of shape {found.shape}.")
            right = nearest(values32)
            # of what is no number the sign is free
            wrong = (found != right) & ~(np.isnan(values32) & ((found & 0x7F) == 0x7F))
            if wrong.any():
                at = tuple(np.argwhere(wrong)[0])
                raise NotRight(f"{what}{sign}: {show(float(values32[at]))} has the code {right[at]:#04x}, got {found[at]:#04x}. "
                               + hint(values32[at], int(found[at]), int(right[at]), table))
    return "every tie, every end and every sign."


def nearest(values):
    """The right codes: the nearest of the finite numbers, by comparing with the middle between two."""
    table = bits.decode(np.arange(127), "F8_E4M3")
    size = np.abs(values.astype(np.float64))
    middle = (table[1:] + table[:-1]) / 2
    code = np.searchsorted(middle, size, side="left")
    tie = (code < len(middle)) & (size == middle[np.minimum(code, len(middle) - 1)])
    code = np.where(tie & (code % 2 == 1), code + 1, code)
    code = np.where(np.isnan(size), 0x7F, code)
    return (code | (np.signbit(values) << 7)).astype(np.uint8)


def hint(value, found, right, table):
    """Which mistake gives this code?"""
    if (found ^ right) == 0x80:
        return "The sign is another: it is the first of the eight bits, of a zero too."
    if np.isnan(table[right]):
        return "What is not a number stays none: its code has all bits but the sign set."
    if np.isnan(table[found]) or abs(float(value)) > 448:
        return "The largest number is 448, and all beyond it is to become 448, the infinite too."
    if abs(abs(float(value)) - abs(table[found])) == abs(abs(float(value)) - abs(table[right])):
        return "It lies in the middle of two: the even code is asked for."
    if abs(float(value)) < 2.0**-6 and abs(float(value)) == abs(table[right]):
        return "Below the sixty-fourth the numbers are subnormal: they stand at equal distances."
    return "Another code is nearer: are bits dropped where they should be rounded?"

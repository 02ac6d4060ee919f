"""Mistakes in a reader of headers, each one line of `header.py` written otherwise."""
import types
from pathlib import Path

from labs.tasks.safetensors import header

SOURCE = Path(header.__file__)
# what a reader of this kind does -> (line of header.py, as it is written then)
PLANTED = {
    "trusts the header's length": ("if 8 + length > len(data):", "if False:"),
    "has no limit for the length": ("if length > LARGEST:", "if False:"),
    "takes bytes that are no UTF-8": ('.decode("utf-8")', '.decode("utf-8", "replace")'),
    "lets tensors overlap": ("start != end - begin", "start > end - begin"),
    "lets a hole stand": ("start != end - begin", "start < end - begin"),
    "takes tensors as they come, unsorted": ("key=lambda one: one[1][2:]", "key=lambda one: 0"),
    "does not compare shape and size": ("if stop - start != size:", "if False:"),
    "ignores what follows the tensors": ("if end != file_size:", "if end > file_size:"),
    "counts without an end": ("if count >= 2 ** 64:", "if False:"),
    "looks at the product alone": ("        if count >= 2 ** 64:\n            raise", "    if count >= 2 ** 64:\n        raise"),
    "rounds half bytes down": ("if count % 8:", "if False:"),
    "takes NaN for a number": ('raise ValueError(f"{word} is no JSON")', "return 1"),
    "takes true for 1": ("type(value) is int and", "isinstance(value, int) and"),
    "takes -0 for 0": ('float(n) if finite(n) == "-0" else int(n)', "int(n)"),
    "lets a key come twice": ("sorted(keys) == sorted(FIELDS)", "set(keys) == set(FIELDS)"),
    "keeps the first of two tensors of one name": ("bits) for name, value in header if", "bits) for name, value in reversed(header) if"),
    "takes numbers as metadata": ("all(type(value) is str for", "all(True for"),
    "takes half a character": ("if type(value) is str and any", "if False and any"),
    "counts one bracket too many": ("DEEPEST = 127", "DEEPEST = 128"),
    "follows the written format where the library does more": (
        "if type(dtype) is Pairs and len(dtype) == 1 and dtype[0][1] is None:", "if False:"),
}


def reader(name):
    """A reader with one mistake: the function `by_hand` of `fuzz.py`, made of the changed module.

    Parameters
    ----------
    name : str
        Of `PLANTED`.
    """
    right, wrong = PLANTED[name]
    text = SOURCE.read_text(encoding="utf-8")
    if text.count(right) != 1:
        raise ValueError(f"{name!r}: expected its line once in {SOURCE.name}, found it {text.count(right)} times")
    module = types.ModuleType("header_with_a_mistake")
    exec(compile(text.replace(right, wrong), f"{SOURCE.name}, {name}", "exec"), module.__dict__)

    def by_hand(data, bits):
        try:
            tensors, _ = module.parse(data, bits)
        except module.HeaderError as error:
            return "refused", error.kind
        except Exception as error:
            return "crashed", type(error).__name__
        return "read", {name: (dtype, list(shape), data[start:stop]) for name, (dtype, shape, start, stop) in tensors.items()}
    return by_hand

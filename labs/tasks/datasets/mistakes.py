"""Mistakes in a writer and reader of Arrow, each one line of `arrow.py` written otherwise."""
import sys
import types
from pathlib import Path

from labs.tasks.datasets import arrow

SOURCE = Path(arrow.__file__)
# what a program of this kind does -> (line of arrow.py, as it is written then)
PLANTED = {
    "writes the bits from the left": ('np.packbits(present, bitorder="little")', "np.packbits(present)"),
    "writes one where a row is missing": ("present = np.array([value is not None", "present = np.array([value is None"),
    "writes a bitmap where nothing is missing": ('validity = b"" if present.all() else bits', "validity = bits"),
    "counts characters, not bytes": ("*map(len, texts)]", "*map(len, [value or '' for value in values])]"),
    "forgets the first offset": ("np.cumsum([0, *map(len, texts)])", "np.cumsum([*map(len, texts)])"),
    "writes offsets of eight bytes": ('.astype("<i4")', '.astype("<i8")'),
    "does not fill up to eight bytes": ("bytes(-len(piece) % 8)", "b''"),
    "counts the filling as content": ("spans.append((len(body), len(piece)))", "spans.append((len(body), len(piece) + -len(piece) % 8))"),
    "counts no missing rows": ("sum(value is None for value in values)", "0"),
    "counts empty texts as missing": ("sum(value is None for value in values)", "sum(value is None or value == '' for value in values)"),
    "places buffers after the batch before": ("spans.append((len(body), len(piece)))", "spans.append((sum(n for _, n in spans), len(piece)))"),
    "takes a missing number for 0": ("return [value if here else None for value, here in zip(values, there)]", "return values"),
    "reads the bits from the left": ('count=self.rows, bitorder="little"', "count=self.rows"),
    "reads one offset too far": ("zip(self.offsets[:self.rows], self.offsets[1:self.rows + 1])", "zip(self.offsets[1:self.rows + 1], self.offsets[2:])"),
}


def version(name):
    """The module `arrow` with one mistake.

    Parameters
    ----------
    name : str
        Of `PLANTED`.
    """
    right, wrong = PLANTED[name]
    text = SOURCE.read_text(encoding="utf-8")
    if text.count(right) != 1:
        raise ValueError(f"{name!r}: expected its line once in {SOURCE.name}, found it {text.count(right)} times")
    module = types.ModuleType("arrow_with_a_mistake")
    sys.modules[module.__name__] = module           # a dataclass looks its module up
    try:
        exec(compile(text.replace(right, wrong), f"{SOURCE.name}, {name}", "exec"), module.__dict__)
    finally:
        del sys.modules[module.__name__]
    return module

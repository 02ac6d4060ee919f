"""Names and layouts: what each framework calls the arrays of a model, and the one name that both sides share.

A name of a record is PyTorch's own, with three exceptions that PyTorch itself has two forms of: the fused
`in_proj_weight` of attention is three arrays (`q_proj.weight` ...), a parametrisation has its old name
(`weight_g`, `weight_v`, `weight_orig`), and tied weights have the name of the embedding.
"""
import difflib
import functools
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from labs.parity.errors import ParityError

ATTRIBUTE = "parity_names"      # where a model carries its user's own map
SPLIT = ("q_proj", "k_proj", "v_proj")
OLD_NAMES = (                   # PyTorch's other forms of a name: (pattern, name of the record)
    (r"parametrizations\.(\w+)\.original0$", r"\1_g"),
    (r"parametrizations\.(\w+)\.original1$", r"\1_v"),
    (r"parametrizations\.(\w+)\.original$", r"\1_orig"),
    (r"parametrizations\.(\w+)\.0\._([uv])$", r"\1_\2"),
    (r"\b([qkv]_proj)_weight$", r"\1.weight"),
    (r"_mean$(?<!running_mean)", "running_mean"),
    (r"(?<![a-z])_variance$", "running_var"),
)


@dataclass(frozen=True)
class Entry:
    """One array of a model as a record shows it.

    Attributes
    ----------
    name : str
        In the record.
    own : str
        In the framework.
    tensor : object
        The parameter or buffer.
    kind : {"trained", "frozen", "state"}
        State is what no optimizer moves: running statistics.
    shape : tuple of int
        In the record.
    turned : bool
        The framework stores the transpose.
    rows : tuple of int, optional
        First and last row, where the framework keeps several arrays of the record in one.
    embedding : bool
        It belongs to an embedding, whose name tied weights take.
    also : tuple of str
        Its other names, where it is tied.
    """
    name: str
    own: str
    tensor: object
    kind: str
    shape: tuple
    turned: bool = False
    rows: tuple | None = None
    embedding: bool = False
    also: tuple = ()

    def take(self, whole: np.ndarray) -> np.ndarray:
        """The record's array out of the framework's."""
        seen = whole.T if self.turned else whole
        return np.ascontiguousarray((seen[slice(*self.rows)] if self.rows else seen).reshape(self.shape))

    def put(self, whole: np.ndarray, value: np.ndarray) -> np.ndarray:
        """The framework's array with the record's written into it."""
        whole = np.array(whole)
        seen = whole.T if self.turned else whole
        part = seen[slice(*self.rows)] if self.rows else seen
        part[...] = np.asarray(value).reshape(part.shape)
        return whole


def entry(name: str, own: str, tensor, kind: str, turned: bool = False, shape: tuple | None = None,
          embedding: bool = False) -> Entry:
    """An entry, its shape read from the tensor where the layer does not say otherwise."""
    plain = tuple(tensor.shape)[::-1] if turned else tuple(tensor.shape)
    return Entry(name, own, tensor, kind, plain if shape is None else tuple(shape), turned, None, embedding)


def attach(model, mapping):
    """Give a model its user's own map; all that loads, records and compares reads it.

    Parameters
    ----------
    model : torch.nn.Module or paddle.nn.Layer
    mapping : dict or callable
        From the model's names to those of the other side. In a dict a name may hold `*` (any text, taken over into
        the `*` of the value); a value that ends in `.T` is the transpose; a tuple of names cuts the rows into equal
        parts. A callable gets a name and returns a name, a tuple, or None for no change.

    Returns
    -------
    The model.
    """
    if not (callable(mapping) or isinstance(mapping, dict)):
        raise ParityError(f"names: expected a dict or a function from this model's names to the other side's, got "
                          f"{type(mapping).__name__}")
    object.__setattr__(model, ATTRIBUTE, mapping)
    return model


def entries(model, driver) -> dict:
    """The arrays of a model by the record's names: the driver's own, then the user's map, then one name for tied ones.

    Raises
    ------
    ParityError
        A line of the user's map fits no name, or two arrays got one name.
    """
    found, mapping = driver.entries(model), getattr(model, ATTRIBUTE, None)
    if mapping is not None:
        rule = mapping if callable(mapping) else by_pattern(mapping, [one.name for one in found])
        found = [made for one in found for made in renamed(one, rule(one.name))]
    together = {}
    for one in found:
        together.setdefault((id(one.tensor), one.rows), []).append(one)
    chosen = [the_one(same) for same in together.values()]
    twice = sorted(name for name, times in Counter(one.name for one in chosen).items() if times > 1)
    if twice:
        raise ParityError(f"names: {', '.join(twice)} is the name of two arrays of the {driver.NAME} model")
    return {one.name: one for one in chosen}


def the_one(same: list) -> Entry:
    """Of the names of one tensor the embedding's, else the first in the alphabet: the same on both sides."""
    if len(same) == 1:
        return same[0]
    best = min(same, key=lambda one: (not one.embedding, one.name))
    return replace(best, also=tuple(one.name for one in same if one.name != best.name))


def by_pattern(mapping: dict, names: list) -> Callable:
    """A rule out of a dict, whose keys may hold `*`; every key must fit a name."""
    rules = [(re.compile(".*".join(f"{re.escape(part)}" for part in key.split("*")).replace(".*", "(.*)") if "*" in key
                         else re.escape(key)), value) for key, value in mapping.items()]
    for (pattern, _), key in zip(rules, mapping):
        if not any(pattern.fullmatch(name) for name in names):
            near = difflib.get_close_matches(key, names, 3, 0.3)
            raise ParityError(f"names: {key!r} fits no array of this model" + (f"; near it are {', '.join(near)}" if near else ""))

    def rule(name: str):
        for pattern, value in rules:
            fits = pattern.fullmatch(name)
            if fits:
                return filled(value, fits.groups())
        return None
    return rule


def filled(value, texts: tuple):
    """A value of the map with what its `*` stood for."""
    if isinstance(value, tuple):
        return tuple(filled(one, texts) for one in value)
    for text in texts:
        value = value.replace("*", text, 1)
    return value


def renamed(one: Entry, value) -> list:
    """An entry under the user's name; several, where the value is a tuple."""
    if value is None:
        return [one]
    if isinstance(value, tuple):
        if not one.shape or one.shape[0] % len(value):
            raise ParityError(f"names: {one.own} of shape {one.shape} cannot be cut into {len(value)} equal parts")
        return [made for name, part in zip(value, parts(one, len(value))) for made in renamed(part, name)]
    if value.endswith(".T"):
        if len(one.shape) != 2 or one.rows:
            raise ParityError(f"names: {one.own} of shape {one.shape} has no transpose to give to {value!r}")
        return [replace(one, name=value[:-2], turned=not one.turned, shape=one.shape[::-1])]
    return [replace(one, name=value)]


def parts(one: Entry, count: int) -> list:
    """An entry cut into equal parts of its rows."""
    size, first = one.shape[0] // count, one.rows[0] if one.rows else 0
    return [replace(one, shape=(size, *one.shape[1:]), rows=(first + at * size, first + (at + 1) * size)) for at in range(count)]


def attention(one: Entry) -> list:
    """A fused `in_proj_weight` or `in_proj_bias` as its three arrays; any other entry as it is."""
    path, _, last = one.name.rpartition(".")
    if last not in ("in_proj_weight", "in_proj_bias") or one.shape[0] % 3:
        return [one]
    kind = last.removeprefix("in_proj_")
    return [replace(part, name=f"{path}.{name}.{kind}".lstrip(".")) for name, part in zip(SPLIT, parts(one, 3))]


@functools.lru_cache(maxsize=65536)         # a ladder asks for every array's name at every look
def record_name(name: str) -> str:
    """The record's name of an array that PyTorch, or Paddle, calls by another of its names."""
    for pattern, new in OLD_NAMES:
        name = re.sub(pattern, new, name)
    return name


def settled(weights, known: dict):
    """Weights under the record's names, whatever form of them came: a state dict, fused attention, tied copies.

    Parameters
    ----------
    weights : mapping of str to array
        NumPy arrays, or PyTorch tensors as a `state_dict()` has them.
    known : dict of str to Entry
        What the model has; a name that is there already is left alone.

    Raises
    ------
    ParityError
        They are no mapping, or Paddle's tensors, whose layout no name tells, or tied copies that differ.
    """
    if not hasattr(weights, "keys"):
        raise ParityError(f"weights: expected a dict of arrays by name, got {type(weights).__name__}; "
                          "of a model, labs.parity.weights_of(model) makes one")
    if hasattr(weights, "shape") or all(n in known and isinstance(w, np.ndarray) for n, w in weights.items()):
        return weights          # as they are; the door's models are read one array at a time
    tied, made = {other: name for name, one in known.items() for other in one.also}, {}
    for own, value in weights.items():
        array, name = as_array(own, value), tied.get(own, own)
        if own.endswith("num_batches_tracked"):
            continue
        whole = Entry(name if name in known else record_name(name), own, None, "trained", array.shape)
        for part in [whole] if name in known else attention(whole):
            array_of_part, fits = part.take(array), known.get(part.name)
            if fits is not None and squeezed(fits.shape) == squeezed(part.shape):
                array_of_part = array_of_part.reshape(fits.shape)
            one = tied.get(part.name, part.name)
            if one in made and not np.array_equal(made[one], array_of_part):
                raise ParityError(f"weights: {own} and {one} are one array of the model, and the weights have two")
            made[one] = array_of_part
    return made


def squeezed(shape) -> tuple:
    """A shape without its ones."""
    return tuple(size for size in shape if size != 1)


def as_array(name: str, value) -> np.ndarray:
    """A NumPy array out of an array or a PyTorch tensor."""
    if isinstance(value, np.ndarray) or np.isscalar(value):
        return np.asarray(value)
    home = type(value).__module__.split(".")[0]
    if home == "torch":
        from labs.parity import torch_driver
        return torch_driver.to_numpy(value)
    if home == "paddle":
        raise ParityError(f"weights: {name} is a tensor of Paddle, and a state_dict() does not say which of its weights are "
                          "stored transposed; hand over labs.parity.weights_of(model)")
    raise ParityError(f"weights: expected {name} as a NumPy array, got {type(value).__name__}")


def unmatched(sides: tuple, first: dict, second: dict) -> str:
    """What does not match between two models' shapes, in words: each name with its candidates, and the line that maps it.

    Parameters
    ----------
    sides : pair of str
        What they are, such as "the weights" and "the Paddle model".
    first, second : dict of str to tuple
        Shapes by name; `second` is the one whose names a map would change.
    """
    left = {name: shape for name, shape in first.items() if name not in second}
    right = {name: shape for name, shape in second.items() if name not in first}
    paired, said = dict(pairs_in_order(left, right)), []
    for name in list(right)[:6]:
        likely = candidates(name, right[name], left)
        said.append(f"{name} {right[name]}: in {sides[1]}, not in {sides[0]}"
                    + (f"; of that shape there {'are' if likely[1:] else 'is'} {', '.join(likely[:3])}" if likely else "")
                    + (f"; to map it: names = {{{name!r}: {paired[name]!r}}}" if name in paired else ""))
    used = {other.removesuffix(".T") for other in paired.values()}
    said += [f"{name} {left[name]}: in {sides[0]}, not in {sides[1]}" for name in left if name not in used][:6]
    more = max(0, len(right) - 6)
    return "\n  ".join(said) + (f"\n  and {more} more: labs.parity.by_order(first, second) writes the whole map" if more else "")


def candidates(name: str, shape: tuple, others: dict) -> list:
    """Names of the other side that an unmatched one may mean: of the same shape or its transpose, the likest first."""
    fits = [other for other, has in others.items() if tuple(has) in (tuple(shape), tuple(shape)[::-1])]
    return sorted(fits, key=lambda other: -difflib.SequenceMatcher(None, name, other).ratio())


def pairs_in_order(first: dict, second: dict):
    """Pairs (name of the second, name of the first): of one shape, in order; then of transposed shapes."""
    waiting, later = {}, []
    for name, shape in first.items():
        waiting.setdefault(tuple(shape), []).append(name)
    for name, shape in second.items():
        if waiting.get(tuple(shape)):
            yield name, waiting[tuple(shape)].pop(0)
        else:
            later.append((name, shape))
    for name, shape in later:
        if len(shape) == 2 and waiting.get(tuple(shape)[::-1]):
            yield name, waiting[tuple(shape)[::-1]].pop(0) + ".T"

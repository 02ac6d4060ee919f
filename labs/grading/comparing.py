"""Hold an answer against the right one: what differs, where first, by how much."""

import reprlib
from dataclasses import dataclass

import numpy as np

TOLERANCE = {
    "float64": 1e-9,
    "complex128": 1e-9,
    "float32": 1e-4,
    "complex64": 1e-4,
    "float16": 5e-3,
}


@dataclass(frozen=True)
class Difference:
    """Why an answer is not right.

    Attributes
    ----------
    kind : str
        "type", "dtype", "shape" or "value".
    says : str
        A sentence without its full stop.
    """

    kind: str
    says: str


def compare(right, answer, call=None) -> Difference | None:
    """Hold an answer against the right one.

    Floats agree within a tolerance relative to the largest right entry; everything else must be
    equal. Lists and
    tuples are one kind, and so is an array of integers where a list is right.

    Returns
    -------
    Difference or None
        None where they agree.
    """
    parts, axes = (call.parts, call.axes) if call else ((), ())
    tolerance = call.tolerance if call else None
    if parts and isinstance(right, tuple):
        if not isinstance(answer, (tuple, list)) or len(answer) != len(parts):
            return Difference(
                "type", f"expected {len(parts)} values ({', '.join(parts)}), got {show(answer)}"
            )
        pairs = [(part, *both) for part, *both in zip(parts, right, answer)]
    else:
        pairs = [("", right, answer)]
    for part, wanted, got in pairs:
        try:
            found = _compare(wanted, got, (), axes, tolerance)
        except (ArithmeticError, ValueError, TypeError, RecursionError, MemoryError) as error:
            # numbers beyond all floats, text that is no UTF-8: wrong, and no reason to stop a batch
            found = Difference("type", f"it cannot be compared ({type(error).__name__})")
        if found:
            return Difference(found.kind, f"`{part}`: {found.says}" if part else found.says)
    return None


def _compare(right, answer, at, axes, tolerance):
    if isinstance(right, np.ndarray):
        return _arrays(right, answer, at, axes, tolerance)
    if isinstance(answer, np.ndarray):
        if isinstance(right, (list, tuple)) and answer.dtype.kind in "iub" or answer.ndim == 0:
            answer = answer.tolist()
        else:
            return Difference(
                "type", f"{_where(at, axes)}expected {_kind(right)}, got an array of {answer.dtype}"
            )
    if isinstance(right, (list, tuple)):
        return _sequences(right, answer, at, axes, tolerance)
    if isinstance(right, dict):
        return _dicts(right, answer, at, axes, tolerance)
    number = isinstance(right, (int, float)) and not isinstance(right, bool)
    if isinstance(right, float):
        fits = isinstance(answer, (int, float)) and not isinstance(answer, bool)
    else:
        fits = type(right) is type(answer)
    if not fits:
        return Difference(
            "type",
            f"{_where(at, axes)}expected {_kind(right)} {show(right)}, got {_kind(answer)} {show(answer)}",
        )
    if isinstance(right, float):
        gap = abs(answer - right)
        if (
            right == answer
            or gap <= (tolerance or TOLERANCE["float64"]) * abs(right)
            or right != right
            and answer != answer
        ):
            return None
        return Difference(
            "value",
            f"{_where(at, axes)}expected {right:.7g}, got {answer:.7g}{_by(gap, abs(right))}",
        )
    if right != answer:
        by = f", off by {answer - right:+d}" if number and abs(answer - right) < 10**9 else ""
        return Difference(
            "value", f"{_where(at, axes)}expected {show(right)}, got {show(answer)}{by}"
        )
    return None


def _sequences(right, answer, at, axes, tolerance):
    if not isinstance(answer, (list, tuple)):
        return Difference(
            "type", f"{_where(at, axes)}expected a list, got {_kind(answer)} {show(answer)}"
        )
    differ = [
        (i, found)
        for i, both in enumerate(zip(right, answer))
        if (found := _compare(*both, (*at, i), axes, tolerance))
    ]
    if not differ and len(right) == len(answer):
        return None
    agree = min(len(right), len(answer)) - len(differ)
    lengths = f"expected {len(right)} entries, got {len(answer)}"
    if not differ:
        more = answer[len(right) :] if len(answer) > len(right) else right[len(answer) :]
        what = "the first one too many" if len(answer) > len(right) else "the first one missing"
        return Difference(
            "shape",
            f"{_where(at, axes)}{lengths}; the first {agree} agree, {what} is {show(more[0])}",
        )
    first = differ[0][1]
    counted = f" ({agree} of {len(right)} agree)" if len(right) == len(answer) else f" ({lengths})"
    return Difference(first.kind, first.says if at else first.says + counted)


def _dicts(right, answer, at, axes, tolerance):
    if not isinstance(answer, dict):
        return Difference(
            "type", f"{_where(at, axes)}expected a dict, got {_kind(answer)} {show(answer)}"
        )
    missing = [key for key in right if key not in answer]
    extra = [key for key in answer if key not in right]
    if missing or extra:
        said = [f"without the key {show(key)}" for key in missing[:1]] + [
            f"with a key {show(key)} too many" for key in extra[:1]
        ]
        return Difference(
            "value",
            f"{_where(at, axes)}the dict comes {' and '.join(said)} "
            f"(expected {len(right)} keys, got {len(answer)})",
        )
    for key in right:
        found = _compare(right[key], answer[key], (*at, key), axes, tolerance)
        if found:
            return found
    return None


def _arrays(right, answer, at, axes, tolerance):
    place = _where(at, axes)
    if not isinstance(answer, np.ndarray):
        scalar = (
            right.ndim == 0 and isinstance(answer, (int, float)) and not isinstance(answer, bool)
        )
        if not scalar:
            return Difference(
                "type",
                f"{place}expected an array of {right.dtype} in shape {right.shape}, got {_kind(answer)} {show(answer)}",
            )
        answer = np.asarray(answer, right.dtype)
    if right.shape != answer.shape:
        return Difference("shape", f"{place}expected shape {right.shape}, got {answer.shape}")
    same = right.dtype.kind == answer.dtype.kind and (
        right.dtype.kind not in "fc" or right.dtype == answer.dtype
    )
    if not (same or {right.dtype.kind, answer.dtype.kind} == set("iu")):
        return Difference("dtype", f"{place}expected {right.dtype}, got {answer.dtype}")
    if right.size == 0:
        return None
    if right.dtype.kind not in "fc":
        wrong = right != answer
        if not wrong.any():
            return None
        first = tuple(int(i) for i in np.argwhere(wrong)[0])
        return Difference(
            "value",
            f"{_where((*at, *first), axes)}expected {show(right[first].item())}, got "
            f"{show(answer[first].item())} ({int(wrong.sum())} of {right.size} entries differ)",
        )
    return _floats(right, answer, at, axes, tolerance or TOLERANCE.get(str(right.dtype), 1e-9))


def _floats(right, answer, at, axes, tolerance):
    wide = np.result_type(right.dtype, np.float64)
    right, answer = right.astype(wide), answer.astype(wide)
    special = ~np.isfinite(right)  # where the right answer is infinite or NaN, so must this one be
    finite = np.where(special, 0, right)
    scale = float(np.abs(finite).max(initial=0.0))
    with np.errstate(invalid="ignore", over="ignore"):
        gaps = np.abs(answer - right)
        agrees = np.where(
            special,
            (right == answer) | (np.isnan(right) & np.isnan(answer)),
            gaps <= tolerance * scale,
        )
    if agrees.all():
        return None
    first = tuple(int(i) for i in np.argwhere(~agrees)[0])
    bad = int((~np.isfinite(answer) & ~special).sum())
    if bad:
        return Difference(
            "value",
            f"{_where((*at, *first), axes)}expected {right[first]:.6g}, got {answer[first]:.6g} "
            f"({bad} of {right.size} entries are NaN or infinite)",
        )
    worst = float(gaps[~special].max(initial=0.0)) if not special.all() else float("nan")
    return Difference(
        "value",
        f"{_where((*at, *first), axes)}expected {right[first]:.6g}, got {answer[first]:.6g}; at worst"
        f"{_by(worst, scale).removeprefix(',')} ({int((~agrees).sum())} of {right.size} entries differ)",
    )


def _by(gap, scale):
    of = f", {gap / scale:.2g} of the right answer's largest entry" if scale else ""
    return f", off by {gap:.3g}{of}"


def _where(at, axes):
    """A path into an answer, in words: "merge 3, entry 0: "; nothing at the top."""
    if not at:
        return ""
    named, left = [], list(axes)
    for each in at:
        if isinstance(each, str) and each.isidentifier():
            named.append(f"`{each}`")  # a named part of the answer takes no axis
        else:
            axis = left.pop(0) if left else "entry"
            named.append(f"{axis} {each if isinstance(each, int) else show(each)}")
    return ", ".join(named) + ": "


def _kind(value):
    names = {
        "str": "text",
        "NoneType": "nothing:",
        "int": "the integer",
        "float": "the number",
        "bool": "the truth value",
    }
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} in shape {value.shape}:"
    return names.get(type(value).__name__, f"a {type(value).__name__}")


def show(value, limit: int = 60) -> str:
    """A value in few characters."""
    short = reprlib.Repr()
    short.maxstring = short.maxother = limit
    short.maxlist = short.maxtuple = short.maxdict = 4
    return short.repr(value)

"""What is called on top of the student's names: a layer that gets its text in pieces, and views."""

import numpy as np


def _array(value, what):
    """An array of what may be a tensor."""
    if callable(getattr(value, "detach", None)):
        value = value.detach().cpu().numpy()
    if not isinstance(value, np.ndarray):
        raise TypeError(f"{what} is no array or tensor but a {type(value).__name__}")
    return value


def _pieces(student, x, weights, settings, lengths, look=lambda cache: None):
    """The answers to the pieces of a text, one behind the other; `look` is shown the cache."""
    cache, made, at = student.Cache(settings["window"]), [], 0
    for length in lengths:
        piece = x[:, at : at + length].copy()
        made.append(_array(student.layer(piece, weights, settings, cache), "what layer returns"))
        look(cache)
        at += length
    return np.concatenate(made, axis=1)


def layer_in_pieces(student, x, weights, settings, lengths):
    """The layer with a cache, on pieces of these lengths."""
    return _pieces(student, x, weights, settings, lengths)


def layer_of_two_texts(student, one, other, weights, settings):
    """Two texts token by token in turn, each with a cache of its own."""
    caches = [student.Cache(settings["window"]) for _ in range(2)]
    made = [[], []]
    for t in range(one.shape[1]):
        for x, cache, answers in zip((one, other), caches, made):
            y = student.layer(x[:, t : t + 1].copy(), weights, settings, cache)
            answers.append(_array(y, "what layer returns"))
    return tuple(np.concatenate(answers, axis=1) for answers in made)


def _numbers(value):
    """How many numbers stand in the arrays and tensors of a value."""
    if isinstance(value, dict):
        return sum(map(_numbers, value.values()))
    if isinstance(value, (list, tuple)):
        return sum(map(_numbers, value))
    return int(np.prod(tuple(value.shape))) if hasattr(value, "shape") else 0


def layer_and_cache(student, x, weights, settings, lengths):
    """As `layer_in_pieces`, and what the cache held after each: (answers, list of words)."""
    batch, heads, window = x.shape[0], settings["kv_heads"], settings["window"]
    size, said, held = weights["k_proj"].shape[0] // heads, [], []

    def look(cache):
        shapes = [tuple(_array(getattr(cache, name), f"cache.{name}").shape) for name in "kv"]
        right = f"({batch}, {heads}, at most {window}, {size})"
        fit = all(
            len(shape) == 4
            and (*shape[:2], shape[3]) == (batch, heads, size)
            and shape[2] <= window
            for shape in shapes
        )
        held.append(_numbers(getattr(cache, "__dict__", {})))
        # tokens one by one, and more than two windows of them: nothing is left to be filled
        full = sum(lengths[: len(held) - 1]) > 2 * window and set(
            lengths[len(held) - 2 : len(held)]
        ) == {1}
        if fit and full and held[-1] > held[-2]:
            said.append(f"{held[-1]} numbers, one token before {held[-2]}: something grows")
        else:
            said.append(right if fit else " and ".join(map(str, shapes)))

    return _pieces(student, x, weights, settings, lengths, look), said


def rotate_view(student, x, positions, rotary):
    """RoPE of a view: x comes as (B, T, H, D) and is handed over with two axes swapped."""
    return student.rotate(x.swapaxes(1, 2), positions, rotary)


def attend_views(student, q, k, v, q_positions, k_positions, window):
    """Attention of views, likewise."""
    return student.attend(
        *(each.swapaxes(1, 2) for each in (q, k, v)), q_positions, k_positions, window
    )

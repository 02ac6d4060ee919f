"""The checks of chapter 25."""
import numpy as np

from labs import parity
from labs.exercises import NotRight, arrays, as_array, call, exercise, number, port

WIDTH, INNER, LAYERS = 384, 1536, 6     # MiniLM's config
ONE = 4 * (WIDTH * WIDTH + WIDTH) + 2 * WIDTH * INNER + INNER + WIDTH + 4 * WIDTH


@exercise("25.1", "Put a number in place of None.")
def pencil(answer):
    """The bank's value where the river's key is ln 11."""
    number(answer, (2 * 4 + 11 * 10) / 16, {
        (2 * 4 + 11 * 10) / 10: "the sum of the powers has changed too: divide by the new one",
        5.8: "that is the old value",
        2 * 4 + 11 * 10: "divide by the sum of the powers",
        2.8: "that is the mean of all: bank asks, so it does not weigh all alike",
        (4 * np.log(2) + 10 * np.log(11)) / np.log(22): "the powers are the numbers themselves, not their logarithms",
        (2 * 4 + 11 * 10) / 13: "the other three words have powers too: one each"},
        "the powers are 1, 2, 1, 1 and 11", tolerance=1e-4)
    return "118 / 16 = 7.375: the easier the river is found, the wetter the bank."


@exercise("25.2", "Put a number in place of None.")
def one_layer(answer):
    """Weights of one layer of MiniLM."""
    biases = 4 * WIDTH + INNER + WIDTH
    number(answer, ONE, {
        ONE - 4 * WIDTH: "the two norms are missing: each has a scale and a shift for each column",
        ONE - 2 * WIDTH: "that is one norm; there are two",
        ONE - biases: "the dense layers have biases",
        ONE - WIDTH * WIDTH - WIDTH: "attention has four dense layers: queries, keys, values and the way out",
        4 * (WIDTH * WIDTH + WIDTH): "that is attention; the two dense layers behind it and the norms are missing",
        LAYERS * ONE: f"that is all {LAYERS} layers",
        ONE - 4 * WIDTH - biases: "biases and norms are missing"},
        "four dense layers of attention, two of the rest, two norms, all with biases")
    return f"{ONE:,}: attention a third, the two dense layers two thirds."


@exercise("25.3", "Write pooled(x, mask).")
def mean_of_tokens(pooled):
    """Mean over the tokens, scaled to length one; padding anywhere, one text of one token."""
    rng = np.random.default_rng()
    mask = np.array([[1, 1, 1, 0, 0, 0], [0, 0, 1, 1, 1, 1], [1, 1, 1, 1, 1, 1], [0, 0, 0, 0, 0, 1]])
    cases = {"three columns": (rng.normal(size=(4, 6, 3)) + 1, mask), "one column less": (rng.normal(size=(4, 6, 2)) - 1, mask)}
    found = {name: call(pooled, x=x.copy(), mask=m.copy()) for name, (x, m) in cases.items()}

    def made(**mistake):
        return lambda: {name: _pooled(*case, **mistake) for name, case in cases.items()}
    arrays(found, made()(), {
        "Padding is in the mean: multiply by the mask first": made(padding=True),
        "Scale each text's row to length one": made(length=False),
        "That is the first token, [CLS]": made(cls=True),
        "Padding is in the count, or the rows are scaled before the mean: each token counts alike": made(tokens_first=True),
        "That is the sum over the texts, too: keep one row a text": lambda: {
            n: np.broadcast_to(_pooled(*c).sum(0), _pooled(*c).shape) for n, c in cases.items()},
        "The sign is wrong": lambda: {n: -_pooled(*c) for n, c in cases.items()},
        "The mask is the wrong way round: 1 is a token": made(inverted=True)},
        "Sum the rows where the mask is 1, divide by their number, divide by the length")
    return "equal, with padding on the right, on the left and nowhere."


def _pooled(x, mask, padding=False, length=True, cls=False, tokens_first=False, inverted=False):
    mask = 1 - mask if inverted else np.ones_like(mask) if padding else mask
    if tokens_first:
        x = x / np.linalg.norm(x, axis=-1, keepdims=True)
    row = x[:, 0] if cls else (x * mask[..., None]).sum(1) / np.maximum(mask.sum(1, keepdims=True), 1)
    return row / np.maximum(np.linalg.norm(row, axis=1, keepdims=True), 1e-300) if length else row


@exercise("25.4", "Write attention(q, k, v, mask).")
def one_head(attention):
    """Attention of one head in NumPy, with hidden places, an odd size, and loud scores."""
    rng = np.random.default_rng()
    mask = np.array([0, 1, 1, 0, 1, 1, 0])
    cases = {}
    for name, size, loud in (("D = 4", 4, 1.0), ("D = 9", 9, 1.0), ("scores in the thousands", 4, 60.0)):
        q, k, v = rng.normal(size=(3, 7, size))
        cases[name] = (loud * q, loud * k, v, mask)
    found = {}
    for name, case in cases.items():
        with np.errstate(all="ignore"):
            answer = call(attention, **dict(zip(("q", "k", "v", "mask"), (one.copy() for one in case))))
        try:
            found[name] = as_array(answer, name)
        except NotRight as reason:
            if name == "scores in the thousands":
                raise NotRight(f"{reason} The exponential overflows: take each row's largest score out first.") from None
            raise

    def made(**mistake):
        return lambda: {name: _attention(*case, **mistake) for name, case in cases.items()}
    arrays(found, made()(), {
        "Hidden places are seen: the mask is not used": made(hide=False),
        "The scores are not divided by the root of D": made(power=0),
        "The scores are divided by D, not by its root": made(power=1),
        "The mask is the wrong way round: 1 is a token": made(inverted=True),
        "Softmax runs over the wrong axis": made(axis=0),
        "A hidden place is taken out after the softmax, so the weights no longer add up to one": made(after=True),
        "Queries and keys are exchanged": lambda: {n: _attention(k, q, v, m) for n, (q, k, v, m) in cases.items()},
        "The mask is added to the scores as 0 and 1": made(added=True)},
        "Scores q k / sqrt(D), minus infinity where hidden, softmax over each row, times v")
    return "equal, with hidden places at the edges and inside, and where exp would overflow."


def _attention(q, k, v, mask, hide=True, power=0.5, inverted=False, axis=-1, after=False, added=False):
    scores = q @ k.T / q.shape[1] ** power
    seen = (mask == (0 if inverted else 1))
    if added:
        scores = scores + mask
    elif hide and not after:
        scores = np.where(seen, scores, -np.inf)
    with np.errstate(all="ignore"):
        top = scores.max(axis, keepdims=True)
        powers = np.exp(scores - np.where(np.isfinite(top), top, 0))
        weights = powers / powers.sum(axis, keepdims=True)
    return np.nan_to_num(weights * (seen if after else 1)) @ v


@exercise("25.5", "Write the class HalfLayer, a paddle.nn.Layer, from PyTorch's beside it.")
def half_layer(theirs):
    """Port half of a post-norm layer to Paddle; the ladder decides."""
    batches = [0.5 * np.random.default_rng(n).normal(size=(2, 3, 8)).astype("float32") for n in range(3)]
    ladder = port(theirs, given(), batches, {
        "GELU is the approximation by tanh; the one above is exact": given(approximate="tanh"),
        "the activation is ReLU; it should be GELU": given(relu=True),
        "the norm stands before the dense layers: that is pre-norm": given(order="pre"),
        "what is added is normalised, not the sum": given(order="inside"),
        "the sum with x is missing": given(order="no sum"),
        "the epsilon is another": given(epsilon=1e-5)})
    return f"green on all {len(parity.RUNGS)} rungs, {ladder.parameters} parameters."


def given(approximate="none", relu=False, order="post", epsilon=2.0**-12):
    """The model that the page shows, in PyTorch, and what becomes of it with a mistake."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    class HalfLayer(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Linear(8, 12)
            self.outer = nn.Linear(12, 8)
            self.norm = nn.LayerNorm(8, eps=epsilon)

        def forward(self, x):                   # (B, T, 8)
            y = self.inner(self.norm(x) if order == "pre" else x)
            y = self.outer(torch.relu(y) if relu else F.gelu(y, approximate=approximate))
            return {"post": lambda: self.norm(x + y), "pre": lambda: x + y, "inside": lambda: x + self.norm(y),
                    "no sum": lambda: self.norm(y)}[order]()
    return HalfLayer

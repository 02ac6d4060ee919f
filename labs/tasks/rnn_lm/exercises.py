"""The checks of chapter 8."""

import numpy as np

from labs import parity
from labs.exercises import NotRight, arrays, as_array, call, exercise, number, port, show

WORDS, UNITS = 10_000, 650


@exercise("8.1", "Put a number in place of None.")
def parameter_count(answer):
    """How many parameters has Zaremba's medium model, 10,000 words and 650 units in two layers?"""

    def count(words=WORDS, units=UNITS, layers=2, gates=4, biases=2, tables=2, last=1):
        return (
            layers * (gates * units * 2 * units + biases * gates * units)
            + tables * words * units
            + last * words
        )

    right, layer = count(), count(tables=0, last=0, layers=1)
    number(
        answer,
        right,
        {
            count(biases=1): "both frameworks keep two biases a layer",
            count(biases=0): "each layer has two biases",
            count(last=0): "the last layer has a bias",
            count(biases=1, last=0): "biases: two in each layer, one in the last",
            count(tables=1): "the words stand in two layers: in the embedding and in the last one",
            count(layers=1): "there are two layers of LSTM",
            count(gates=1): "an LSTM has four gates",
            count(gates=3): "an LSTM has four gates; three are a GRU's",
            count(units=200): "that is the small model; the medium one has 650 units",
        },
        "count four gates, each with two weights and two biases, and what touches the words",
    )
    return f"Two layers of {layer:,}; what touches the words has {2 * WORDS * UNITS + WORDS:,}."


@exercise("8.2", "Put a number in place of None.")
def mixed_perplexity(answer):
    """The perplexity of a model that gives 1/2 to one half of the tokens, 1/32 to the other."""
    number(
        answer,
        8,
        {
            17: "that is the mean of 2 and 32; the logarithms are averaged",
            64 / 17: "that is one over the mean probability; the logarithms are averaged",
            3: "that is the mean in bits; take 2 to its power",
            np.log(8): "that is the mean in nats; take the exponential",
            64: "the logarithms are averaged, not added",
            1 / 8: "that is the probability; turn it round",
        },
        "average the logarithms of 2 and 32, then take the exponential",
        tolerance=1e-5,
    )
    return "the geometric mean of 2 and 32. One token in two decides how bad it is."


@exercise("8.3", "Write to_lod(padded, lengths), which returns tokens and offsets.")
def to_lod(function):
    """From padded (T, B) and lengths to Fluid's form: tokens end to end (N,), offsets (B + 1,)."""
    rng, cases = np.random.default_rng(), []
    # first lengths that stand in no order, so that who sorts the sequences is seen in each draw
    for lengths in ([4, 7, 2], rng.integers(1, 8, 5), rng.integers(1, 8, 2)):
        lengths = np.array(lengths)
        # word 0 is a word like others, and what pads is no zero: only the lengths tell them apart
        padded = rng.integers(0, 4, (lengths.max() + 2, len(lengths)))
        padded[0] = 0
        padded[1] = [1, 2, 3, 4, 5][: len(lengths)]  # and no two sequences are one
        cases.append((padded, lengths))
    found = {}
    for n, (padded, lengths) in enumerate(cases, 1):
        answer = call(function, padded=padded, lengths=lengths)
        if not isinstance(answer, (tuple, list)) or len(answer) != 2:
            raise NotRight(f"expected the tokens and the offsets, got {show(answer)}.")
        for name, each in zip(("tokens", "offsets"), answer):
            found[f"{name} of batch {n}"] = as_array(each, f"the {name} of batch {n}")

    def made(form):
        def run():
            pairs = [form(padded, lengths) for padded, lengths in cases]
            return {
                f"{name} of batch {n}": np.asarray(each)
                for n, pair in enumerate(pairs, 1)
                for name, each in zip(("tokens", "offsets"), pair)
            }

        return run

    def offsets(lengths):
        return np.array([0, *np.cumsum(lengths)])

    def by_length(lengths):
        return np.argsort(-lengths, kind="stable")

    misses = {
        "Zeros were dropped, but 0 is a word: only the lengths say where a sequence ends": made(
            lambda p, n: (p.T[p.T != 0], offsets((p != 0).sum(0)))
        ),
        "Zeros were dropped from the tokens, but 0 is a word: only the lengths say where a sequence ends": made(
            lambda p, n: (p.T[p.T != 0], offsets(n))
        ),
        "The padding is still there: the lengths say where a sequence ends": made(
            lambda p, n: (p.T.ravel(), offsets(n))
        ),
        "The tokens go row by row; the columns of `padded` are the sequences": made(
            lambda p, n: (p[np.arange(len(p))[:, None] < n], offsets(n))
        ),
        "The sequences stand in another order: keep that of the columns": made(
            lambda p, n: (_tokens(p[:, by_length(n)], n[by_length(n)]), offsets(n[by_length(n)]))
        ),
        "The offsets begin with 0": made(lambda p, n: (_tokens(p, n), np.cumsum(n))),
        "These are the lengths; offsets are their running sums": made(
            lambda p, n: (_tokens(p, n), n)
        ),
        "The last offset, the number of all tokens, is missing": made(
            lambda p, n: (_tokens(p, n), offsets(n)[:-1])
        ),
        "The two come in the wrong order: return the tokens, then the offsets": made(
            lambda p, n: (offsets(n), _tokens(p, n))
        ),
    }
    right = made(lambda p, n: (_tokens(p, n), offsets(n)))()
    shapes = {name: found[name].shape == array.shape for name, array in right.items()}
    otherwise = "Sequence b is the first lengths[b] entries of column b"
    if not all(shapes.values()):
        wrong = next(name for name, fits in shapes.items() if not fits)
        hint = next(
            (
                hint
                for hint, miss in misses.items()
                if all(np.array_equal(array, found[name]) for name, array in miss().items())
            ),
            otherwise,
        )
        raise NotRight(
            f"the {wrong}: expected shape {right[wrong].shape}, got {found[wrong].shape}. {hint}."
        )
    arrays(found, right, misses, otherwise)
    return f"{len(cases)} random batches come out as Fluid keeps them."


def _tokens(padded, lengths):
    return np.concatenate([padded[:n, b] for b, n in enumerate(lengths)])


@exercise("8.4", "Write gru(x, h, w_x, w_h, b_x, b_h) in NumPy.")
def gru_cell(function):
    """One step of a GRU, gates in the order r, z, n, equal to both frameworks' cells."""
    rng, cases = np.random.default_rng(), []
    for inputs, hidden in ((3, 4), (5, 2)):
        cases.append(
            (
                rng.normal(size=(6, inputs)),
                rng.normal(size=(6, hidden)),
                rng.normal(size=(3 * hidden, inputs)),
                rng.normal(size=(3 * hidden, hidden)),
                rng.normal(size=3 * hidden),
                rng.normal(size=3 * hidden),
            )
        )
    names = [f"cell {n}" for n in range(1, len(cases) + 1)]
    order = ("x", "h", "w_x", "w_h", "b_x", "b_h")
    found = {name: call(function, **dict(zip(order, case))) for name, case in zip(names, cases)}

    def made(**mistake):
        return lambda: {name: _gru(*case, **mistake) for name, case in zip(names, cases)}

    arrays(
        found,
        {name: _torch_cell(*case) for name, case in zip(names, cases)},
        {
            "r multiplies h before the product, as in the paper of 2014; here it multiplies the product and its bias": made(
                early=True
            ),
            "r multiplies the product, but not its bias": made(outside=True),
            "z and 1 - z are swapped: it is (1 - z) n + z h": made(swapped=True),
            "The gates are read in the order z, r, n; they come as r, z, n": made(order=(1, 0, 2)),
            "The tanh is missing": made(squash=lambda a: a),
            "r is not used": made(reset=False),
            "The biases of h are missing": made(b_scale=(1, 0)),
            "The biases of x are missing": made(b_scale=(0, 1)),
        },
        "r and z are sigmoids; n = tanh(x's part + r * (h's part with its bias)); h = (1 - z) n + z h",
    )
    return "two random cells equal torch.nn.GRUCell; Paddle's has the same gates."


def _gru(
    x,
    h,
    w_x,
    w_h,
    b_x,
    b_h,
    early=False,
    outside=False,
    swapped=False,
    order=(0, 1, 2),
    squash=np.tanh,
    reset=True,
    b_scale=(1, 1),
):
    b_x, b_h = b_scale[0] * b_x, b_scale[1] * b_h
    from_x, from_h = (np.split(a @ w.T + b, 3, 1) for a, w, b in ((x, w_x, b_x), (h, w_h, b_h)))
    r, z = (1 / (1 + np.exp(-(from_x[k] + from_h[k]))) for k in order[:2])
    r = r if reset else np.ones_like(r)
    new, bias = np.split(w_h, 3)[2], np.split(b_h, 3)[2]
    part = (r * h) @ new.T + bias if early else r * (h @ new.T) + bias if outside else r * from_h[2]
    n = squash(from_x[2] + part)
    return z * n + (1 - z) * h if swapped else (1 - z) * n + z * h


def _torch_cell(x, h, *weights):
    import torch

    cell = torch.nn.GRUCell(x.shape[1], h.shape[1]).double()
    with torch.no_grad():
        for name, weight in zip(("weight_ih", "weight_hh", "bias_ih", "bias_hh"), weights):
            getattr(cell, name).copy_(torch.from_numpy(weight))
        return cell(torch.from_numpy(x), torch.from_numpy(h)).numpy()


@exercise("8.5", "Write the class Tagger, a paddle.nn.Layer, from PyTorch's beside it.")
def tagger(theirs):
    """Port a GRU with an embedding and a linear layer to Paddle; the ladder decides."""
    batches = [np.random.default_rng(n).integers(0, 11, (5, 3)) for n in range(3)]
    ladder = port(
        theirs,
        _tagger(),
        batches,
        {
            "the GRU reads along the batch: Paddle's takes (B, T, E) unless told": _tagger(
                along_batch=True
            ),
            "the tanh at the end is missing": _tagger(tanh=False),
        },
    )
    return f"green on all {len(parity.RUNGS)} rungs, {ladder.parameters} parameters."


def _tagger(along_batch=False, tanh=True):
    """The given model, in PyTorch, and what becomes of it with a mistake."""
    import torch
    from torch import nn

    class Tagger(nn.Module):
        def __init__(self):
            super().__init__()
            self.embedding = nn.Embedding(11, 4)
            self.gru = nn.GRU(4, 6, batch_first=along_batch)
            self.fc = nn.Linear(6, 2)

        def forward(self, x):  # (T, B)
            x, _ = self.gru(self.embedding(x))
            return torch.tanh(self.fc(x)) if tanh else self.fc(x)

    return Tagger

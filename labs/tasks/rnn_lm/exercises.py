"""Checks for the exercises of chapter 8. Each takes the reader's answer and says what it finds."""
import numpy as np

from labs import parity
from labs.exercises import Answer, unanswered


def parameter_count(answer) -> Answer:
    """8.1: how many parameters has Zaremba's medium model, with 10,000 words and 650 units in two layers?"""
    if answer is None:
        return unanswered("8.1", "Put a number in place of None.")
    words, units = 10_000, 650
    layer = 4 * units * (units + units) + 2 * 4 * units
    right = words * units + 2 * layer + units * words + words
    if answer == right:
        return Answer("8.1", True, f"Two layers of {layer:,}; the two vocabularies have {2 * words * units + words:,}.")
    hint = "both frameworks keep two biases a layer" if answer == right - 2 * 4 * units else \
        "the last matrix has a bias" if answer == right - words else \
        "the words stand in two matrices, on the way in and on the way out" if answer == right - words * units else \
        "count four gates, each with two matrices and two biases"
    return Answer("8.1", False, f"{answer:,} is not it: {hint}.")


def mixed_perplexity(answer) -> Answer:
    """8.2: the perplexity of a model that gives 1/2 to one half of the tokens, and 1/32 to the other half."""
    if answer is None:
        return unanswered("8.2", "Put a number in place of None.")
    if abs(answer - 8) < 1e-9:
        return Answer("8.2", True, "the geometric mean of 2 and 32. One token in two decides how bad it is.")
    hint = "that is the mean of 2 and 32; the logarithms are averaged" if abs(answer - 17) < 1e-9 else \
        "that is one over the mean probability; the logarithms are averaged" if abs(answer - 64 / 17) < 1e-6 else \
        "average the logarithms of 2 and 32, then take the exponential"
    return Answer("8.2", False, f"{answer:g} is not it: {hint}.")


def to_lod(function) -> Answer:
    """8.3: from padded (T, B) and lengths to Fluid's form: all tokens end to end (N,), and offsets (B + 1,)."""
    if function is None:
        return unanswered("8.3", "Write to_lod(padded, lengths), which returns tokens and offsets.")
    rng = np.random.default_rng()
    for _ in range(5):
        lengths = rng.integers(1, 9, rng.integers(2, 6))
        sequences = [rng.integers(1, 100, n) for n in lengths]
        padded = np.zeros((lengths.max(), len(lengths)), int)
        for b, sequence in enumerate(sequences):
            padded[:len(sequence), b] = sequence
        try:
            tokens, offsets = (np.asarray(each) for each in function(padded, lengths))
        except Exception as error:
            return Answer("8.3", False, f"your function raised {type(error).__name__}: {error}")
        if offsets.tolist() != [0, *np.cumsum(lengths)]:
            return Answer("8.3", False, f"lengths {lengths.tolist()}: expected offsets {[0, *np.cumsum(lengths).tolist()]}, got "
                                        f"{offsets.tolist()}.")
        if tokens.tolist() != np.concatenate(sequences).tolist():
            return Answer("8.3", False, "the tokens are not those of the sequences, one sequence after the other: the columns of "
                                        "`padded` are the sequences.")
    return Answer("8.3", True, "five random batches come out as Fluid keeps them.")


def gru_cell(function) -> Answer:
    """8.4: one step of a GRU: gru(x, h, w_x, w_h, b_x, b_h), gates in the order r, z, n, equal to torch.nn.GRUCell."""
    if function is None:
        return unanswered("8.4", "Write gru(x, h, w_x, w_h, b_x, b_h) in NumPy.")
    import torch
    rng = np.random.default_rng()
    for inputs, hidden in ((3, 4), (5, 2)):
        reference = torch.nn.GRUCell(inputs, hidden).double()
        x, h = rng.normal(size=(6, inputs)), rng.normal(size=(6, hidden))
        weights = [getattr(reference, name).detach().numpy() for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        try:
            made = np.asarray(function(x, h, *weights))
        except Exception as error:
            return Answer("8.4", False, f"your function raised {type(error).__name__}: {error}")
        right = reference(torch.from_numpy(x), torch.from_numpy(h)).detach().numpy()
        if made.shape != right.shape:
            return Answer("8.4", False, f"expected shape {right.shape}, got {made.shape}.")
        if not parity.equal(right, made, title="GRU").green:
            return Answer("8.4", False, f"off by {np.abs(right - made).max():.2g}: is r inside the new state, on the product with h "
                                        "and its bias, and is it (1 - z) n + z h?")
    return Answer("8.4", True, "two random cells equal torch.nn.GRUCell within 1e-12; Paddle's GRU has the same gates.")

"""Writing with a language model: temperature, top-k and nucleus, with random numbers that both frameworks share.

A framework gives logits; NumPy makes probabilities of them in float64 and chooses. So the same random numbers give the
same text on both sides, unless one falls between two cumulated probabilities that differ by rounding alone.
"""
import numpy as np


def probabilities(logits, temperature=1.0, top_k=None, top_p=None):
    """Turn logits into probabilities to draw from.

    Parameters
    ----------
    logits : array, shape (V,)
    temperature : float
        Divides the logits; below 1 the likely becomes likelier. At 0 the likeliest alone remains.
    top_k : int, optional
        Only the k likeliest (Fan et al., 2018, arXiv:1805.04833).
    top_p : float, optional
        Only the smallest set that holds at least this probability: the nucleus (Holtzman et al., 2020, arXiv:1904.09751).

    Returns
    -------
    array of float64, shape (V,)
        They sum to 1.

    Raises
    ------
    ValueError
        A setting is out of its range, or the logits are no numbers.
    """
    logits = np.asarray(logits, np.float64)
    if logits.ndim != 1 or not np.isfinite(logits).all():
        raise ValueError(f"expected finite logits of shape (V,), got shape {logits.shape}")
    if temperature < 0:
        raise ValueError(f"temperature: expected 0 or more, got {temperature}")
    if top_k is not None and not 1 <= top_k <= len(logits):
        raise ValueError(f"top_k: expected 1 to {len(logits)}, got {top_k}")
    if top_p is not None and not 0 < top_p <= 1:
        raise ValueError(f"top_p: expected more than 0, at most 1, got {top_p}")
    order = np.argsort(-logits, kind="stable")                  # the likeliest first
    if temperature == 0:
        top_k, temperature = 1, 1.0
    scaled = np.exp((logits[order] - logits[order[0]]) / temperature)
    share = scaled / scaled.sum()
    keep = len(share) if top_k is None else top_k
    if top_p is not None:
        keep = min(keep, int(np.searchsorted(np.cumsum(share), top_p * (1 - 1e-12))) + 1)
    made = np.zeros_like(logits)
    made[order[:keep]] = share[:keep] / share[:keep].sum()
    return made


def choose(logits, chance, **settings):
    """Choose one number: the first whose cumulated probability exceeds `chance`, which lies in [0, 1)."""
    cumulated = np.cumsum(probabilities(logits, **settings))
    return int(min(np.searchsorted(cumulated, chance * cumulated[-1], side="right"), np.flatnonzero(np.diff(cumulated, prepend=0))[-1]))


def write(side, model, vocabulary, prompt, length, seed, stop=None, never=(), **settings):
    """Let a model go on with a text.

    Parameters
    ----------
    side : module
        With `advance(model, tokens, state) -> logits, state`.
    model : of the side's framework
    vocabulary : Vocabulary
    prompt : str or list of str
        What it begins with; not empty.
    length : int
        Tokens to write at most.
    seed : int
        Of the random numbers, one a token.
    stop : str, optional
        A token that ends the text.
    never : sequence of str
        Tokens that are never written, such as `<unk>`.
    **settings
        `temperature`, `top_k`, `top_p`.

    Returns
    -------
    list of str
        The prompt's tokens and those written.
    """
    chances = np.random.PCG64(seed).random_raw(length) / 2.0**64
    numbers = [int(number) for number in vocabulary.encode(prompt)]
    barred = [vocabulary.numbers[token] for token in never if token in vocabulary.numbers]
    logits, state = side.advance(model, np.array(numbers, np.int64)[:, None])
    for chance in chances:
        logits = logits[0].copy()
        logits[barred] = logits.min() - 1e4
        numbers.append(choose(logits, chance, **settings))
        if vocabulary.tokens[numbers[-1]] == stop:
            break
        logits, state = side.advance(model, np.array([[numbers[-1]]], np.int64), state)
    return vocabulary.decode(numbers)

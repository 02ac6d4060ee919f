"""Checks for the exercises of chapter 26. Each takes the reader's answer and says what it finds."""
import numpy as np

from labs import parity
from labs.exercises import Answer, unanswered


def without_groups(answer) -> Answer:
    """26.1: parameters of SmolLM2 if each of the 9 heads had keys and values of its own."""
    if answer is None:
        return unanswered("26.1", "Put a number in place of None.")
    now, more = 134_515_008, 30 * 2 * 576 * (576 - 192)
    if answer == now + more:
        return Answer("26.1", True, f"{more:,} more: two matrices a layer grow from 192 to 576 rows.")
    hint = "there are two such matrices in each layer, keys and values" if answer == now + more // 2 else \
        "that is one layer's share" if answer == now + more // 30 else \
        "queries and outputs stay; the key and value matrices grow from 3 heads to 9"
    return Answer("26.1", False, f"{answer:,} is not it: {hint}.")


def cache_bytes(answer) -> Answer:
    """26.2: bytes of SmolLM2's cache at 8,192 tokens in float32."""
    if answer is None:
        return unanswered("26.2", "Put a number in place of None.")
    right = 2 * 30 * 3 * 64 * 4 * 8192
    if answer == right:
        return Answer("26.2", True, f"{right / 1e6:.0f} MB: keys and values, 30 layers, 3 heads of 64, 4 bytes.")
    hint = "keys and values are both kept" if 2 * answer == right else \
        "a float32 has 4 bytes" if 4 * answer == right else \
        "only the 3 heads with keys are kept, not all 9" if answer == 3 * right else "2 x layers x KV heads x D x bytes x tokens"
    return Answer("26.2", False, f"{answer:,} is not it: {hint}.")


def rope(rotate) -> Answer:
    """26.3: RoPE in NumPy, against complex numbers, at fresh positions and sizes."""
    if rotate is None:
        return unanswered("26.3", "Write rotate(x, positions, theta).")
    rng = np.random.default_rng()
    for size in (2, 6, 64):
        x, positions, theta = rng.normal(size=(5, size)), rng.integers(0, 8192, 5), float(rng.choice([1e4, 1e5]))
        half = size // 2
        spin = np.exp(1j * positions[:, None] * theta ** (-2 * np.arange(half) / size))
        turned = (x[:, :half] + 1j * x[:, half:]) * spin
        right = np.concatenate([turned.real, turned.imag], 1)
        try:
            given = np.asarray(rotate(x.copy(), positions.copy(), theta))
        except Exception as error:
            return Answer("26.3", False, f"your function raised {type(error).__name__}: {error}")
        if not parity.equal(right, given, 1e-9).green:
            pairs = (x[:, ::2] + 1j * x[:, 1::2]) * spin
            other = np.stack([pairs.real, pairs.imag], -1).reshape(x.shape)
            hint = "it turns neighbours, as the paper does; Llama turns halves" if parity.equal(other, given, 1e-9).green else \
                f"for D = {size} it is not the turn by position x theta^(-2i/D)"
            return Answer("26.3", False, f"{hint}.")
    return Answer("26.3", True, "equal to a product with complex numbers, for heads of 2, 6 and 64.")


def causal_loss(loss) -> Answer:
    """26.4: the loss of a causal language model in NumPy, against the probabilities themselves."""
    if loss is None:
        return unanswered("26.4", "Write loss(logits, labels).")
    rng = np.random.default_rng()
    logits, labels = 3 * rng.normal(size=(2, 7, 11)), rng.integers(0, 11, (2, 7))
    for left_out in (False, True):
        if left_out:
            labels[0, :4] = -100
        terms = [np.log(np.exp(logits[b, t]).sum()) - logits[b, t, labels[b, t + 1]]
                 for b in range(2) for t in range(6) if labels[b, t + 1] >= 0]
        try:
            given = float(loss(logits.copy(), labels.copy()))
        except Exception as error:
            return Answer("26.4", False, f"your function raised {type(error).__name__}: {error}")
        if abs(given - np.mean(terms)) > 1e-9:
            return Answer("26.4", False, "with -100 among the labels it is off: divide by the number of labels that count." if left_out
                          else "position t is asked for label t + 1, and the last position for nothing.")
    return Answer("26.4", True, "equal to minus the mean log probability of the labels that count.")

"""Checks for the exercises of chapter 7. Each takes the reader's answer and says what it finds."""
import numpy as np

from labs import parity
from labs.exercises import Answer, unanswered


def gate_parameters(answer) -> Answer:
    """7.1: how many parameters has a squeeze-and-excitation block on 512 channels with a reduction of 8?"""
    if answer is None:
        return unanswered("7.1", "Put a number in place of None.")
    right = 512 * 64 + 64 + 64 * 512 + 512
    if answer == right:
        return Answer("7.1", True, "Two matrices and two biases.")
    hint = "the biases are missing" if answer == 2 * 512 * 64 else "with a reduction of 8 the hidden layer has 512 / 8 units"
    return Answer("7.1", False, f"{answer:,} is not it: {hint}.")


def grouped_weights(answer) -> Answer:
    """7.2: how many weights has a 3x3 convolution from 128 to 128 channels in 32 groups?"""
    if answer is None:
        return unanswered("7.2", "Put a number in place of None.")
    right = 128 * (128 // 32) * 9
    if answer == right:
        return Answer("7.2", True, "One 32nd of what it has without groups.")
    hint = "that is the convolution without groups" if answer == 128 * 128 * 9 else \
        "that divides by the groups twice, as the counter of 2020 does" if answer in (right // 32, right / 32) else \
        "each output channel sees 128 / 32 input channels"
    return Answer("7.2", False, f"{answer:,} is not it: {hint}.")


def excite(gate) -> Answer:
    """7.3: a squeeze-and-excitation block in NumPy, `gate(x, w1, b1, w2, b2)` with PyTorch's layout of the matrices."""
    if gate is None:
        return unanswered("7.3", "Write gate(x, w1, b1, w2, b2); it returns x times its gates.")
    rng = np.random.default_rng()
    batch, channels, hidden, height, width = rng.integers(2, 6, 5)
    x = rng.normal(size=(batch, channels, height, width))
    w1, b1 = rng.normal(size=(hidden, channels)), rng.normal(size=hidden)
    w2, b2 = rng.normal(size=(channels, hidden)), rng.normal(size=channels)
    try:
        found = np.asarray(gate(x.copy(), w1, b1, w2, b2))
    except Exception as error:
        return Answer("7.3", False, f"your function raised {type(error).__name__}: {error}")
    squeezed = np.maximum(x.mean((2, 3)) @ w1.T + b1, 0)
    right = x / (1 + np.exp(-(squeezed @ w2.T + b2)))[:, :, None, None]
    if found.shape != right.shape:
        return Answer("7.3", False, f"expected shape {right.shape}, got {found.shape}")
    result = parity.equal(right, found, title="gated")
    if result.green:
        return Answer("7.3", True, "equal within 1e-12.")
    return Answer("7.3", False, f"off by {result.rows[0][1]:.2g} of its size: is the mean over height and width, the first "
                                "activation a ReLU, the second a sigmoid?")


def own_schedule(rates, config) -> Answer:
    """7.4: the rates of a warm-up and a cosine, all steps, without `config.rate`."""
    if rates is None:
        return unanswered("7.4", "Make an array with one rate a step.")
    right = np.array([config.rate(step) for step in range(config.steps)])
    rates = np.asarray(rates, float)
    if rates.shape != right.shape:
        return Answer("7.4", False, f"expected {len(right)} rates, got shape {rates.shape}")
    if np.array_equal(rates, right):
        return Answer("7.4", True, "the same to the last bit, rounded to float32.")
    if np.allclose(rates, right, rtol=1e-6, atol=0):
        return Answer("7.4", False, "right but for rounding: Paddle keeps the rate in float32, so round it so.")
    first = int(np.argmax(~np.isclose(rates, right, rtol=1e-6, atol=0)))
    return Answer("7.4", False, f"the first rate that is wrong is that of step {first}: {rates[first]:.6g} for {right[first]:.6g}.")

"""Checks for the exercises of chapter 6. Each takes the reader's answer and says what it finds."""
import math

import numpy as np

from labs import parity
from labs.exercises import Answer, unanswered


def parameter_count(answer) -> Answer:
    """6.1: how many parameters has LeNet-5 with a second convolution of 32 channels?"""
    if answer is None:
        return unanswered("6.1", "Put a number in place of None.")
    right = (6 * 25 + 6) + (32 * 6 * 25 + 32) + (32 * 25 * 120 + 120) + (120 * 84 + 84) + (84 * 10 + 10)
    if answer == right:
        return Answer("6.1", True, "All five layers add up, biases included.")
    hint = "the biases are missing" if answer == right - (6 + 32 + 120 + 84 + 10) else \
        "fc1 takes 32 x 5 x 5 inputs now" if answer == right - (32 - 16) * 25 * 120 else \
        "count each layer's weight and bias, and look at what flatten(1) returns"
    return Answer("6.1", False, f"{answer:,} is not it: {hint}.")


def images_needed(answer) -> Answer:
    """6.2: how many test images until half a point at 98 % is two standard deviations of one accuracy?"""
    if answer is None:
        return unanswered("6.2", "Put a number in place of None.")
    right = math.ceil(0.98 * 0.02 / (0.005 / 2) ** 2)
    if abs(answer - right) <= 10:
        return Answer("6.2", True, f"{right:,} images, and that is for one accuracy whose rival is known exactly.")
    return Answer("6.2", False, "solve 2 sqrt(p (1 - p) / n) = 0.005 for n, with p = 0.98.")


def own_mistake(ladder, predicted) -> Answer:
    """6.3: a mistake of the reader's own; was the rung predicted?"""
    if ladder is None or predicted is None:
        return unanswered("6.3", "Climb with your own wrong step, and name the rung you expect.")
    if predicted not in parity.RUNGS:
        return Answer("6.3", False, f"{predicted!r} is no rung; there are {', '.join(parity.RUNGS)}.")
    if ladder.green:
        return Answer("6.3", False, "the ladder is green: nothing is wrong with that step yet.")
    if ladder.red != predicted:
        return Answer("6.3", False, f"the lowest red rung is '{ladder.red}', you predicted '{predicted}'. Why?")
    return Answer("6.3", True, f"the ladder breaks at '{predicted}', as you said.")


def momentum_step(step) -> Answer:
    """6.4: SGD with momentum in NumPy, as both frameworks define it: v = m v + g, w = w - r v."""
    if step is None:
        return unanswered("6.4", "Write step(weight, gradient, velocity, rate, momentum).")
    import torch
    rng = np.random.default_rng()
    start = rng.normal(size=(3, 4))
    weight, velocity = start.copy(), np.zeros_like(start)
    parameter = torch.nn.Parameter(torch.from_numpy(start.copy()))
    optimizer = torch.optim.SGD([parameter], lr=0.125, momentum=0.875)
    for _ in range(5):
        gradient = rng.normal(size=start.shape)
        try:
            weight, velocity = step(weight, gradient, velocity, 0.125, 0.875)
        except Exception as error:
            return Answer("6.4", False, f"your function raised {type(error).__name__}: {error}")
        parameter.grad = torch.from_numpy(gradient.copy())
        optimizer.step()
    result = parity.equal(parameter.detach().numpy(), np.asarray(weight), title="five steps")
    if result.green:
        return Answer("6.4", True, "five steps equal torch.optim.SGD's within 1e-12.")
    return Answer("6.4", False, f"after five steps the weight is off by {result.rows[0][1]:.2g} of its size: does "
                                "the velocity carry the learning rate, or a factor 1 - m?")

"""The checks of chapter CHAPTER_NUMBER."""
import numpy as np

from labs import parity
from labs.exercises import exercise, number, port

HIDDEN = 4


@exercise("CHAPTER_NUMBER.1", "Put a number in place of None.")
def parameter_count(answer):
    """How many parameters has the line, between points in space and with three classes?"""
    number(answer, 3 * (3 + 1),
           {3 * 3: "each class has a bias too", 3 * 2 + 3: "a point in space has three coordinates",
            2 * (3 + 1): "three classes have three logits"},
           "count the weights of each class, and its bias")
    return "All three classes add up."


@exercise("CHAPTER_NUMBER.2", "Put your class in place of None.")
def bent_line(theirs):
    """A hidden layer with a ReLU, ported to Paddle; the ladder climbs with both."""
    batches = [np.random.default_rng(n).normal(size=(5, 2)).astype("float32") for n in range(3)]
    ladder = port(theirs, given(), batches, {"the ReLU is missing": given(lambda x: x),
                                             "it has a tanh in place of the ReLU": given("tanh")})
    return f"green on all {len(parity.RUNGS)} rungs, {ladder.parameters} parameters."


def given(bend="relu"):
    """The model that the page shows, in PyTorch, and what becomes of it with another bend."""
    import torch
    from torch import nn
    bend = getattr(torch, bend) if isinstance(bend, str) else bend

    class BentLine(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1 = nn.Linear(2, HIDDEN)
            self.fc2 = nn.Linear(HIDDEN, 2)

        def forward(self, x):
            return self.fc2(bend(self.fc1(x)))
    return BentLine

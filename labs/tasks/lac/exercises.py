"""The checks of chapter 9b."""
import numpy as np

from labs import parity
from labs.exercises import exercise, number, port

UNITS = 5


@exercise("9b.1", "Put a number in place of None.")
def gru_parameters(answer):
    """How many numbers has one direction of LAC's first layer, of 128 inputs and 128 units?"""
    products = 3 * 128 * (128 + 128)
    number(answer, products + 2 * 3 * 128,
           {products: "the linear part and the GRU have biases", products + 3 * 128: "there are two biases, one of the linear part and one of the GRU",
            4 * 128 * 256 + 8 * 128: "an LSTM has four blocks, a GRU three", 2 * (products + 6 * 128): "that is both directions"},
           "three blocks, each with two matrices and two biases")
    return "Both directions of both layers, the table, the last layer and the CRF make the three million."


@exercise("9b.2", "Put your class in place of None.")
def fluid_cell(theirs):
    """One step of Fluid's GRU, ported to Paddle; the ladder climbs with both."""
    batches = [np.random.default_rng(n).normal(size=(3 + n, 4 * UNITS)).astype("float32") for n in range(3)]
    ladder = port(theirs, given(), batches, {
        "the reset gate meets h before the product with the matrix, not after": given("after"),
        "the update gate says how much is new, not how much is kept": given("keeps"),
        "the update gate comes first, the reset gate second": given("exchanged")})
    return f"green on all {len(parity.RUNGS)} rungs, {ladder.parameters} parameters."


def given(how="fluid"):
    """The model that the page shows, in PyTorch, and what becomes of it with another convention."""
    import torch
    from torch import nn

    class Cell(nn.Module):
        def __init__(self):
            super().__init__()
            self.w_h = nn.Parameter(torch.zeros(UNITS, 3 * UNITS))

        def forward(self, pair):
            h, x = pair.split([UNITS, 3 * UNITS], 1)
            w_gates, w_new = self.w_h.split([2 * UNITS, UNITS], 1)
            u, r = (x[:, :2 * UNITS] + h @ w_gates).sigmoid().chunk(2, 1)
            if how == "exchanged":
                u, r = r, u
            c = r * (h @ w_new) if how == "after" else (r * h) @ w_new
            c = (x[:, 2 * UNITS:] + c).tanh()
            return u * h + (1 - u) * c if how == "keeps" else (1 - u) * h + u * c
    return Cell

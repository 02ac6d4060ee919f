"""The checks of chapter 26."""

import numpy as np

from labs import parity
from labs.exercises import NotRight, arrays, as_array, call, exercise, number, port

LAYERS, HEADS, KV_HEADS, SIZE, WIDTH = 30, 9, 3, 64, 576  # SmolLM2-135M's config
PARAMETERS, CONTEXT = 134_515_008, 8192


@exercise("26.1", "Put a number in place of None.")
def without_groups(answer):
    """Parameters of SmolLM2 if each of the 9 heads had keys and values of its own."""
    more = LAYERS * 2 * WIDTH * (HEADS - KV_HEADS) * SIZE
    number(
        answer,
        PARAMETERS + more,
        {
            more: "that is how many more; the question is how many in all",
            PARAMETERS: "that is SmolLM2 as it is",
            PARAMETERS + more // 2: "there are two such layers, keys and values",
            PARAMETERS + more // LAYERS: f"that adds them in one layer; there are {LAYERS}",
            PARAMETERS
            + LAYERS * 2 * WIDTH * WIDTH: "the 3 heads that are there already were counted twice",
        },
        "queries and outputs stay; keys and values grow from 3 heads to 9",
    )
    return (
        f"{more:,} more: keys and values grow from {KV_HEADS * SIZE} to {WIDTH} rows in each layer."
    )


@exercise("26.2", "Put a number in place of None.")
def cache_bytes(answer):
    """Bytes of SmolLM2's cache at 8,192 tokens in float32."""
    right = 2 * LAYERS * KV_HEADS * SIZE * 4 * CONTEXT
    number(
        answer,
        right,
        {
            right
            // 2: "keys and values are both kept, and a float32 has 4 bytes: one factor of 2 is missing",
            right // 4: "a float32 has 4 bytes",
            right // 8: "keys and values are kept, in 4 bytes each",
            right * 2: "a float32 has 4 bytes, not 8",
            right * 3: "only the 3 heads with keys are kept, not all 9",
            right // LAYERS: f"that is one layer; there are {LAYERS}",
            right // KV_HEADS: "that is one head; 3 have keys",
            8 * right: "that is bits",
            right // CONTEXT: "that is one token",
        },
        "multiply 2, layers, heads with keys, their size, bytes and tokens",
    )
    return f"{right / 1e6:.0f} MB: keys and values, {LAYERS} layers, {KV_HEADS} heads of {SIZE}, 4 bytes."


@exercise("26.3", "Write rotate(x, positions, theta).")
def rope(rotate):
    """RoPE in NumPy, against complex numbers, at several sizes, positions and thetas."""
    rng, cases = np.random.default_rng(), []
    for size, theta, first in ((2, 1e4, 0), (6, 1e4, 2), (8, 5e5, 0), (64, 1e5, 5)):
        # neither sorted nor always from 0, and no further than angles in float32 keep their digits
        positions = np.array([first + 3, first, first + 1, 40, int(rng.integers(100, 1000))])
        cases.append((rng.normal(size=(5, size)), positions, theta))
    names = [f"D = {case[0].shape[1]}, theta = {case[2]:g}" for case in cases]
    found = {
        name: call(rotate, **dict(zip(("x", "positions", "theta"), case)))
        for name, case in zip(names, cases)
    }

    def made(**mistake):
        return lambda: {name: _rotated(*case, **mistake) for name, case in zip(names, cases)}

    arrays(
        found,
        made()(),
        {
            "It turns neighbours, as the paper does; Llama turns halves": made(neighbours=True),
            "theta is not used: it is always 10,000": made(theta_of=lambda theta: 1e4),
            "It turns the other way": made(way=-1),
            "The exponent is -i / D; it is -2 i / D": made(exponent=1),
            "The positions are not used: it counts 0, 1, 2, ...": made(
                positions_of=lambda p: np.arange(len(p))
            ),
            "The positions begin with 1; the first has 0": made(positions_of=lambda p: p + 1),
            "The smallest position is taken off; turn by the position itself": made(
                positions_of=lambda p: p - p.min()
            ),
            "All pairs turn by the same angle": made(exponent=0),
        },
        "Pair i of position p turns by p x theta^(-2 i / D)",
        tolerance=2e-4,  # an angle of 1,000 in float32 is off by up to 6e-5
    )
    return "equal to a product with complex numbers, for heads of 2, 6, 8 and 64."


def _rotated(
    x,
    positions,
    theta,
    neighbours=False,
    theta_of=lambda theta: theta,
    way=1,
    exponent=2,
    positions_of=lambda positions: positions,
):
    half = x.shape[1] // 2
    frequency = theta_of(theta) ** (-exponent * np.arange(half) / x.shape[1])
    spin = np.exp(way * 1j * positions_of(positions)[:, None] * frequency)
    if neighbours:
        pairs = (x[:, ::2] + 1j * x[:, 1::2]) * spin
        return np.stack([pairs.real, pairs.imag], -1).reshape(x.shape)
    turned = (x[:, :half] + 1j * x[:, half:]) * spin
    return np.concatenate([turned.real, turned.imag], 1)


@exercise("26.4", "Write loss(logits, labels).")
def causal_loss(loss):
    """The loss of a causal language model in NumPy, against the log probabilities themselves."""
    rng = np.random.default_rng()
    plain = 3 * rng.normal(size=(2, 7, 11)), rng.integers(0, 11, (2, 7))
    plain[1][1, 2:4] = 0, 10  # the first class and the last, whatever is drawn
    apart = 0
    while apart < 0.02:  # by chance the mean over sequences is nearly the mean over labels
        left_out = 3 * rng.normal(size=(3, 7, 11)), rng.integers(0, 11, (3, 7))
        left_out[1][0, :5] = left_out[1][1, 3] = -100
        right = _mean_loss(*left_out)
        apart = min(abs(_mean_loss(*left_out, mean=other) / right - 1) for other in ("rows", "all"))
    loud = 2000 * rng.normal(size=(2, 7, 11)), rng.integers(0, 11, (2, 7))
    cases = {
        "plain labels": plain,
        "-100 among the labels": left_out,
        "logits in the thousands": loud,
    }
    found = {}
    for name, (logits, labels) in cases.items():
        with np.errstate(all="ignore"):
            answer = call(loss, logits=logits, labels=labels)
        try:
            found[name] = as_array(answer, name)
        except NotRight as reason:
            if name == "logits in the thousands":
                raise NotRight(
                    f"{reason} The exponential overflows: take each row's largest logit out first."
                ) from None
            raise
        if found[name].shape not in ((), (1,)):
            raise NotRight(f"{name}: expected one number, got shape {found[name].shape}.")
        found[name] = found[name].reshape(())

    def made(**mistake):
        return lambda: {
            name: np.array(_mean_loss(*case, **mistake)) for name, case in cases.items()
        }

    arrays(
        found,
        made()(),
        {
            "The shift is missing: position t is asked for label t + 1": made(shift=0),
            "The shift is the wrong way round": made(shift=-1),
            "The shift is 2; position t is asked for label t + 1": made(shift=2),
            "A label of 0 is a class like the others; only -100 is left out": made(zero=False),
            "-100 is not left out: it picks a logit from the end": made(index=True),
            "Divide by the number of labels that count, not by all": made(mean="all"),
            "Each sequence was averaged by itself; average over all labels that count": made(
                mean="rows"
            ),
            "That is the sum; divide by the number of labels that count": made(mean="none"),
            "The sign is wrong: it is minus the log probability": made(sign=-1),
        },
        "It is minus the mean log probability of the labels that count",
    )
    return "equal to minus the mean log probability of the labels that count, also where exp would overflow."


def _mean_loss(logits, labels, shift=1, index=False, mean="labels", sign=1, zero=True):
    logits = logits - logits.max(-1, keepdims=True)
    surprise = np.log(np.exp(logits).sum(-1, keepdims=True)) - logits
    T = labels.shape[1]
    asked, wanted = (
        (surprise[:, : T - shift], labels[:, shift:])
        if shift >= 0
        else (surprise[:, -shift:], labels[:, :shift])
    )
    # a negative label would pick from the end of the row, as NumPy's indices do
    terms = np.take_along_axis(asked, (wanted % logits.shape[-1])[..., None], -1)[..., 0]
    counts = np.ones_like(wanted) if index else (wanted != -100) & (zero | (wanted != 0))
    total = (terms * counts).sum(1)
    if mean == "rows":
        return sign * np.mean(total / np.maximum(counts.sum(1), 1))
    return sign * total.sum() / {"labels": counts.sum(), "all": counts.size, "none": 1}[mean]


@exercise("26.5", "Write the class GemmaMLP, a paddle.nn.Layer, from PyTorch's beside it.")
def gemma_mlp(theirs):
    """Port Gemma's norm and gated MLP to Paddle; the ladder decides, and the start of the scale."""
    batches = [
        2 * np.random.default_rng(n).normal(size=(2, 3, 8)).astype("float32") for n in range(3)
    ]
    ladder = port(
        theirs,
        _gemma(),
        batches,
        {
            "GELU is computed exactly; Gemma's is the tanh approximation": _gemma(
                approximate="none"
            ),
            "the gate is SiLU, Llama's; Gemma's is GELU": _gemma(silu=True),
            "the norm scales by its weight, as Llama's; Gemma's by 1 + weight": _gemma(one=0),
            "the epsilon is another": _gemma(epsilon=1e-5),
            "the two projections are swapped: the gate goes through GELU": _gemma(swapped=True),
        },
    )
    start = parity.weights_of(theirs())["scale"]
    if start.any():  # the ladder copies weights, so it does not see where they begin
        raise NotRight(f"the ladder is green, but your scale begins with {start[0]:g}, PyTorch's with 0.")
    return f"green on all {len(parity.RUNGS)} rungs, {ladder.parameters} parameters."


def _gemma(approximate="tanh", silu=False, one=1, epsilon=2.0**-6, swapped=False):
    """The given model, in PyTorch, and what becomes of it with a mistake."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    class GemmaMLP(nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.Parameter(torch.zeros(8))
            self.gate_proj = nn.Linear(8, 12, bias=False)
            self.up_proj = nn.Linear(8, 12, bias=False)
            self.down_proj = nn.Linear(12, 8, bias=False)

        def forward(self, x):  # (B, T, 8)
            square = (x * x).mean(-1, keepdim=True)
            x = x * (square + epsilon).rsqrt() * (one + self.scale)
            gate, up = self.gate_proj(x), self.up_proj(x)
            gate, up = (up, gate) if swapped else (gate, up)
            gate = F.silu(gate) if silu else F.gelu(gate, approximate=approximate)
            return self.down_proj(gate * up)

    return GemmaMLP

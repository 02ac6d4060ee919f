"""The checks of chapter 26: right answers pass, each near-miss gets its own hint, nothing else passes."""

import exercise_attacks as attacks
import numpy as np
import pytest

from labs import parity
from labs.tasks.llama import exercises

CHAPTER = "26_llama.md"
GROUPED, MORE, CACHE = 134_515_008, 13_271_040, 377_487_360


def test_without_groups():
    attacks.number(
        exercises.without_groups,
        GROUPED + MORE,
        {
            MORE: "how many more",
            GROUPED: "as it is",
            GROUPED + MORE // 2: "two such layers",
            GROUPED + MORE // 30: "in one layer",
            GROUPED + 30 * 2 * 576 * 576: "counted twice",
            GROUPED + MORE + 640: "queries and outputs stay",
        },
    )


def test_cache_bytes():
    attacks.number(
        exercises.cache_bytes,
        CACHE,
        {
            CACHE // 2: "keys and values are both kept",
            CACHE // 4: "has 4 bytes",
            CACHE // 8: "in 4 bytes each",
            2 * CACHE: "not 8",
            3 * CACHE: "not all 9",
            CACHE // 30: "one layer",
            CACHE // 3: "one head",
            8 * CACHE: "bits",
            CACHE // 8192: "one token",
            CACHE + 64: "multiply 2",
        },
    )


def by_halves(x, positions, theta):
    size = x.shape[1]
    angle = positions[:, None] * theta ** (-np.arange(0, size, 2) / size)
    first, second = np.split(x, 2, 1)
    return np.concatenate(
        [
            first * np.cos(angle) - second * np.sin(angle),
            first * np.sin(angle) + second * np.cos(angle),
        ],
        1,
    )


def by_matrices(x, positions, theta):
    made, half = np.empty_like(x), x.shape[1] // 2
    for t, p in enumerate(positions):
        for i in range(half):
            a = p * theta ** (-i / half)
            made[t, [i, i + half]] = (
                np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]]) @ x[t, [i, i + half]]
            )
    return made


def float32_throughout(x, positions, theta):
    size = x.shape[1]
    i = np.arange(0, size, 2, dtype="float32")
    angle = positions.astype("float32")[:, None] / np.float32(theta) ** (i / np.float32(size))
    cos, sin = (np.concatenate([f(angle)] * 2, 1) for f in (np.cos, np.sin))
    x = x.astype("float32")
    return x * cos + np.roll(x, size // 2, 1) * np.where(np.arange(size) < size // 2, -sin, sin)


def rotated(**mistake):
    return lambda *arguments: exercises._rotated(*arguments, **mistake)


def test_rope():
    attacks.function(
        exercises.rope,
        [by_halves, by_matrices, float32_throughout],
        {
            "It turns neighbours": rotated(neighbours=True),
            "always 10,000": rotated(theta_of=lambda theta: 1e4),
            "the other way": rotated(way=-1),
            "it is -2 i / D": rotated(exponent=1),
            "The positions are not used": rotated(positions_of=lambda p: np.arange(len(p))),
            "begin with 1": rotated(positions_of=lambda p: p + 1),
            "The smallest position": rotated(positions_of=lambda p: p - p.min()),
            "of its largest entry. Pair i": rotated(positions_of=lambda p: p - p[0]),
            "by the same angle": rotated(exponent=0),
            "expected shape": lambda x, *_: x.T,
            "complex": lambda *given: by_halves(*given).astype(complex),
            "Pair i of position p": lambda x, *_: x,
            "is there a `return`": lambda *_: None,
        },
    )


def plain(logits, labels):
    logits, labels = logits[:, :-1].reshape(-1, logits.shape[-1]), labels[:, 1:].ravel()
    logits = logits - logits.max(1, keepdims=True)
    log_p = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    counts = labels >= 0
    return -log_p[np.arange(len(labels))[counts], labels[counts]].mean()


def by_loop(logits, labels):
    terms = []
    for row, wanted in zip(logits, labels):
        for t in range(len(wanted) - 1):
            if wanted[t + 1] != -100:
                top = row[t].max()
                terms.append(top + np.log(np.sum(np.exp(row[t] - top))) - row[t, wanted[t + 1]])
    return float(np.mean(terms))


def with_torch(logits, labels):
    import torch

    return torch.nn.functional.cross_entropy(
        torch.from_numpy(logits[:, :-1]).flatten(0, 1), torch.from_numpy(labels[:, 1:]).flatten()
    )


def float32(logits, labels):
    return np.float32(plain(logits, labels))


def overflowing(logits, labels):
    p = np.exp(logits[:, :-1])
    p = p / p.sum(-1, keepdims=True)
    counts = labels[:, 1:] >= 0
    return -np.log(np.take_along_axis(p, np.maximum(labels[:, 1:], 0)[..., None], -1)[..., 0])[
        counts
    ].mean()


def clipped(logits, labels):
    return plain(np.clip(logits, -700, 700), labels)


def lost(**mistake):
    return lambda *arguments: exercises._mean_loss(*arguments, **mistake)


def test_causal_loss():
    attacks.function(
        exercises.causal_loss,
        [plain, by_loop, with_torch, float32],
        {
            "The shift is missing": lost(shift=0),
            "wrong way round": lost(shift=-1),
            "The shift is 2": lost(shift=2),
            "A label of 0": lost(zero=False),
            "picks a logit": lost(index=True),
            "not by all": lost(mean="all"),
            "by itself": lost(mean="rows"),
            "That is the sum": lost(mean="none"),
            "The sign is wrong": lost(sign=-1),
            "The exponential overflows": overflowing,
            "It is minus the mean": clipped,
            "NaN": lambda *_: float("nan"),
            "expected one number": lambda *given: np.full((2, 3), plain(*given)),
        },
    )


def port(
    approximate=True,
    silu=False,
    one=1,
    epsilon=2.0**-6,
    swapped=False,
    detached=False,
    start=0.0,
    by_hand=False,
):
    """The model in Paddle; each mistake changes one line."""
    import paddle
    import paddle.nn.functional as F
    from paddle import nn

    def gelu(x):
        return 0.5 * x * (1 + paddle.tanh((2 / np.pi) ** 0.5 * (x + 0.044715 * x**3)))

    class GemmaMLP(nn.Layer):
        def __init__(self):
            super().__init__()
            constant = nn.initializer.Constant(start)
            self.scale = self.create_parameter([8], default_initializer=constant)
            self.gate_proj = nn.Linear(8, 12, bias_attr=False)
            self.up_proj = nn.Linear(8, 12, bias_attr=False)
            self.down_proj = nn.Linear(12, 8, bias_attr=False)

        def forward(self, x):
            x = x * ((x * x).mean(-1, keepdim=True) + epsilon).rsqrt() * (one + self.scale)
            gate, up = self.gate_proj(x), self.up_proj(x)
            gate, up = (up, gate) if swapped else (gate, up)
            if by_hand:
                gate = gelu(gate)
            else:
                gate = F.silu(gate) if silu else F.gelu(gate, approximate=approximate)
            return self.down_proj(gate * (up.detach() if detached else up))

    return GemmaMLP


def test_the_port_of_gemmas_mlp():
    check = exercises.gemma_mlp
    for made in (port(), port(by_hand=True)):
        right = check(made)
        assert right.right is True and f"all {len(parity.RUNGS)} rungs" in right.says, right.text
    for says, made in {
        "the tanh approximation": port(approximate=False),
        "SiLU": port(silu=True),
        "1 + weight": port(one=0),
        "epsilon": port(epsilon=1e-5),
        "swapped": port(swapped=True),
        "rung 'gradients'": port(detached=True),
        "your scale begins with 1, PyTorch's with 0": port(start=1.0),
        "derived from paddle.nn.Layer": exercises._gemma(),
    }.items():
        attacks.refused(check(made), says)
    attacks.withstands_junk(check)


def test_a_tolerance_of_a_thousandth_would_pass_the_exact_gelu():
    given, other = exercises._gemma()(), exercises._gemma(approximate="none")()
    weights = parity.initial_weights(given, 0, within=0.5)
    x = 2 * np.random.default_rng(0).normal(size=(2, 3, 8)).astype("float32")
    first, second = (parity.load(model, weights) for model in (given, other))
    import torch

    with torch.no_grad():
        a, b = (model(torch.from_numpy(x)).numpy() for model in (first, second))
    assert 1e-6 < np.abs(a - b).max() / np.abs(a).max() < 1e-3


@pytest.mark.parametrize(
    "which, answers",
    [
        ("26.1", {"answer_1": GROUPED + MORE}),
        ("26.2", {"answer_2": CACHE}),
        ("26.3", {"rotate": by_halves}),
        ("26.4", {"loss_by_hand": by_loop}),
        ("26.5", {"GemmaMLP": lambda: port()()}),
    ],
)
def test_the_cell_works_as_it_stands_and_with_a_right_answer(which, answers):
    assert attacks.run_cell(CHAPTER, which).right is None
    assert attacks.run_cell(CHAPTER, which, **answers).right is True

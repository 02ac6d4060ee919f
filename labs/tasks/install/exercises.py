"""The checks of chapter 1. The right answers follow from the limits of the reader's own machine."""

import numpy as np

from labs.exercises import NotRight, as_number, call, exercise, number

WEIGHTS = 134_515_008  # the parameters of SmolLM2-135M (config of HuggingFaceTB/SmolLM2-135M)


@exercise("1.1", "Put a number, or an expression with machine.bandwidth, in place of None.")
def tokens_per_second(answer, machine):
    """At most how many tokens a second, if each token reads all float32 weights once?"""
    best, slowest = max(machine.bandwidth.values()), min(machine.bandwidth.values())
    right = best / (4 * WEIGHTS)
    said = (
        f"{right:.1f} tokens a second, if {best / 1e9:.1f} GB/s is the fastest that this machine "
        "reads: all weights pass once for each token."
    )
    if as_number(answer) == right // 1:  # "at most how many": a whole number will do
        return said
    number(
        answer,
        right,
        {
            4 * right: "a float32 number has four bytes",
            2 * right: "a float32 number has four bytes, not two",
            right / 8: "that counts bits; the bandwidth is in bytes",
            1 / right: "that is the seconds that one token takes",
            slowest
            / (4 * WEIGHTS): "that is the slower of the two; take the fastest of machine.bandwidth",
        },
        "divide the fastest of machine.bandwidth by the bytes of all weights",
        tolerance=0.01,
    )
    return said


@exercise("1.2", "Put the width of the matrices in place of None.")
def break_even(answer, machine):
    """At which width does a square product take as long as starting it, at PyTorch's own limits?"""

    def width(dispatch, flops):
        return (machine.dispatch[dispatch] * machine.flops[flops] / 2) ** (1 / 3)

    right = width("PyTorch", "PyTorch")
    said = (
        f"about {right:.0f}. A small product does not reach the limit, so the measured curve "
        "leaves the flat part earlier."
    )
    if as_number(answer) == round(right):
        return said
    number(
        answer,
        right,
        {
            width("Paddle", "Paddle"): "that is Paddle's width; PyTorch's was asked for",
            width("Paddle", "PyTorch"): "that takes Paddle's time to start an operation",
            width("PyTorch", "Paddle"): "that takes Paddle's operations a second",
            right
            * 2 ** (1 / 3): "a product of n x n matrices takes 2 n^3 operations: a multiplication "
            "and an addition each",
            right**1.5: "n^3, not n^2: each of the n x n entries is a sum of n products",
        },
        "solve 2 n^3 / flops = dispatch for n",
        tolerance=0.002,
    )
    return said


@exercise("1.3", "Put a number, or an expression with machine.flops, in place of None.")
def ridge(answer, machine):
    """How many operations for each byte that is read, before multiplying is what holds it up?"""
    flops, bandwidth = machine.flops.values(), machine.bandwidth.values()
    right = max(flops) / max(bandwidth)
    said = (
        f"{right:.1f} operations a byte. A matrix times one vector does half an operation a "
        "byte: far below."
    )
    if right >= 2 and as_number(answer) in (right // 1, right // 1 + 1):
        return said
    number(
        answer,
        right,
        {
            1 / right: "that is bytes for each operation: turn it round",
            4 * right: "that is operations for each float32 number; it has four bytes",
            max(flops) / min(bandwidth): "take the fastest of machine.bandwidth",
            min(flops) / max(bandwidth): "take the fastest of machine.flops",
        },
        "divide the two limits, each the machine's best",
        tolerance=0.01,
    )
    return said


@exercise("1.4", "Write as_paddle(tensor): PyTorch's in, Paddle's out, one memory.")
def shared(function):
    """A Paddle tensor over a PyTorch tensor's memory: tried with several shapes and types."""
    import paddle
    import torch

    for tensor in (
        torch.arange(6.0).reshape(2, 3),
        torch.arange(1, 5, dtype=torch.int64),
        torch.linspace(-1, 1, 8, dtype=torch.float64).reshape(2, 2, 2),
        torch.arange(6.0).reshape(2, 3).T,
        torch.arange(9.0)[::2],
        torch.arange(4, dtype=torch.float16),
        torch.tensor([7, 8, 9], dtype=torch.uint8),
    ):
        before = tensor.numpy().copy()
        other = call(function, tensor=tensor)
        if not isinstance(other, paddle.Tensor):
            raise NotRight(
                f"expected a Paddle tensor, got {type(other).__module__}.{type(other).__name__}."
            )
        if not np.array_equal(tensor.numpy(), before):
            raise NotRight("your function changes the numbers in PyTorch's tensor.")
        found = other.numpy()
        if found.shape != before.shape:
            raise NotRight(f"expected the shape {before.shape}, got {found.shape}.")
        if found.dtype != before.dtype:
            raise NotRight(f"expected {before.dtype}, got {found.dtype}: that is a copy.")
        if not np.array_equal(found, before):
            raise NotRight("Paddle's tensor has other numbers than PyTorch's.")
        last = tuple(n - 1 for n in before.shape)
        first = (0,) * before.ndim
        other[last] = 50
        tensor[first] = 10
        if tensor[last].item() != 50 or other.numpy()[first] != 10:
            raise NotRight(
                "what is written through one is not seen through the other: it is a copy."
            )
    return "what either writes, both see, in several shapes, types and layouts."

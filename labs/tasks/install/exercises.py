"""Checks for the exercises of chapter 1. Each takes the reader's answer and says what it finds.

The right answers follow from the limits of the machine that the reader sits at.
"""
from labs.exercises import Answer, unanswered

WEIGHTS = 134_515_008           # the parameters of SmolLM2-135M (config of HuggingFaceTB/SmolLM2-135M)


def tokens_per_second(answer, machine) -> Answer:
    """1.1: at most how many tokens a second, if each token reads all float32 weights of the model once?"""
    if answer is None:
        return unanswered("1.1", "Put a number, or an expression with machine.bandwidth, in place of None.")
    right = max(machine.bandwidth.values()) / (4 * WEIGHTS)
    if _near(answer, right):
        return Answer("1.1", True, f"{right:.1f} tokens a second: no program on this machine goes beyond it without reading fewer bytes.")
    hint = "a float32 number has four bytes" if _near(answer, 4 * right) else \
        "that is the seconds a token takes" if _near(answer, 1 / right) else \
        "take the fastest of machine.bandwidth, and all bytes of the weights once a token"
    return Answer("1.1", False, f"{answer:.4g} is not it: {hint}.")


def break_even(answer, machine) -> Answer:
    """1.2: at which width does a square product take as long as starting it, at PyTorch's own limits?"""
    if answer is None:
        return unanswered("1.2", "Put the width of the matrices in place of None.")
    right = (machine.dispatch["PyTorch"] * machine.flops["PyTorch"] / 2) ** (1 / 3)
    if _near(answer, right, within=0.05):
        return Answer("1.2", True, f"about {right:.0f}: below it PyTorch mostly starts operations, above it mostly multiplies.")
    hint = "a product of two n x n matrices takes 2 n^3 operations, a multiplication and an addition each" \
        if _near(answer, right * 2 ** (1 / 3), within=0.05) else "solve 2 n^3 / flops = dispatch for n"
    return Answer("1.2", False, f"{answer:.4g} is not it: {hint}.")


def ridge(answer, machine) -> Answer:
    """1.3: how many operations must a program do with each byte it reads, before multiplying is what holds it up?"""
    if answer is None:
        return unanswered("1.3", "Put a number, or an expression with machine.flops, in place of None.")
    right = max(machine.flops.values()) / max(machine.bandwidth.values())
    if _near(answer, right):
        return Answer("1.3", True, f"{right:.1f} operations a byte. A matrix times one vector does half an operation a byte: far below.")
    hint = "turn it round" if _near(answer, 1 / right) else "divide the two limits, each the machine's best"
    return Answer("1.3", False, f"{answer:.4g} is not it: {hint}.")


def shared(function) -> Answer:
    """1.4: a function that makes a Paddle tensor of a PyTorch tensor without copying."""
    if function is None:
        return unanswered("1.4", "Write as_paddle(tensor): PyTorch's in, Paddle's out, one memory.")
    import paddle
    import torch
    tensor = torch.arange(6.0).reshape(2, 3)
    try:
        other = function(tensor)
    except Exception as error:
        return Answer("1.4", False, f"your function raised {type(error).__name__}: {error}")
    if not isinstance(other, paddle.Tensor):
        return Answer("1.4", False, f"expected a Paddle tensor, got {type(other).__name__}.")
    if tuple(other.shape) != (2, 3):
        return Answer("1.4", False, f"expected the shape (2, 3), got {tuple(other.shape)}.")
    other[1, 2] = 50.0
    tensor[0, 0] = 10.0
    if tensor[1, 2].item() != 50.0 or other[0, 0].item() != 10.0:
        return Answer("1.4", False, "what is written through one is not seen through the other: it is a copy.")
    return Answer("1.4", True, "what either writes, both see.")


def _near(answer, right, within=0.01):
    return abs(answer - right) <= within * right

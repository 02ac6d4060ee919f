"""An exercise that ports a model to the other framework: proven by the ladder, as every pair of the course is."""

from types import SimpleNamespace

import numpy as np

from labs import parity
from labs.exercises.answers import NotRight, show
from labs.exercises.reading import readers_code
from labs.parity.weights import driver_of

LEARNING_RATE = 0.125
TELLING = (
    "forward",
    "train mode",
)  # what a mistake makes, whatever becomes of a parameter without use


def port(theirs, given, batches: list, misses: dict | None = None, weights: dict | None = None):
    """Prove a model that the reader has ported equal to the one that was given, by the ladder.

    Parameters
    ----------
    theirs, given : callable
        Make the model in either framework, without arguments: the class itself.
    batches : list of array
        Inputs, of several sizes; the loss is a product of the output with numbers drawn here.
    misses : dict of str to callable, optional
        By hint: makes the given model with the mistake in it. A port that computes just that, gets the hint.
    weights : dict of str to array, optional
        In PyTorch's names and layout; drawn if not given, biases and scales too.

    Returns
    -------
    labs.parity.Ladder
        It is green, or only numbers that Paddle keeps in float32 differ.

    Raises
    ------
    NotRight
        No model of the other framework, or the lowest red rung in words.
    """
    reference = given()
    home = driver_of(reference).NAME
    wanted = "paddle.nn.Layer" if home == "PyTorch" else "torch.nn.Module"
    if not callable(theirs):
        raise NotRight(
            f"expected a class derived from {wanted}, got {type(theirs).__name__}: {show(theirs)}."
        )
    with readers_code("making your model"):
        made = theirs()
    try:
        driver = driver_of(made)
    except parity.ParityError:
        driver = None
    if driver is None or driver.NAME == home:
        raise NotRight(
            f"expected a class derived from {wanted}, which is made without arguments; "
            f"got {type(made).__module__}.{type(made).__qualname__}."
        )
    weights = weights or parity.initial_weights(reference, 0, within=0.5)
    first, rng = side(given, f"{home} (given)"), np.random.default_rng(0)
    model = parity.ready(first, None, weights)
    shapes = [tuple(first.logits(model, (x,)).shape) for x in batches]
    pairs = [(x, rng.normal(size=shape).astype("float32")) for x, shape in zip(batches, shapes)]
    ported = side(theirs, f"{driver.NAME} (yours)")
    with readers_code("climbing with your model"):
        model = parity.ready(ported, None, weights)
        for x, shape in zip(batches, shapes):
            found = tuple(ported.logits(model, (x,)).shape)
            if found != shape:
                raise NotRight(
                    f"inputs of shape {x.shape}: expected outputs of shape {shape}, got {found}."
                )
        ladder = parity.climb(first, ported, pairs, None, weights, title="Your port")
    if ladder.verdict != "red":
        return ladder
    theirs = next(r for r in ladder.records if r.side == ported.NAME and r.precision == "float64")
    for hint, wrong in (misses or {}).items():
        other = parity.record(side(wrong, "the mistake"), None, weights, pairs)
        if all(parity.equal(other.rungs[rung], theirs.rungs[rung]).green for rung in TELLING):
            raise NotRight(f"the ladder is red from rung '{ladder.red}' on: {hint}.")
    try:
        ladder.check()
    except parity.ParityError as error:
        raise NotRight(f"{error}.") from None


def side(make, name: str) -> SimpleNamespace:
    """A side for the ladder around one model: SGD, and as the loss a product with given numbers."""
    functions = paddle_functions() if driver_of(make()).NAME == "Paddle" else torch_functions()
    return SimpleNamespace(NAME=name, build=lambda config: make(), **functions)


def paddle_functions() -> dict:
    """What a side needs beside the model, in Paddle."""
    import paddle

    def make_optimizer(model, config):
        return paddle.optimizer.SGD(LEARNING_RATE, parameters=model.parameters())

    def step(model, optimizer, batch):
        x, y = (paddle.to_tensor(array) for array in batch)
        loss = (model(x) * y).mean()
        loss.backward()
        optimizer.step()
        optimizer.clear_grad()
        return loss

    @paddle.no_grad()
    def logits(model, batch):
        return model(paddle.to_tensor(batch[0]))

    return {"make_optimizer": make_optimizer, "step": step, "logits": logits}


def torch_functions() -> dict:
    """What a side needs beside the model, in PyTorch."""
    import torch

    def tensors(model, arrays):
        device = next(model.parameters()).device
        return [torch.from_numpy(array).to(device) for array in arrays]

    def make_optimizer(model, config):
        return torch.optim.SGD(model.parameters(), lr=LEARNING_RATE)

    def step(model, optimizer, batch):
        x, y = tensors(model, batch)
        loss = (model(x) * y).mean()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    @torch.no_grad()
    def logits(model, batch):
        return model(tensors(model, batch[:1])[0])

    return {"make_optimizer": make_optimizer, "step": step, "logits": logits}

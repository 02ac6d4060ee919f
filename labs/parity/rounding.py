"""The verdict between green and red: only a number that Paddle keeps in float32 differs.

Paddle hands some numbers to its kernels in float32 (a LayerNorm's epsilon, Momentum's 0.9, a weight decay of 1e-4), so an
ordinary port with default settings differs in float64 by 1e-13 to 1e-7. It is not believed but proven: the PyTorch side
climbs again with the number rounded, and every rung must then be green. What is not green then stays red.
"""
from dataclasses import dataclass

from labs.parity import weights as weights_
from labs.parity.comparing import compare

MOST = 1e-6         # float64: a number in float32 is 6e-8 off at most, and a rung shows little more than that at first


@dataclass(frozen=True)
class Number:
    """One number that Paddle keeps in float32.

    Attributes
    ----------
    name : str
        Such as "LayerNorm's epsilon 1e-05".
    places : tuple of str
        Paths of layers, "the optimizer", or the function that takes it.
    """
    name: str
    places: tuple

    def __str__(self):
        more = f" and {len(self.places) - 3} more" if len(self.places) > 3 else ""
        return f"{self.name} ({', '.join(self.places[:3])}{more})"


@dataclass(frozen=True)
class Explained:
    """What numbers in float32 explain of a red pair.

    Attributes
    ----------
    numbers : tuple of Number
        Empty where they explain nothing.
    left : float
        With them rounded, the largest float64 error below `beyond`.
    beyond : Rung or None
        The lowest rung that they do not explain.
    """
    numbers: tuple = ()
    left: float = 0.0
    beyond: object = None


def explained(first, second, pair) -> Explained:
    """Let the PyTorch side climb again with its numbers rounded, and see how much higher it comes.

    Parameters
    ----------
    first, second : labs.parity.climbing.Climber
        One of PyTorch, one of Paddle; of other sides nothing is explained.
    pair : Pair
        What they gave.
    """
    red = pair.red
    if red is None or red.problem or not red.error64 <= MOST or not red.green32:
        return Explained()
    by_framework = {weights_.driver_of(one.side.build(one.start.config)).NAME: one for one in (first, second)}
    if set(by_framework) != {"PyTorch", "Paddle"}:
        return Explained()
    ours, other = by_framework["PyTorch"], by_framework["Paddle"].record("float64")
    kept, best = attempt(ours, other, frozenset())
    if height(best) <= height(pair):
        return Explained()
    spare = set()
    for name in kept.found if len(kept.found) > 1 else ():
        if height(attempt(ours, other, frozenset(spare | {name}))[1]) >= height(best):
            spare.add(name)
    numbers = tuple(Number(name, tuple(places)) for name, places in kept.found.items() if name not in spare)
    names = [rung.name for rung in best.rungs]
    loud = [rung for rung in pair.rungs if not rung.green32]
    beyond = min([one for one in (best.red, *loud[:1]) if one], key=lambda rung: names.index(rung.name), default=None)
    below = best.rungs[:names.index(beyond.name)] if beyond else best.rungs
    return Explained(numbers, max(rung.error64 for rung in below), beyond)


def height(pair) -> int:
    """How many rungs are green in float64."""
    return next((at for at, rung in enumerate(pair.rungs) if not rung.green64), len(pair.rungs))


def attempt(ours, other, leave) -> tuple:
    """The PyTorch side again with its numbers rounded, but for some: which were, and the pair in float64."""
    from labs.parity import torch_rounding
    kept = torch_rounding.Kept(leave)
    made = type(ours)(ours.start, torch_rounding.rounded(ours.side, kept)).record("float64")
    return kept, compare((made, other), None, {})

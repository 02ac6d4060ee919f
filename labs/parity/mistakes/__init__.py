"""Planted mistakes: a ladder that cannot fail proves nothing."""
from labs.parity.mistakes.catching import Caught, caught
from labs.parity.mistakes.planting import Mistake, mistakes_for, of_task, plant

__all__ = ["Caught", "Mistake", "caught", "mistakes_for", "of_task", "plant"]

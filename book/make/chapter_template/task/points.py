"""The data: points in the plane, and on which side of a line that we choose each of them lies."""
import numpy as np

NORMAL, OFFSET = np.array([1.0, -2.0]), 0.5     # of the line x - 2 y = 0.5


def draw(count: int, seed: int):
    """Points (count, 2) in float32 and their labels (count,), 1 beyond the line and 0 before it."""
    points = np.random.default_rng(seed).normal(size=(count, 2)).astype("float32")
    return points, (points @ NORMAL > OFFSET).astype("int64")

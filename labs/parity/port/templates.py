"""The two files to begin a port with."""
from pathlib import Path

from labs.parity.errors import ParityError

TORCH = '''"""The PyTorch side of a port. Needed: build(), and inputs() here or in the other file."""
import numpy as np
from torch import nn


def build():
    """The model; no weights need be loaded, the ladder gives both sides the same."""
    return nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))


def inputs():
    """What the model is called with: a tuple of arrays, or a dict for arguments by name."""
    return (np.random.default_rng(0).normal(size=(5, 8)).astype("float32"),)


# To prove training too, add your own:
#     def make_optimizer(model): ...
#     def step(model, optimizer, batch): ...      one step; returns the loss
#     def batches(): ...                          a list of tuples of arrays, in place of inputs()
# Where names differ:  names = {"my.name": "the.other.name", "layers.*.w": "h.*.weight.T"}
'''
PADDLE = '''"""The Paddle side of a port. Needed: build()."""
from paddle import nn


def build():
    """The model; no weights need be loaded, the ladder gives both sides the same."""
    return nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 4))
'''


def write_templates(folder) -> list:
    """Write paddle_side.py and torch_side.py; what is there already stays.

    Raises
    ------
    ParityError
        One of the files exists.
    """
    made = {Path(folder) / "paddle_side.py": PADDLE, Path(folder) / "torch_side.py": TORCH}
    there = [str(path) for path in made if path.exists()]
    if there:
        raise ParityError(f"{' and '.join(there)} exists and is left alone; choose an empty folder")
    for path, content in made.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return list(made)

"""Parity: PaddlePaddle, PyTorch and Hugging Face, side by side and proven equal.

The package behind the book's notebooks. Importing it does nothing and imports no framework;
take what you need: `from labs import data, device, plots, run`.
"""

__version__ = "0.1.0"

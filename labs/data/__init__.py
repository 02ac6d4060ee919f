"""The one door to data: `load` gives NumPy arrays, `folder` a path.

>>> from labs import data
>>> digits = data.load("mnist_5k")
>>> digits.images.shape
(5000, 28, 28)
"""
from labs.data.batches import Batches, batches, split
from labs.data.catalogue import Card, card, names
from labs.data.dataset import Dataset
from labs.data.door import fetch, folder, load, used
from labs.data.errors import AllSourcesFailed, CardError, DataError, NoSpace, UnknownName
from labs.data.models import Model

__all__ = ["AllSourcesFailed", "Batches", "Card", "CardError", "DataError", "Dataset", "Model", "NoSpace", "UnknownName",
           "batches", "card", "fetch", "folder", "load", "names", "split", "used"]

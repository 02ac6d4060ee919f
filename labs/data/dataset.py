"""What `load` returns: arrays by name, and the card that says what they are."""
from labs import outputs, tables


class Dataset(outputs.ShownAsTable):
    """Arrays of one set, as attributes: `.images`, `.labels` ... and `.card`.

    The arrays cannot be written to, so that no cell changes what a later one computes with;
    `array.copy()` gives one that can.

    Parameters
    ----------
    card : labs.data.catalogue.Card
    arrays : dict of str to numpy.ndarray
    """

    def __init__(self, card, arrays):
        self.card, self.arrays = card, dict(arrays)
        for array in self.arrays.values():
            array.flags.writeable = False

    def __getattr__(self, name):
        arrays = self.__dict__.get("arrays", {})
        if name in arrays:
            return arrays[name]
        title = self.card.name if "card" in self.__dict__ else "this set"
        raise AttributeError(f"{title} has no {name!r}; it has {', '.join(arrays)}")

    def __dir__(self):
        return [*super().__dir__(), *self.arrays]

    @property
    def table(self):
        """The arrays with shapes and ranges."""
        rows = [{"array": name, "shape": str(array.shape), "dtype": str(array.dtype), "least": array.min(), "most": array.max()}
                for name, array in self.arrays.items()]
        return tables.table(rows, f"{self.card.title} ({self.card.licence}), {self.card.bytes / 1e6:.1f} MB")

    @property
    def data(self):
        """The same for the status page."""
        shapes = {name: list(array.shape) for name, array in self.arrays.items()}
        return {"kind": "dataset", "name": self.card.name, "sha256": self.card.sha256, "shapes": shapes}

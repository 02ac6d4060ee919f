"""What `load` returns for a model: its config, and its weights as NumPy arrays, read when they are asked for."""
import json
from collections.abc import Mapping

import numpy as np

from labs import outputs, tables
from labs.data.errors import DataError

TYPES = {"F32": "<f4", "F64": "<f8", "F16": "<f2", "BF16": "<u2", "I64": "<i8", "I32": "<i4", "U8": "u1"}


class Weights(Mapping):
    """The tensors of a safetensors file by name; each is read from the disk when it is asked for.

    So 134 million weights go into a model one matrix at a time, and no second copy of them stays in memory.
    BF16 and F16 come out as float32: they are exact in it.

    Parameters
    ----------
    path : pathlib.Path

    Raises
    ------
    DataError
        The file is not in the safetensors format, or ends early.
    """

    def __init__(self, path):
        self.path = path
        size = path.stat().st_size
        with open(path, "rb") as stream:
            length = int.from_bytes(stream.read(8), "little")
            text = stream.read(min(length, size))
        try:
            head = json.loads(text)
            head.pop("__metadata__", None)
            self._start, self._table = 8 + length, head
            end = max((8 + length + entry["data_offsets"][1] for entry in head.values()), default=8 + length)
        except (ValueError, AttributeError, KeyError, TypeError):
            raise DataError(f"{path.name}: not a safetensors file: its head is not the JSON that the format asks for") from None
        if end > size:
            raise DataError(f"{path.name}: truncated: its tensors end at byte {end:,}, the file at {size:,}")

    def __getitem__(self, name):
        entry = self._table[name]
        if entry["dtype"] not in TYPES:
            raise DataError(f"{self.path.name}: {name}: expected one of the types {', '.join(TYPES)}, got {entry['dtype']}")
        array = np.fromfile(self.path, TYPES[entry["dtype"]], count=int(np.prod(entry["shape"], dtype=np.int64)),
                            offset=self._start + entry["data_offsets"][0]).reshape(entry["shape"])
        if entry["dtype"] == "BF16":        # the upper half of a float32
            array = (array.astype(np.uint32) << 16).view(np.float32)
        return array.astype(np.float32) if entry["dtype"] == "F16" else array

    def shape(self, name):
        """The shape of a tensor, without reading it."""
        return tuple(self._table[name]["shape"])

    def take(self, names):
        """The same file with fewer tensors: the first layers of a model, say.

        Raises
        ------
        KeyError
            A name that the file does not have.
        """
        fewer = Weights(self.path)
        fewer._table = {name: self._table[name] for name in names}
        return fewer

    def __iter__(self):
        return iter(self._table)

    def __len__(self):
        return len(self._table)

    def __repr__(self):
        count = sum(int(np.prod(self.shape(name), dtype=np.int64)) for name in self)
        return f"{len(self)} tensors, {count:,} weights, in {self.path.name}"


class Model(outputs.ShownAsTable):
    """A model behind the door: `.config` (a dict), `.weights`, `.folder` (for libraries) and `.card`."""

    def __init__(self, card, folder):
        self.card, self.folder = card, folder
        self.config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        self.weights = Weights(folder / "model.safetensors")

    @property
    def table(self):
        """What the model is."""
        count = sum(int(np.prod(self.weights.shape(name))) for name in self.weights)
        rows = [{"what": "architecture", "value": ", ".join(self.config.get("architectures", ["?"]))},
                {"what": "tensors", "value": f"{len(self.weights)}"}, {"what": "weights", "value": f"{count:,}"},
                {"what": "licence", "value": self.card.licence}, {"what": "from", "value": self.card.homepage},
                {"what": "sha256", "value": self.card.sha256}]
        return tables.table(rows + ([{"what": "note", "value": self.card.note}] if self.card.note else []), self.card.title)

    @property
    def data(self):
        """The same for the status page."""
        return {"kind": "model", "name": self.card.name, "sha256": self.card.sha256}

"""A GGUF file (llama.cpp's format), read by the `gguf` package: metadata by key, tensors turned back into float32."""
from pathlib import Path

import numpy as np

from labs.data.errors import DataError


class GGUF:
    """An open GGUF file: `.fields` (metadata by key) and `.tensors` (name to shape, outermost first).

    Parameters
    ----------
    path : path

    Raises
    ------
    DataError
        It is no GGUF file, it ends early, or it holds a type that the package does not know.
    """

    def __init__(self, path):
        from gguf import GGUFReader
        self.path = Path(path)
        try:
            reader = GGUFReader(self.path)
            self.fields = {key: field.contents() for key, field in reader.fields.items() if not key.startswith("GGUF.")}
            self._stored = {tensor.name: tensor for tensor in reader.tensors}
        except (ValueError, IndexError, KeyError, OverflowError) as error:
            raise DataError(f"{self.path.name}: expected a whole GGUF file of version 2 or 3, got one that cannot be read "
                            f"({type(error).__name__}: {error}); remove it and fetch it again") from error
        self.tensors = {name: tuple(map(int, tensor.shape[::-1])) for name, tensor in self._stored.items()}

    def tensor(self, name):
        """Return a tensor as float32, in the shape of the matrix: (out, in).

        Raises
        ------
        DataError
            It is stored in a type that the package cannot turn back.
        """
        from gguf import dequantize
        stored = self._stored[name]
        try:
            values = dequantize(stored.data, stored.tensor_type)
        except NotImplementedError as error:
            raise DataError(f"{self.path.name}: {name} is stored as {stored.tensor_type.name}, "
                            f"which the gguf package does not turn back ({error})") from error
        return np.asarray(values, np.float32).reshape(self.tensors[name])

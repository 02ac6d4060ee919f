"""From the files of an artefact to NumPy arrays: one function a format."""
import gzip
import json
import struct

import numpy as np

from labs.data.errors import DataError

IDX_TYPES = {0x08: np.dtype("u1"), 0x09: np.dtype("i1"), 0x0B: np.dtype(">i2"), 0x0C: np.dtype(">i4"),
             0x0D: np.dtype(">f4"), 0x0E: np.dtype(">f8")}


def read_idx(path):
    """Read one array in the IDX format of MNIST; a name ending in .gz is unpacked.

    Returns
    -------
    numpy.ndarray
        Of the shape and type that the file's head gives, in this machine's byte order.

    Raises
    ------
    DataError
        The head is not one of IDX, or the body has another length than the head says.
    """
    with (gzip.open if path.name.endswith(".gz") else open)(path, "rb") as stream:
        data = stream.read()
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in IDX_TYPES:
        raise DataError(f"{path.name}: not an IDX file: it starts with {data[:4].hex(' ')}")
    dtype, head = IDX_TYPES[data[2]], 4 + 4 * data[3]
    shape = struct.unpack(f">{data[3]}I", data[4:head])
    if len(data) - head != dtype.itemsize * int(np.prod(shape)):
        raise DataError(f"{path.name}: the head says shape {shape} of {dtype}, but {len(data) - head:,} bytes follow")
    return np.frombuffer(data, dtype, offset=head).reshape(shape).astype(dtype.newbyteorder("="))


def idx(folder):
    """Read the four files of MNIST and Fashion-MNIST."""
    arrays = {}
    for prefix, part in (("", "train"), ("test_", "t10k")):
        for name, ending in (("images", "images-idx3-ubyte"), ("labels", "labels-idx1-ubyte")):
            plain = folder / f"{part}-{ending}"
            arrays[prefix + name] = read_idx(plain if plain.exists() else plain.with_name(plain.name + ".gz"))
        arrays[f"{prefix}labels"] = arrays[f"{prefix}labels"].astype(np.int64)
    return arrays


def digits_csv(folder):
    """Read mnist_5k.csv.gz: 784 grey values and the label, a row a digit."""
    with gzip.open(folder / "mnist_5k.csv.gz", "rt", encoding="ascii") as stream:
        rows = np.loadtxt(stream, delimiter=",", dtype=np.uint8)        # (N, 785)
    return {"images": rows[:, :784].reshape(-1, 28, 28).copy(), "labels": rows[:, 784].astype(np.int64)}


def digits_json(folder):
    """Read 0.json to 9.json: grey values divided by 255 and rounded to three decimals.

    Rounding moves a value by at most 0.0005, which is 0.13 of a grey level, so that
    rint(255 x) restores each level exactly.
    """
    images, labels = [], []
    for digit in range(10):
        with open(folder / f"{digit}.json", encoding="ascii") as stream:
            levels = 255 * np.array(json.load(stream)["data"])
        images.append(np.rint(levels).astype(np.uint8).reshape(-1, 28, 28))
        labels.append(np.full(len(images[-1]), digit, np.int64))
    return {"images": np.concatenate(images), "labels": np.concatenate(labels)}


READERS = {"idx": idx, "digits_csv": digits_csv, "digits_json": digits_json}

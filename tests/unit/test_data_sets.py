"""The real sets: shapes, ranges and counts. A set is skipped where it is neither cached nor to be had."""
import gzip
import struct

import numpy as np
import pytest

from labs import data, outputs
from labs.data import readers

COUNTS = {"mnist_5k": [500] * 10, "mnist_10k": [1001, 1127, 991, 1032, 980, 863, 1014, 1070, 944, 978],
          "fashion_mnist": [6000] * 10, "mnist": [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]}
TEST_COUNTS = {"fashion_mnist": [1000] * 10, "mnist": [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]}


@pytest.fixture(scope="module", params=sorted(COUNTS))
def dataset(request):
    """Each set of images that this machine has or can get; for the book's own it must."""
    try:
        return data.load(request.param)
    except data.AllSourcesFailed as error:
        if data.card(request.param).book:
            raise
        pytest.skip(f"no source gives {request.param} here: {error.reasons}")


def test_shapes_ranges_and_counts(dataset):
    name = dataset.card.name
    parts = [(dataset.images, dataset.labels, COUNTS[name])]
    if name in TEST_COUNTS:
        parts.append((dataset.test_images, dataset.test_labels, TEST_COUNTS[name]))
    for images, labels, counts in parts:
        assert images.shape == (sum(counts), 28, 28) and images.dtype == np.uint8
        assert (images.min(), images.max()) == (0, 255)
        assert labels.shape == (sum(counts),) and labels.dtype == np.int64
        assert np.bincount(labels).tolist() == counts


def test_a_set_says_what_it_is(dataset):
    bundle = dataset._repr_mimebundle_()
    assert dataset.card.licence in bundle["text/plain"] and "images" in bundle["text/html"]
    assert bundle[outputs.MIME]["sha256"] == dataset.card.sha256
    assert {"images", "labels", "card"} <= set(dir(dataset))


def test_arrays_cannot_be_written_to(dataset):
    with pytest.raises(ValueError, match="read-only"):
        dataset.images[0] = 0


def test_an_array_that_is_not_there_is_named(dataset):
    with pytest.raises(AttributeError, match=f"{dataset.card.name} has no 'image'; it has images, labels"):
        dataset.image       # noqa: B018


def test_images_are_upright_and_not_shifted():
    digits = data.load("mnist_5k")
    mean = digits.images[digits.labels == 1].mean(axis=0)
    rows, columns = mean.sum(axis=1), mean.sum(axis=0)
    assert np.count_nonzero(rows > rows.max() / 2) > 1.5 * np.count_nonzero(columns > columns.max() / 2), "a 1 is higher than wide"
    assert abs((columns * np.arange(28)).sum() / columns.sum() - 13.5) < 1


def test_the_book_has_a_chinese_font():
    folder = data.folder("wqy_microhei")
    assert [path.name for path in folder.iterdir()] == ["wqy-microhei.ttc"]
    assert (folder / "wqy-microhei.ttc").read_bytes()[:4] == b"ttcf"


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("code, dtype", [(0x08, "u1"), (0x0C, "i4"), (0x0E, "f8")])
def test_idx_is_read(tmp_path, packed, code, dtype):
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    content = bytes([0, 0, code, 3]) + struct.pack(">3I", 2, 3, 4) + array.astype(np.dtype(dtype).newbyteorder(">")).tobytes()
    path = tmp_path / ("a.gz" if packed else "a")
    path.write_bytes(gzip.compress(content) if packed else content)
    found = readers.read_idx(path)
    assert found.dtype == array.dtype and (found == array).all()


@pytest.mark.parametrize("content, says", [(b"PK\3\4", "not an IDX file: it starts with 50 4b 03 04"), (b"", "not an IDX file"),
                                           (bytes([0, 0, 8, 1, 0, 0, 0, 5]) + b"four", r"shape \(5,\) of uint8, but 4 bytes follow")])
def test_a_file_that_is_not_idx_raises(tmp_path, content, says):
    (tmp_path / "a").write_bytes(content)
    with pytest.raises(data.DataError, match=says):
        readers.read_idx(tmp_path / "a")

"""Reviews of clothes and whether their writer recommends the piece: two classes of equal size, for fine-tuning."""
from dataclasses import dataclass

import numpy as np

FILE = "WomensClothingE-CommerceReviews.parquet.brotli"
POOL = TEST = 1000      # texts to learn from, and to be judged by; half of each are recommendations
TRAIN, LENGTH = 320, 40  # texts of one training, drawn from the pool; tokens of a text: enough for its opinion, and quick


@dataclass(frozen=True)
class Reviews:
    """Texts with their labels: 1 where the piece is recommended."""
    texts: list
    labels: np.ndarray


def load(data) -> dict:
    """Reviews by part, "pool" and "test": drawn once, no text twice; `data` is the door (`labs.data`)."""
    import pyarrow.parquet as parquet
    table = parquet.read_table(data.folder("clothing_reviews") / FILE, columns=["Review Text", "Recommended IND"])
    first = {}
    for text, label in zip(table["Review Text"].to_pylist(), table["Recommended IND"].to_pylist()):
        if text:
            first.setdefault(" ".join(text.split()), label)
    texts, labels = list(first), np.array(list(first.values()))
    rng, half = np.random.default_rng(0), {"pool": POOL // 2, "test": TEST // 2}
    chosen = {label: rng.permutation(np.flatnonzero(labels == label)) for label in (0, 1)}
    parts, start = {}, 0
    for part, count in half.items():
        at = rng.permutation(np.concatenate([chosen[label][start:start + count] for label in (0, 1)]))
        parts[part], start = Reviews([texts[i] for i in at], labels[at].astype(np.int64)), start + count
    return parts


def drawn(labels, seed, count=TRAIN):
    """Which texts of the pool one training reads, half of each class, in the order in which it reads them."""
    rng = np.random.default_rng(seed)
    at = np.concatenate([rng.permutation(np.flatnonzero(labels == label))[:count // 2] for label in (0, 1)])
    return rng.permutation(at)


def encoded(folder, texts, length=LENGTH):
    """Ids of texts by the tokenizer of a model's folder, cut at `length`, with [CLS] and [SEP]."""
    from tokenizers import Tokenizer
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(length)
    return [one.ids for one in tokenizer.encode_batch(list(texts))]

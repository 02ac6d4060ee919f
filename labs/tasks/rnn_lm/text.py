"""Texts to numbers: corpora with their splits, vocabularies, and streams for truncated backpropagation.

A corpus is three lists of tokens: train, valid, test. Tokens are characters, or words with `<eos>` at each line's end.
"""
import json
import re
from collections import Counter
from pathlib import Path

import numpy as np

UNKNOWN, END = "<unk>", "<eos>"
VALID, TEST = "twelfth_night", "macbeth"        # a comedy and a tragedy, never seen in training
METRES = ([5] * 4, [7] * 4, [5] * 8, [7] * 8)   # quatrains and octaves of five and of seven
POEM_END = "\n"


class TextError(ValueError):
    """A text that a model cannot read: empty, or with a token it does not know."""


class Vocabulary:
    """Tokens and their numbers, the most frequent first.

    Parameters
    ----------
    tokens : iterable of str
        The text that decides what is known: the training part alone.
    size : int, optional
        How many to keep, `<unk>` included; default all, and then there is no `<unk>`.
    """

    def __init__(self, tokens, size=None):
        counts = Counter(tokens)
        if not counts:
            raise TextError("an empty text has no vocabulary")
        ranked = sorted(counts, key=lambda token: (-counts[token], token))
        if size is not None and size <= len(ranked) and UNKNOWN not in ranked[:size]:
            ranked = [UNKNOWN, *[token for token in ranked if token != UNKNOWN][:size - 1]]
        self.tokens = tuple(ranked)
        self.numbers = {token: number for number, token in enumerate(self.tokens)}

    @classmethod
    def of(cls, tokens):
        """Return the vocabulary with exactly these tokens in this order, as a checkpoint keeps it."""
        made = cls.__new__(cls)
        made.tokens = tuple(tokens)
        made.numbers = {token: number for number, token in enumerate(made.tokens)}
        return made

    def __len__(self):
        return len(self.tokens)

    def encode(self, tokens):
        """Return the numbers of the tokens, int64 (N,).

        Raises
        ------
        TextError
            The text is empty, or holds a token that is not known where there is no `<unk>`.
        """
        tokens = list(tokens)
        if not tokens:
            raise TextError("an empty text: give the model at least one token to begin with")
        unknown = self.numbers.get(UNKNOWN)
        numbers = np.array([self.numbers.get(token, -1) for token in tokens], np.int64)
        if unknown is None and (numbers < 0).any():
            at = int(np.argmax(numbers < 0))
            raise TextError(f"token {tokens[at]!r} at position {at} is not among the {len(self)} that the model knows")
        return np.where(numbers < 0, unknown or 0, numbers)

    def decode(self, numbers):
        """Return the tokens of the numbers, a list of str."""
        return [self.tokens[int(number)] for number in numbers]


def words(text):
    """Split a text into words and punctuation marks, each line ended by `<eos>`."""
    lines = (re.findall(r"[a-z]+(?:'[a-z]+)*|[^\sa-z]", line.lower()) for line in text.splitlines())
    return [token for line in lines if line for token in (*line, END)]


def shakespeare(folder, level="characters"):
    """Read 42 plays and poems; *Twelfth Night* is put aside to validate, *Macbeth* to test.

    Parameters
    ----------
    folder : path
        What `data.folder("shakespeare")` returns.
    level : {"characters", "words"}

    Returns
    -------
    dict of str to (str or list of str)
        train, valid, test.
    """
    if level not in ("characters", "words"):
        raise ValueError(f"level: expected characters or words, got {level!r}")
    works = {path.name.removesuffix("_gut.txt"): path.read_text(encoding="ascii") for path in sorted(Path(folder).glob("*_gut.txt"))}
    if VALID not in works or TEST not in works:
        raise TextError(f"expected {VALID}_gut.txt and {TEST}_gut.txt in {folder}; pass what data.folder('shakespeare') returns")
    parts = {"train": "\n".join(text for name, text in works.items() if name not in (VALID, TEST)),
             "valid": works[VALID], "test": works[TEST]}
    return parts if level == "characters" else {part: words(text) for part, text in parts.items()}


def tang(folder):
    """Read the regular Tang poems: 4 or 8 lines, all of 5 or all of 7 characters, one poem a line.

    Of each poem's number modulo 20, 18 validates and 19 tests.

    Parameters
    ----------
    folder : path
        What `data.folder("tang_poems")` returns.

    Returns
    -------
    dict of str to str
        train, valid, test.
    """
    files = sorted(Path(folder).glob("poet.tang.*.json"), key=lambda path: int(path.name.split(".")[2]))
    if not files:
        raise TextError(f"no poet.tang.*.json in {folder}; pass what data.folder('tang_poems') returns")
    poems = ["".join(poem["paragraphs"]) for file in files for poem in json.loads(file.read_text(encoding="utf-8"))]
    regular = [poem for poem in dict.fromkeys(poems) if metre(poem) in METRES]
    parts = {"train": range(18), "valid": (18,), "test": (19,)}
    return {part: "".join(poem + POEM_END for n, poem in enumerate(regular) if n % 20 in kept) for part, kept in parts.items()}


def metre(poem):
    """Characters between one mark and the next: [5, 5, 5, 5] for a quatrain of five; [] if any other character occurs."""
    if re.search(r"[^\u4e00-\u9fff，。！？；]", poem):
        return []
    return [len(line) for line in re.split("[，。！？；]", poem) if line]


def ptb(folder):
    """Read the Penn Treebank as Mikolov prepared it, from a reader's own copy (its licence forbids to ship it).

    Parameters
    ----------
    folder : path
        With ptb.train.txt, ptb.valid.txt and ptb.test.txt.

    Returns
    -------
    dict of str to list of str
        train, valid, test: words, `<eos>` at each line's end; 929,589 of them to train on.
    """
    parts = {}
    for part in ("train", "valid", "test"):
        path = Path(folder) / f"ptb.{part}.txt"
        if not path.is_file():
            raise TextError(f"expected {path}: PTB cannot be shipped, so put its three files ptb.*.txt into one folder")
        parts[part] = path.read_text(encoding="utf-8").replace("\n", f" {END} ").split()
    return parts


def batches(numbers, config):
    """Cut a text into B streams, and these into pieces of T steps.

    Parameters
    ----------
    numbers : array of int64, shape (N,)
    config : Config
        `batch_size` B and `steps` T.

    Returns
    -------
    list of (x, y)
        int64 (T, B) each. Column b of a batch goes on where column b of the batch before it ended; y is x one
        token later. What does not fill a piece is left out.

    Raises
    ------
    TextError
        The text is too short for one batch.
    """
    streams, steps = config.batch_size, config.steps
    long = (len(numbers) - 1) // streams                # tokens of one stream
    if long < steps:
        raise TextError(f"expected at least {streams * steps + 1} tokens for one batch of {streams} streams by {steps} steps, "
                        f"got {len(numbers)}")
    x = np.asarray(numbers[:long * streams]).reshape(streams, long).T           # (N / B, B)
    y = np.asarray(numbers[1:long * streams + 1]).reshape(streams, long).T
    return [(np.ascontiguousarray(x[t:t + steps]), np.ascontiguousarray(y[t:t + steps]))
            for t in range(0, long - steps + 1, steps)]


def perplexity(nats):
    """Exponential of the mean negative log probability of a token, in nats: a uniform model of V scores V."""
    return float(np.exp(np.mean(nats)))

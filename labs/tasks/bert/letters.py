"""A small text to guess letters in: Shakespeare by characters, and what counting neighbours knows without a network."""
from dataclasses import replace

import numpy as np

from labs.tasks.bert.config import IGNORED, Config, masked

MASK, LENGTH, BATCH = 1, 32, 32         # code 1 stands in no play
#: A BERT for letters: as small as it may be and still learn something in a minute.
LETTERS = Config(vocab_size=128, hidden_size=64, intermediate_size=256, num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=64,
                 hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, learning_rate=2.0**-8)


def text(data, play="coriolanus"):
    """Codes of the characters of a play."""
    return np.frombuffer((data.folder("shakespeare") / f"{play}_gut.txt").read_bytes(), np.uint8).astype(np.int64)


def batches(codes, count, seed, size=BATCH, length=LENGTH, share=0.15):
    """Batches (tokens, labels) from random places, masked as BERT has it."""
    rng, made = np.random.default_rng(seed), []
    for _ in range(count):
        at = rng.integers(0, len(codes) - length, size)[:, None] + np.arange(length)
        made.append(masked(codes[at], np.ones_like(at), rng, MASK, LETTERS.vocab_size, share=share))
    return made


def asked(batch):
    """Where a batch asks, and the labels there."""
    where = batch[1] != IGNORED
    return where, batch[1][where]


def by_counting(codes, batches):
    """How many of the asked letters counting gets right: the commonest letter, and the commonest between the same two neighbours.

    Neighbours are read as the network reads them, masked ones too; where the pair was never seen, the commonest letter is said.
    """
    common = int(np.bincount(codes).argmax())
    table = np.zeros((128, 128, 128), np.int32)
    np.add.at(table, (codes[:-2], codes[2:], codes[1:-1]), 1)
    seen, best = table.sum(2) > 0, table.argmax(2)
    found = {"the commonest letter": [], "the commonest between its neighbours": []}
    for seen_tokens, labels in batches:
        around = np.pad(seen_tokens, ((0, 0), (1, 1)), constant_values=32)
        left, right = around[:, :-2], around[:, 2:]
        guess = np.where(seen[left, right], best[left, right], common)
        where = labels != IGNORED
        found["the commonest letter"].append(labels[where] == common)
        found["the commonest between its neighbours"].append(guess[where] == labels[where])
    return {name: np.concatenate(one) for name, one in found.items()}


def deeper(config, layers, **changes):
    """The same BERT with more layers, or another kind of them."""
    return replace(config, num_hidden_layers=layers, **changes)

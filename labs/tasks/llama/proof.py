"""What the Llama twins prove, for tests and for the terminal: a tiny Llama on real text, one byte a token."""
from dataclasses import replace

import numpy as np

from labs.parity.weights import driver_of
from labs.tasks.llama.config import Config, Llama3Scaling

STEPS, BATCH, LENGTH = 20, 4, 16
# Adam's epsilon is 1e-6, not 1e-8: a gradient as small as epsilon turns its own rounding into a step, 2e-12 of a weight
TINY = Config(vocab_size=256, hidden_size=48, intermediate_size=128, num_hidden_layers=2, num_attention_heads=6,
              num_key_value_heads=2, max_position_embeddings=64, learning_rate=2.0**-9, epsilon=2.0**-20)
# Llama 3.2's own factors, with contexts as small: of 8 numbers a head the first pair stays, the others are slowed
SCALED = replace(TINY, rope_scaling=Llama3Scaling(32.0, 1.0, 4.0, 16))


def cases(data) -> dict:
    """Configs and batches by title; `data` is the door (`labs.data`)."""
    play = (data.folder("shakespeare") / "coriolanus_gut.txt").read_bytes()
    tokens = np.frombuffer(play[:STEPS * BATCH * LENGTH], np.uint8)
    made = batches(tokens, BATCH, LENGTH)
    return {"tiny": (TINY, made), "Llama 3's RoPE, left padding": (SCALED, [padded(batch) for batch in made[:3]])}


def reaching(config, batches: list) -> list:
    """Fewer batches that reach more: the whole context, every token, a row that is ignored whole, a second epoch."""
    first, *others = batches
    if len(batches) < 4:
        return [first, others[0], whole(), ignored(others[1]), first]
    return [first, *others[:2], whole(), ignored(others[2]), first]


def batches(tokens, size, length) -> list:
    """Cut tokens into batches (x, labels), each (size, length) int64; the labels are the tokens themselves.

    As in transformers: the loss shifts them by one. The first third of each batch's first row is left out of the
    loss, as a prompt would be.
    """
    rows = len(tokens) // length
    x = np.asarray(tokens[:rows * length], np.int64).reshape(rows, length)
    labels = x.copy()
    labels[::size, :length // 3] = -100
    return [(x[i:i + size], labels[i:i + size]) for i in range(0, rows - size + 1, size)]


def padded(batch) -> tuple:
    """The same batch with a mask, 1 for a token and 0 for padding: the first third of its last row is padding.

    Neither padding nor the first token behind it is asked for: there is nothing before that token.
    """
    (x, labels), third = (a.copy() for a in batch), batch[0].shape[1] // 3
    mask = np.ones_like(x)
    mask[-1, :third] = 0
    labels[-1, :third + 1] = -100
    return x, labels, mask


def whole() -> tuple:
    """A batch of another size, without a mask, that fills the context and has every token: five rows of 64."""
    x = np.concatenate([np.arange(256), np.arange(64)[::-1]]).reshape(5, 64)
    return x, x.copy()


def ignored(batch) -> tuple:
    """The same batch, three rows of it, with one that the loss leaves out whole."""
    x, labels, *mask = (a[:3].copy() for a in batch)
    labels[-1] = -100
    return x, labels, *mask


def cached(side, model, batches):
    """Logits of a text that is read in four pieces, one of them a single token, with a cache."""
    driver, (tokens, _, *mask) = driver_of(model), batches[0]
    caches, found = [side.Cache() for _ in model.model.layers], []
    for start, end in ((0, 7), (7, 8), (8, 13), (13, tokens.shape[1])):
        seen = [driver.tensor(model, one[:, :end]) for one in mask]
        found.append(driver.to_numpy(model(driver.tensor(model, tokens[:, start:end]), caches, *seen)))
    return np.concatenate(found, axis=1)


FURTHER = {"cache": cached}

"""What the BERT twins prove, for tests and for the terminal: tiny ones on real text, one character a token."""
from dataclasses import replace

import numpy as np

from labs.tasks.bert.config import IGNORED, Config, masked

STEPS, BATCH, LENGTH, MASK = 8, 4, 16, 1
TINY = Config(vocab_size=128, hidden_size=32, intermediate_size=96, num_hidden_layers=2, num_attention_heads=4, max_position_embeddings=32,
              hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, learning_rate=2.0**-9, weight_decay=2.0**-6)
# dropout is on in the ladder's last rung alone, with masks that both sides share
CLASSES = replace(TINY, num_labels=3, hidden_dropout_prob=0.125)
LATER = replace(TINY, norm_first=True, rotary=True, fused=True)


def cases(data) -> dict:
    """Configs and batches by title; `data` is the door (`labs.data`)."""
    text = np.frombuffer((data.folder("shakespeare") / "coriolanus_gut.txt").read_bytes()[:STEPS * BATCH * LENGTH], np.uint8)
    made = batches(text.astype(np.int64), BATCH, LENGTH)
    return {"masked words": (TINY, made), "classes, token types, the pooler": (CLASSES, [classes(batch) for batch in made[:4]]),
            "pre-norm, RoPE, one call, left padding": (LATER, [left(batch) for batch in made[:4]])}


def batches(text, size, length) -> list:
    """Cut text into batches (tokens, labels, mask, types), each (size, length) int64, with masked characters.

    The last row is padded on the right; where a row's second sentence begins differs from row to row.
    """
    rng, rows, made = np.random.default_rng(0), text.reshape(-1, size, length), []
    for tokens in rows:
        mask, types = np.ones_like(tokens), np.zeros_like(tokens)
        mask[-1, 2 * length // 3:] = 0
        types[:] = np.arange(length) >= rng.integers(2, length - 2, (size, 1))
        tokens = np.where(mask == 1, tokens, 0)
        seen, labels = masked(tokens, mask, rng, MASK, TINY.vocab_size, share=0.25)
        made.append((seen, labels, mask, types))
    return made


def classes(batch) -> tuple:
    """The same texts, asked for one of three classes: labels (B,)."""
    tokens, _, mask, types = batch
    return tokens, np.arange(len(tokens)) % 3, mask, types


def left(batch) -> tuple:
    """The same batch with its padding on the left."""
    gaps = (batch[2] == 0).sum(1)
    return tuple(np.stack([np.roll(row, gap) for row, gap in zip(one, gaps)]) for one in batch)


def reaching(config, batches: list) -> list:
    """Batches that reach more: every token, the whole context, no mask, one example, a row that is not asked, a second epoch."""
    first, second, third, *_ = batches
    tokens = np.arange(config.vocab_size).reshape(4, -1)
    labels = np.arange(4) % 3 if config.num_labels else np.where(tokens % 5 == 0, tokens, IGNORED)
    silent = tuple(one[:3].copy() for one in third)
    if not config.num_labels:
        silent[1][-1] = IGNORED
    return [first, second, (tokens, labels), silent, tuple(one[-1:] for one in second), first]

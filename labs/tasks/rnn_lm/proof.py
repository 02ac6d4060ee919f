"""What the language models prove, for tests and for the terminal: words by SGD, characters by Adam, on Shakespeare."""
from dataclasses import replace

import numpy as np

from labs.parity.weights import driver_of
from labs.tasks.rnn_lm import text
from labs.tasks.rnn_lm.config import SHAKESPEARE, SMALL

STEPS = 20
# Small, and with numbers that float32 holds exactly, because Fluid and Paddle keep several in float32. 20 units and
# not 16: where the width is a multiple of 8, Fluid's own float32 gradients are wrong on a processor. A clip that the
# first gradient exceeds, but less than twice: so no mistake hides behind it.
TINY = {"embedding": 12, "hidden": 20, "steps": 8, "batch_size": 4, "clip": 1.5}
WORDS = TINY | {"vocabulary": 200, "learning_rate": 2**-3}
CHARACTERS = TINY | {"learning_rate": 2**-9, "beta1": 0.875, "beta2": 1 - 2**-10, "epsilon": 2**-27}


def cases(data) -> dict:
    """Configs and batches by title; `data` is the door (`labs.data`)."""
    folder, made = data.folder("shakespeare"), {}
    for level, config, small in (("words", SMALL, WORDS), ("characters", SHAKESPEARE, CHARACTERS)):
        tokens = text.shakespeare(folder, level)["valid"]
        vocabulary = text.Vocabulary(tokens, small.get("vocabulary"))
        tiny = replace(config, **small | {"vocabulary": len(vocabulary)})
        made[level] = tiny, text.batches(vocabulary.encode(tokens), tiny)[:STEPS]
    return made


def reaching(config, batches: list) -> list:
    """Fewer batches that reach more: every token of the vocabulary, a short piece, a second epoch, the state carried on.

    The last piece is one step long: an LSTM forgets within a few steps what it was handed, a state in float16 among it.
    """
    first, *others = batches
    ids = np.resize(np.arange(config.vocabulary), (-(-config.vocabulary // config.batch_size), config.batch_size))
    short = tuple(a[:3] for a in others[4])
    return [first, *others[:4], short, (ids, np.roll(ids, 1, axis=0)), first, others[0], tuple(a[:1] for a in others[1])]


def score(side, model, batches):
    """Nats per token of each stream, the state carried from piece to piece."""
    return side.score(model, batches[:3])


def advance(side, model, batches):
    """What comes next, after a text that is read in two pieces."""
    tokens = batches[0][0]
    _, state = side.advance(model, tokens[:5])
    return side.advance(model, tokens[5:], state)[0]


def state(side, model, batches):
    """What the last step of training handed on: the hidden state and the cell."""
    to_numpy = driver_of(model).to_numpy
    return {"hidden": to_numpy(model.state[0]), "cell": to_numpy(model.state[1])}


FURTHER = {"state": state, "score": score, "advance": advance}

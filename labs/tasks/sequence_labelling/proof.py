"""On which data the sides are proven equal: made sentences of odd lengths, padding that is garbage, every word and tag."""
import numpy as np

from labs.tasks.sequence_labelling.config import Config
from labs.tasks.sequence_labelling.mistakes import f1

STEPS = 20
TINY = {"vocabulary": 23, "tags": 5, "embedding": 7, "hidden": 6, "batch_size": 4, "learning_rate": 2**-7}


def sentences(config, count, longest, rng):
    """A batch: words and tags (B, T), lengths (B,); what stands after a sentence's end is drawn too."""
    lengths = rng.integers(1, longest + 1, count)
    lengths[-1] = longest            # so that the last tag of a batch is one of a word
    shape = count, longest
    return rng.integers(0, config.vocabulary, shape), rng.integers(0, config.tags, shape), lengths


def cases(data) -> dict:
    """Configs and batches by title; `data` is the door (`labs.data`), which is not needed: the sentences are drawn.

    Each word comes at least once; one batch holds one sentence, one only sentences of one word, one no padding at
    all; the first comes again, as in a second epoch.
    """
    config = Config(**TINY)
    rng = np.random.default_rng(0)
    batches = [sentences(config, config.batch_size, longest, rng) for longest in (5, 3, 8, 2, 6)]
    every = np.resize(np.arange(config.vocabulary), (4, 6))
    batches += [(every, every % config.tags, np.full(4, 6)), sentences(config, 1, 4, rng),
                sentences(config, 3, 1, rng), batches[0]]
    batches += [sentences(config, 4, 7, rng) for _ in range(STEPS - len(batches))]
    return {"BiLSTM-CRF": (config, batches), "softmax": (Config(**TINY, crf=False), batches),
            "CRF alone": (Config(**TINY, lstm=False), batches)}


def paths(side, model, batches):
    """The best tags of each sentence, numbered: a wrong one is seen whole."""
    return np.concatenate([side.decode(model, batch).ravel() for batch in batches[:6]]).astype(float)


def score(side, model, batches):
    """F1 over several batches, as a number that no rounding moves."""
    scored = getattr(side, "scored", None) or (lambda model, batches: f1(side, model, batches))
    return np.array(scored(model, batches[:6]))


FURTHER = {"best path": paths, "F1": score}

"""Train a checkpoint of the labellers again, with the task's own PyTorch step: some minutes each on one core."""
import time

from labs.tasks.sequence_labelling import corpus, entities
from labs.tasks.sequence_labelling.config import CONFIGS

HELD_OUT = 2000                     # sentences at the end of the training file that choose the number of epochs
TAGS = ("O", *(f"{prefix}-{kind}" for kind in ("PER", "LOC", "ORG") for prefix in "BIES"))


def msra(data, config, held_out=HELD_OUT):
    """The training sentences, those held out, and the vocabulary of the former."""
    every = corpus.msra(data.folder("msra_ner") / "msra_train.txt")
    train = every[:min(config.sentences, len(every) - held_out)]
    words = corpus.Vocabulary.of((word for sentence in train for word, _ in sentence), size=config.vocabulary)
    return train, every[-held_out:], words


def evaluate(side, model, batches):
    """Counts of entities, (N, 3), on batches that keep the order of their sentences."""
    rows = []
    for batch in batches:
        told = side.decode(model, batch)
        right, told = (corpus.unpadded(a, batch[2]) for a in (batch[1], told))
        rows.append(entities.counts(*([[TAGS[i] for i in tags] for tags in each] for each in (right, told))))
    return [row for each in rows for row in each]


def train(name, data, begin, report=print, config=None, limit=None):
    """Train from the beginning.

    Parameters
    ----------
    name : str
        Of a config.
    data : module
        The door, `labs.data`.
    begin : callable
        `begin(model, within)` gives the model its initial weights.
    report : callable
        Is told the state of things, a line of text at a time.
    config : Config, optional
        Instead of the named one.
    limit : int, optional
        Steps after which an epoch ends; for tests.

    Returns
    -------
    model, config, facts
    """
    from labs.tasks.sequence_labelling import torch_side
    if name not in CONFIGS:
        raise ValueError(f"name: expected one of {', '.join(CONFIGS)}, got {name!r}")
    config = config or CONFIGS[name]
    sentences, held_out, words = msra(data, config)
    held_out = corpus.batches(held_out, words, TAGS, 100)[:limit]
    model = begin(torch_side.build(config), 0.1)
    optimizer = torch_side.make_optimizer(model, config)
    started, facts = time.monotonic(), {}
    for epoch in range(config.epochs):
        for group in optimizer.param_groups:
            group["lr"] = config.learning_rate / (4 if epoch == config.epochs - 1 else 1)
        batches = corpus.batches(sentences, words, TAGS, config.batch_size, seed=epoch)[:limit]
        for number, batch in enumerate(batches, 1):
            loss = torch_side.step(model, optimizer, batch)
            if number % 100 == 0:
                report(f"epoch {epoch + 1}, step {number} of {len(batches)}: {loss.item():.2f} nats per sentence, {time.monotonic() - started:.0f} s")
        facts = {"held-out F1": entities.f1(evaluate(torch_side, model, held_out))}
        report(f"epoch {epoch + 1}: held-out F1 {facts['held-out F1']:.3f}")
    return model, config, facts | {"seconds": round(time.monotonic() - started), "vocabulary": list(words.tokens)}

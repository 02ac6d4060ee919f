"""Train a checkpoint of the language models again, with the task's own PyTorch step.

On one core: `shakespeare` and `tang` 10 to 30 minutes each, as fast as the core is. `small`, `medium` and `large` want the Penn
Treebank: set LABS_PTB to the folder with ptb.train.txt, ptb.valid.txt and ptb.test.txt.
"""
import os
import time

from labs.tasks.rnn_lm import text
from labs.tasks.rnn_lm.config import CONFIGS


def corpus(name, data):
    """Return the parts of the text that a config is for, and its vocabulary."""
    if name not in CONFIGS:
        raise text.TextError(f"name: expected one of {', '.join(CONFIGS)}, got {name!r}")
    if name == "shakespeare":
        parts = text.shakespeare(data.folder("shakespeare"))
        return parts, text.Vocabulary(parts["train"])
    if name == "tang":
        parts = text.tang(data.folder("tang_poems"))
        return parts, text.Vocabulary(parts["train"], CONFIGS[name].vocabulary)
    parts = text.ptb(os.environ.get("LABS_PTB", "."))
    return parts, text.Vocabulary(parts["train"])


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
    from labs.tasks.rnn_lm import torch_side
    parts, vocabulary = corpus(name, data)
    config = CONFIGS[name] if config is None else config
    if len(vocabulary) != config.vocabulary:
        raise text.TextError(f"{name}: expected a text of {config.vocabulary} different tokens, got {len(vocabulary)}")
    batches = {part: text.batches(vocabulary.encode(tokens), config)[:limit] for part, tokens in parts.items()}
    model = begin(torch_side.build(config), config.scale)
    optimizer = torch_side.make_optimizer(model, config)
    started, facts = time.monotonic(), {}
    for epoch in range(config.epochs):
        rate = config.learning_rate * config.decay ** max(0, epoch + 1 - config.flat_epochs)
        for group in optimizer.param_groups:
            group["lr"] = rate
        model.state = None
        for number, batch in enumerate(batches["train"], 1):
            loss = torch_side.step(model, optimizer, batch)
            if number % 100 == 0:
                report(f"epoch {epoch + 1}, step {number} of {len(batches['train'])}: perplexity "
                       f"{text.perplexity(loss.item() / config.steps):.2f}, {time.monotonic() - started:.0f} s")
        facts = {f"{part} perplexity": text.perplexity(torch_side.score(model, batches[part])) for part in ("valid", "test")}
        report(f"epoch {epoch + 1}, rate {rate:g}: " + ", ".join(f"{part} {value:.2f}" for part, value in facts.items()))
    facts |= {"seconds": round(time.monotonic() - started), "vocabulary": list(vocabulary.tokens)}
    return model, config, facts

"""Make what a quick run of the chapter cannot wait for: `features`, `paddle` and `pytorch`; 5 to 15 minutes of one core each.

`features` are sentences' rows of all reviews, by MiniLM as it is and by an encoder that has learned nothing. `pytorch` and `paddle`
are the answers of MiniLM after full fine-tuning, several times, to the reviews of the test: logits, not weights, which would be 45 MB.
"""
import time
from dataclasses import replace

import numpy as np

from labs.tasks.bert import reviews
from labs.tasks.bert.config import Config, padded
from labs.tasks.bert.watching import encoder_weights

SEEDS = {"pytorch": (0, 1, 2), "paddle": (0, 1, 2)}
EPOCHS, BATCH = 2, 16
#: What fine-tuning changes of MiniLM's config: two classes; dropout off, so that both frameworks compute the same.
FINE = {"num_labels": 2, "hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0}


def train(name, data, begin, report=print, seeds=None):
    """Compute one of the three.

    Returns
    -------
    model, config, facts
        The model is a list of arrays by name, as PyTorch's ParameterDict.
    """
    import torch
    model = data.load("minilm_l6_v2")
    config, parts = Config.of(model.config, **FINE), reviews.load(data)
    ids = {part: reviews.encoded(model.folder, one.texts) for part, one in parts.items()}
    weights, started = encoder_weights(model.weights), time.monotonic()
    if name == "features":
        from labs import parity
        from labs.tasks.bert import torch_side
        made, bert = {}, torch_side.Bert(config)
        for kind, w in {"trained": weights, "untrained": parity.initial_weights(bert, seed=0)}.items():
            parity.load(bert, w).eval()
            for part, rows in ids.items():
                report(f"{kind}, {part}: {time.monotonic() - started:.0f} s")
                made[f"{kind}_{part}"] = sentences(torch_side, bert, rows)
    elif name in SEEDS:
        side = __import__(f"labs.tasks.bert.{'torch' if name == 'pytorch' else 'paddle'}_side", fromlist=["build"])
        made = {}
        for seed in SEEDS[name] if seeds is None else seeds:
            model, losses = fine_tuned(side, config, weights, ids["pool"], parts["pool"].labels, seed)
            made[f"logits_{seed}"], made[f"losses_{seed}"] = answers(side, model, ids["test"]), np.array(losses)
            right = (made[f"logits_{seed}"].argmax(1) == parts["test"].labels).mean()
            report(f"seed {seed}: {right:.1%} right, loss {losses[0]:.3f} to {losses[-1]:.3f}, {time.monotonic() - started:.0f} s")
    else:
        raise ValueError(f"name: expected features, {' or '.join(SEEDS)}, got {name!r}")
    kept = torch.nn.ParameterDict({key: torch.from_numpy(np.asarray(value, np.float32)) for key, value in made.items()})
    return kept, config, {"texts": "clothing_reviews", "seconds": round(time.monotonic() - started)}


def sentences(side, bert, rows, size=50):
    """The twin's `sentences` of many texts, (N, C), read in order of length and returned in their own."""
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    found = [side.sentences(bert, *padded([rows[i] for i in order[at:at + size]])[:2]) for at in range(0, len(order), size)]
    found, back = np.concatenate([np.asarray(one.cpu()) for one in found]), np.argsort(order)
    return found[back]


def start_weights(side, config, weights, seed):
    """MiniLM's encoder and pooler, and a last layer that is drawn anew for each seed."""
    from labs import parity
    drawn = parity.initial_weights(side.build(replace(config, num_hidden_layers=1)), seed)
    return {f"bert.{name}": w for name, w in weights.items()} | {name: w for name, w in drawn.items() if name.startswith("classifier.")}


def lessons(rows, labels, seed, count=reviews.TRAIN, epochs=EPOCHS):
    """Batches (tokens, labels, mask) of one training: the same for both frameworks."""
    at = reviews.drawn(labels, seed, count)
    return [padded_batch(rows, labels, at[i:i + BATCH]) for _ in range(epochs) for i in range(0, len(at), BATCH)]


def padded_batch(rows, labels, at):
    """One batch, padded on the right to its longest text."""
    tokens, mask, _ = padded([rows[i] for i in at])
    return tokens, labels[at], mask


def fine_tuned(side, config, weights, rows, labels, seed, **how):
    """MiniLM after training all its weights on a draw of the pool; the model and its losses."""
    from labs import parity
    model = parity.load(side.build(config), start_weights(side, config, weights, seed))
    optimizer = side.make_optimizer(model, config)
    losses = [side.step(model, optimizer, batch).item() for batch in lessons(rows, labels, seed, **how)]
    return model, losses


def answers(side, model, rows, size=50):
    """Logits (N, K) of many texts, read in order of length and returned in their own."""
    order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
    found = []
    for at in range(0, len(order), size):
        tokens, mask, _ = padded([rows[i] for i in order[at:at + size]])
        found.append(np.asarray(side.logits(model, (tokens, None, mask)).cpu()))
    return np.concatenate(found)[np.argsort(order)]

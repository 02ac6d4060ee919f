"""What the batches of a proof reached: a bound that never binds, or a batch that is never odd, hides what it guards."""
from dataclasses import dataclass

import numpy as np

from labs.parity.sketches import Sketch
from labs.tables import Verdict, table

LOUD = 100.0            # logits so far apart that a softmax in float32 is 0 and 1
WARM = 3                # steps of a warm-up that tell a line from a jump


@dataclass(frozen=True)
class Coverage:
    """Rows (what, reached, in words); only what the config and the batches make possible is asked for."""
    rows: list

    @classmethod
    def of(cls, config, batches: list, record, weights: dict, bounds: dict | None = None) -> "Coverage":
        """Look at a config, its batches, the first side's float64 record, the weights that it began from and the other side's bounds."""
        bounds = [record.bounds, bounds or {}]
        batches = [tuple(part for part in (batch.values() if isinstance(batch, dict) else batch) if isinstance(part, np.ndarray))
                   for batch in batches]
        if not all(batches):
            return cls([])
        found = [*of_weights(record, weights), *of_sizes(batches), *of_tokens(config, batches), *of_labels(batches), *of_clipping(config, record, bounds),
                 *of_rows(batches, weights, bounds), *of_schedule(config, record), *of_logits(record), *of_dropout(record)]
        return cls([row for row in found if row])

    @property
    def missed(self) -> list:
        """What was not reached."""
        return [what for what, reached, _ in self.rows if not reached]

    def table(self):
        """One line for each."""
        rows = [{"what the batches reach": what, "reached": Verdict(bool(reached), None if reached else "not reached"), "seen": said}
                for what, reached, said in self.rows]
        return table(rows, caption="Coverage: what is not reached is not proven.", columns=["what the batches reach", "reached", "seen"])

    def data(self) -> list:
        """The rows as plain data."""
        return [{"what": what, "reached": bool(reached), "seen": said} for what, reached, said in self.rows]


DRAWN = "normalisations that are nowhere 1 and 0"


def of_weights(record, weights):
    """Scales, shifts and running statistics drawn, so that one that is not copied shows."""
    scales = [name for name, w in weights.items() if name.endswith("weight") and len(w.shape) == 1]
    if scales:
        state = [n for n in record.rungs.get("train mode", {}) if n.endswith(("running_mean", "running_var"))]
        fresh = [name for name in scales if np.ptp(weights[name]) == 0 and weights[name].size > 1]
        yield DRAWN, not fresh and all(name in weights for name in state), f"{len(fresh)} of {len(scales)} scales are all equal"


def of_sizes(batches):
    """Odd batches, a last smaller one, odd images, a batch read again."""
    first = [np.shape(batch[0]) for batch in batches]
    sizes = [shape[:2] if whole(batch[0]) else shape[0] for batch, shape in zip(batches, first)]
    yield "a batch of another size than the first", len(set(sizes)) > 1, f"sizes {listed(sizes)}"
    yield "a smaller batch", any(len(batch[0]) < len(batches[0][0]) for batch in batches), ""
    yield "an odd number in a batch", any(np.any(np.atleast_1d(size) % 2) for size in sizes), ""
    if all(len(shape) == 4 for shape in first):
        yield "an image of odd height or width", any(shape[2] % 2 or shape[3] % 2 for shape in first), f"{listed([s[2:] for s in first])}"
    keys = [b"".join(np.ascontiguousarray(a).tobytes() for a in batch) for batch in batches]
    if len(batches) > 2:
        yield "a second epoch: a batch again, after others", any(key in keys[:at] and key != keys[at - 1] for at, key in enumerate(keys)), ""


def of_tokens(config, batches):
    """Every token of the vocabulary, and the whole context."""
    if not all(whole(batch[0]) for batch in batches):
        return
    ids = {int(i) for batch in batches for i in np.unique(batch[0])}
    size = getattr(config, "vocab_size", None) or getattr(config, "vocabulary", None)
    if size:
        yield "every token of the vocabulary", len(ids) >= size, f"{len(ids)} of {size}"
    context = getattr(config, "max_position_embeddings", None)
    if context:
        longest = max(batch[0].shape[-1] for batch in batches)
        yield "the whole context", longest >= context, f"{longest} of {context}"


def of_labels(batches):
    """Ignored labels, rows that are ignored whole, and label 0."""
    labels = [np.asarray(batch[1]) for batch in batches if len(batch) > 1]
    if not labels or not all(whole(y) for y in labels):
        return
    yield "label 0", any((y == 0).any() for y in labels), ""
    if any((y == -100).any() for y in labels):
        yield "ignored labels", True, f"{sum(int((y == -100).sum()) for y in labels)}"
        yield "a row that is ignored whole", any((y == -100).all(axis=-1).any() for y in labels if y.ndim > 1), ""


def of_clipping(config, record, bounds=()):
    """Clipping at work, and idle: at the norm that the config tells, or an optimizer."""
    clip = getattr(config, "clip", None) or next((one["clip"] for one in bounds if one.get("clip")), None)
    if clip and record.norms:
        active = sum(norm > clip * (1 - 1e-6) for norm in record.norms)
        yield "clipping at work", active > 0, f"{active} of {len(record.norms)} steps"
        yield "clipping idle", active < len(record.norms), f"{len(record.norms) - active} of {len(record.norms)} steps"


def of_rows(batches, weights, bounds):
    """Rows of an embedding that are longer than they may be, among those that the batches read."""
    ids = {int(i) for batch in batches for part in batch if whole(part) for i in np.unique(part)}
    for name, most in {name: most for one in bounds for name, most in one.get("max_norm", {}).items()}.items():
        long = np.flatnonzero(np.linalg.norm(np.asarray(weights[name], float), axis=1) > most) if name in weights else ()
        yield f"the largest norm of {name}'s rows, {most:g}", bool(ids & set(map(int, long))), f"{len(long)} rows are longer"


def of_schedule(config, record):
    """A warm-up of some steps, and steps beyond the schedule's end."""
    rates = record.rates
    if len(set(rates)) < 2:
        return
    rising = next((at for at in range(1, len(rates)) if rates[at] <= rates[at - 1]), len(rates))
    if getattr(config, "warmup", None):
        yield f"a warm-up of at least {WARM} steps", rising >= WARM, f"{rising} steps"
    length = getattr(config, "steps", None)
    if length and rates:
        yield "steps beyond the schedule's end", len(rates) > length, f"{len(rates)} steps of {length}"


def of_logits(record):
    """Logits so far apart that a softmax saturates."""
    found = [a for rung in ("forward", "train mode") for n, a in record.rungs.get(rung, {}).items() if n.startswith("logits") and not isinstance(a, Sketch)]
    if found and all(np.ndim(a) for a in found):
        widest = max(float(np.max(np.ptp(a, axis=-1), initial=0.0)) for a in found)
        yield f"logits {LOUD:g} apart", widest >= LOUD, f"{widest:.3g}"


def of_dropout(record):
    """Dropout that no mask can be given to."""
    for path, said in (record.traits or {}).items():
        inside = said.startswith("between layers")
        yield f"dropout {path or 'of the model'}", not inside, f"{said}; " + ("its rate alone is compared" if inside else "one step with a shared mask")


def whole(array) -> bool:
    """Are these whole numbers?"""
    return np.asarray(array).dtype.kind in "iu"


def listed(values) -> str:
    """Different values in the order of their first use."""
    return ", ".join(str(v) for v in dict.fromkeys(values))

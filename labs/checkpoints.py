"""Small trained models that lie in the repository: weights, what they are weights of, and how good they are.

A task that has some keeps them in `labs/tasks/TASK/checkpoints/`: NAME.safetensors, and SHA256SUMS with their checksums.
`python -m labs train TASK NAME` trains one again: other bytes, the same quality.
"""
import hashlib
import json
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from labs import outputs

SUMS, ENDING, LARGEST = "SHA256SUMS", ".safetensors", 5_000_000
_USED = set()


class CheckpointError(RuntimeError):
    """A checkpoint is missing, damaged, or belongs to another config."""


@dataclass(frozen=True, repr=False)
class Checkpoint(outputs.Shown):
    """What `load` returns.

    Attributes
    ----------
    name : str
    weights : dict of str to float32 array
        In PyTorch's names and layout: `labs.parity.load(model, checkpoint.weights)`.
    config : dict
        The fields of the config that it was trained with.
    facts : dict
        What its training found: the metric, the data, the vocabulary, the seconds.
    bytes : int
    sha256 : str
    """
    name: str
    weights: dict = field(repr=False)
    config: dict
    facts: dict = field(repr=False)
    bytes: int
    sha256: str

    @property
    def text(self) -> str:
        """The checkpoint in plain text."""
        count = sum(w.size for w in self.weights.values())
        return (f"{self.name}: {count:,} weights in float16, {self.bytes / 1e6:.2f} MB, sha256 {self.sha256}\n"
                f"trained again by: {self.facts['command']}")

    @property
    def data(self) -> dict:
        """The checkpoint for the status page."""
        return {"kind": "checkpoint", "name": self.name, "bytes": self.bytes, "sha256": self.sha256}


def used() -> list:
    """List the files that this process has loaded; the book's executor asks for it."""
    return sorted(_USED)


def folder(task) -> Path:
    """Return where a task, a package of `labs.tasks`, keeps its checkpoints."""
    return Path(task.__file__).parent / "checkpoints"


def called(task) -> str:
    """A task's name: "rnn_lm"."""
    return task.__name__.split(".")[-1]


def load(task, name: str, config=None, place: Path | None = None) -> Checkpoint:
    """Load a checkpoint, with its checksum compared.

    Parameters
    ----------
    task : module
        The package, such as `labs.tasks.rnn_lm`.
    name : str
    config : dataclass, optional
        The config of the model that is to take the weights; must be the one it was trained with.
    place : path, optional
        Another folder than the task's own.

    Raises
    ------
    CheckpointError
        It is not there, its bytes are not those of SHA256SUMS, or the config is another one; the fields that
        differ are named.
    """
    place = folder(task) if place is None else Path(place)
    path = place / f"{name}{ENDING}"
    if not path.is_file():
        there = ", ".join(sorted(p.name.removesuffix(ENDING) for p in place.glob(f"*{ENDING}"))) or "none"
        raise CheckpointError(f"no checkpoint {name!r} in {place}; there are: {there}. Train it: python -m labs train {called(task)} {name}")
    data, wanted = path.read_bytes(), checksums(place).get(path.name)
    found = hashlib.sha256(data).hexdigest()
    if found != wanted:
        raise CheckpointError(f"{path}: expected sha256 {wanted}, got {found}: the file is damaged, or was trained again without "
                              f"its line in {SUMS}. Take it from the repository again, or train it: python -m labs train {called(task)} {name}")
    from safetensors.numpy import load as read
    notes = metadata(data)
    if config is not None:
        fits(name, json.loads(notes["config"]), asdict(config))
    weights = {key: value.astype("float32") for key, value in read(data).items()}
    _USED.add(path)
    return Checkpoint(name, weights, json.loads(notes["config"]), json.loads(notes["facts"]), len(data), found)


def fits(name: str, trained: dict, asked: dict):
    """Raise where a config is not the one that a checkpoint was trained with."""
    apart = [f"{field} is {trained.get(field)!r} there and {asked.get(field)!r} here" for field in {**trained, **asked}
             if trained.get(field) != asked.get(field)]
    if apart:
        raise CheckpointError(f"the checkpoint {name!r} is of another config: {'; '.join(apart)}")


def metadata(data: bytes) -> dict:
    """Return the `__metadata__` of a safetensors file: eight bytes of length, then a header in JSON."""
    return json.loads(data[8:8 + int.from_bytes(data[:8], "little")])["__metadata__"]


def checksums(place: Path) -> dict:
    """Read SHA256SUMS, in the format of `sha256sum`: {file name: checksum}."""
    path = Path(place) / SUMS
    lines = path.read_text(encoding="ascii").splitlines() if path.is_file() else []
    return {file: digest for digest, file in (line.split(maxsplit=1) for line in lines if line)}


def save(task, name: str, weights: dict, config, facts: dict, place: Path | None = None) -> Path:
    """Write a checkpoint in float16, and its line in SHA256SUMS.

    Raises
    ------
    CheckpointError
        A weight is not finite, or too large for float16.
    """
    from safetensors.numpy import save as write
    with np.errstate(over="ignore"):
        halves = {key: value.astype("float16") for key, value in weights.items()}
    wrong = [key for key, value in halves.items() if not np.isfinite(value).all()]
    if wrong:
        raise CheckpointError(f"{name}: not finite in float16: {', '.join(wrong)}")
    facts = facts | {"command": f"python -m labs train {called(task)} {name}"}
    data = write(halves, {"config": json.dumps(asdict(config)), "facts": json.dumps(facts)})
    place = folder(task) if place is None else Path(place)
    place.mkdir(parents=True, exist_ok=True)
    (place / f"{name}{ENDING}").write_bytes(data)
    known = checksums(place) | {f"{name}{ENDING}": hashlib.sha256(data).hexdigest()}
    (place / SUMS).write_text("".join(f"{digest}  {file}\n" for file, digest in sorted(known.items())), encoding="ascii")
    return place / f"{name}{ENDING}"


def train(task, training, name: str, place: Path | None = None, report=print) -> Path:
    """Train a checkpoint again with the task's own step; used by `python -m labs train TASK NAME`.

    Parameters
    ----------
    task : module
    training : module
        Its `train(name, data, begin, report)` returns the model, its config and the facts;
        `begin(model, within, seed)` gives the model NumPy's initial weights, on the device that LABS_DEVICE chooses.
    name : str
    place : path, optional
    report : callable
    """
    from labs import data, parity
    from labs.parity.weights import driver_of

    def begin(model, within=None, seed=0):
        return driver_of(model).to_device(parity.load(model, parity.initial_weights(model, seed, within)))
    model, config, facts = training.train(name, data, begin, report)
    path = save(task, name, parity.weights_of(model), config, facts, place)
    report(f"{path}: {path.stat().st_size / 1e6:.2f} MB")
    return path

"""The one door: a name goes in, an artefact with one sha256 comes out, wherever it came from.

It looks in the cache, then asks the card's sources in turn: the package that carries the set, then
upstream and its mirrors. Nothing is used before its checksum is compared.
"""
import errno
import os
import shutil
import sys
import tempfile
from pathlib import Path

from labs.data import cache, sources, transfer
from labs.data import convert as conversions
from labs.data.catalogue import card as card_of
from labs.data.dataset import Dataset
from labs.data.errors import AllSourcesFailed, DataError, NoSpace, SourceFailed, WrongBytes
from labs.data.models import Model
from labs.data.readers import READERS

_USED = []
FULL = (errno.ENOSPC, errno.EDQUOT)


def used():
    """List the names that this process has used, in order; the book's executor asks for it."""
    return list(_USED)


def load(name):
    """Load a set as NumPy arrays.

    Parameters
    ----------
    name : str
        One of `names()`.

    Returns
    -------
    Dataset
        `.images` uint8 (N, 28, 28), `.labels` int64 (N,), where there is an official test part
        `.test_images` and `.test_labels`, and `.card`. For a model a `Model`: `.config`, `.weights`
        (arrays by name), `.folder` and `.card`.

    Raises
    ------
    UnknownName
        No card has this name.
    AllSourcesFailed, NoSpace
        It is not in the cache and cannot be had; the message says what to do.
    DataError
        It holds no arrays: `folder(name)` gives its path.
    """
    card = card_of(name)
    if not card.reader:
        raise DataError(f"{name} holds no arrays; labs.data.folder({name!r}) gives the folder with {card.files[0].name}")
    if card.reader == "model":
        return Model(card, folder(name))
    if card.reader not in READERS:
        raise DataError(f"card {name}: reader: expected one of model, {', '.join(READERS)}, got {card.reader!r}")
    return Dataset(card, READERS[card.reader](folder(name)))


def folder(name):
    """Return the folder with the files of a name, fetched if need be and checked.

    Returns
    -------
    pathlib.Path
    """
    path = fetch(name)
    if name not in _USED:
        _USED.append(name)
    return path


def fetch(name):
    """Make sure that a name is in the cache and whole; return its folder.

    Raises
    ------
    UnknownName, AllSourcesFailed, NoSpace, DataError
    """
    card = card_of(name)
    if not cache.faults(card):
        return cache.place(card)
    with cache.alone(card):
        wrong = cache.faults(card)                          # another process may have been faster
        if wrong:
            damaged = {file: why for file, why in wrong.items() if why != "missing"}
            if damaged:
                print(f"{name}: damaged in the cache; it is put aside and asked for again: "
                      + "; ".join(f"{file}: {why}" for file, why in damaged.items()), file=sys.stderr)
            _fetch(card, wrong)
    return cache.place(card)


def _fetch(card, wrong):
    """Fill a folder from the sources and put it in its place. Needs the lock."""
    _check_space(card)
    reasons = []
    try:
        with cache.staging(card) as staged:
            for file in card.kept:
                if file.name not in wrong:
                    shutil.copyfile(cache.place(card) / file.name, staged / file.name)
            for source in card.sources:
                missing = [file for file in card.files if not (staged / file.name).exists()]
                if not missing:
                    break
                with tempfile.TemporaryDirectory(prefix=f".{card.name}.staging-", dir=cache.home()) as scratch:
                    try:
                        sources.bring(source, missing, staged, Path(scratch))
                    except (SourceFailed, WrongBytes) as error:
                        reasons.append((str(source), str(error)))
                        if isinstance(error, WrongBytes):
                            print(f"{card.name}: not taken from {source}: {error}", file=sys.stderr)
            missing = [file for file in card.files if not (staged / file.name).exists()]
            if missing:
                raise AllSourcesFailed(_all_failed(card, missing, reasons), reasons)
            if card.convert:
                _convert(card, staged)
            cache.put(card, staged)
    except OSError as error:
        if error.errno in FULL:
            raise NoSpace(_no_space(card)) from None
        raise DataError(f"{card.name}: the cache {cache.home()} cannot be written ({error}). "
                        "Set LABS_CACHE to a folder that can") from error


def _convert(card, staged):
    """Make the made files of a card in `staged`, and check them against the card."""
    if card.convert not in conversions.CONVERTERS:
        raise DataError(f"card {card.name}: convert: expected one of {', '.join(conversions.CONVERTERS)}, got {card.convert!r}")
    with tempfile.TemporaryDirectory(prefix=f".{card.name}.staging-", dir=cache.home()) as scratch:
        conversions.CONVERTERS[card.convert](card, staged, Path(scratch))
        for file in card.made:
            path = Path(scratch) / file.name
            if not path.is_file():
                raise DataError(f"{card.name}: the conversion {card.convert} made no {file.name}; the cache is as it was")
            with open(path, "rb") as stream:
                transfer.keep(stream, file, staged)


def _needs(card):
    """Bytes of disk while fetching: the files, what is made of them, and the largest download beside them."""
    return card.bytes + 2 * sum(file.bytes for file in card.made) + max(source.bytes for source in card.sources)


def _check_space(card):
    if shutil.disk_usage(cache.home()).free < _needs(card):
        raise NoSpace(_no_space(card))


def _no_space(card):
    free = shutil.disk_usage(cache.home()).free
    return (f"{card.name}: the disk is full: fetching needs {_needs(card) / 1e6:.1f} MB, and {free / 1e6:.1f} MB are free "
            f"at {cache.home()}. Free some, or set LABS_CACHE to a folder on another disk. The cache is as it was")


def _all_failed(card, missing, reasons):
    """The message that lists every source with its reason, and what to do."""
    lines = [f"{card.name}: not in the cache, and none of its {len(card.sources)} sources gave it:"]
    lines += [f"  {source}: {reason}" for source, reason in reasons]
    lines += ["The cache is as it was. What to do:"]
    if sources.offline():
        lines += ["  - unset LABS_OFFLINE, which forbids all but the cache and installed packages; or"]
    lines += [f"  - with a network: python -m labs fetch {card.name}"]
    if any(source.kind == "pip" for source in card.sources):
        lines += ["  - where pip's index is slow or closed, give pip a mirror: pip config set global.index-url ADDRESS"]
    if any(source.kind == "hub" for source in card.sources):
        lines += [f"  - where {sources.hub()} cannot be reached, name a mirror of it: HF_ENDPOINT={sources.HUB_MIRROR}"]
    lines += ["  - copy the cache of another machine here, or set LABS_CACHE to one that has it",
              f"  - or put by hand into {cache.place(card)}{os.sep}"]
    lines += [f"      {file.name} ({file.bytes:,} bytes, sha256 {file.sha256})" for file in missing]
    return "\n".join(lines)

"""The cache: one folder an artefact, whole or not there.

A folder is called NAME-SUM, after the first digits of the artefact's sha256, so that two versions
of the course can share a cache. It is filled under another name and renamed when every file in
it has been checked.
"""
import contextlib
import os
import shutil
import sys
import tempfile
from pathlib import Path

import platformdirs

from labs.data.errors import DataError
from labs.data.transfer import sha256

_CHECKED = {}       # path -> (size, mtime_ns) of a file whose checksum this process has compared


def home():
    """Return the folder of the cache: LABS_CACHE, or where this system keeps caches.

    Raises
    ------
    DataError
        LABS_CACHE begins with a user's home that this system does not know.
    """
    if chosen := os.environ.get("LABS_CACHE", "").strip():
        try:
            return Path(chosen).expanduser().absolute()
        except RuntimeError:
            raise DataError(f"LABS_CACHE={chosen!r}: this system knows no home of that user; give the folder in full, such as "
                            "/data/parity-cache, or ~/parity-cache for your own home") from None
    return platformdirs.user_cache_path("parity-course")


def place(card):
    """Return the folder of an artefact, whether it is there or not."""
    return home() / f"{card.name}-{card.sha256[:12]}"


def faults(card):
    """Say what is wrong with an artefact's folder: {file name: reason}, empty if it is whole.

    The size is compared each time; the checksum once a process, and again when the file has changed.
    """
    found = {}
    for file in card.kept:
        path = place(card) / file.name
        try:
            now = path.stat()
            if now.st_size != file.bytes:
                found[file.name] = f"expected {file.bytes:,} bytes, got {now.st_size:,}"
            elif _CHECKED.get(path) != (now.st_size, now.st_mtime_ns):
                if sha256(path) == file.sha256:
                    _CHECKED[path] = (now.st_size, now.st_mtime_ns)
                else:
                    found[file.name] = "its sha256 is not the card's"
        except FileNotFoundError:
            found[file.name] = "missing"
        except OSError as error:
            found[file.name] = f"cannot be read ({error.strerror})"
    return found


@contextlib.contextmanager
def alone(card):
    """Hold the lock of an artefact: of two processes that ask at once, one fetches and the other waits."""
    import filelock
    try:
        home().mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(home() / f".{card.name}.lock")
        try:
            lock.acquire(timeout=2)
        except filelock.Timeout:
            print(f"{card.name}: another process is fetching it; waiting", file=sys.stderr)
            lock.acquire()
    except OSError as error:
        raise DataError(f"the cache {home()} cannot be written ({error.strerror}). "
                        "Set LABS_CACHE to a folder that can, or ask its owner to run `python -m labs fetch`") from None
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def staging(card):
    """Make a folder beside the cached ones, to be filled; it is gone afterwards. Needs the lock."""
    for left in home().glob(f".{card.name}.staging-*"):         # from a process that was killed
        shutil.rmtree(left, ignore_errors=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{card.name}.staging-", dir=home()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def put(card, folder):
    """Rename a filled and checked folder to its place; what stood there before goes. Needs the lock."""
    folder.chmod(0o755)         # mkdtemp's own is for its user alone, and a class may share a cache
    target = place(card)
    old = folder.with_name(folder.name + "-old")
    if target.exists():
        os.replace(target, old)
    try:
        os.replace(folder, target)
    except OSError:
        if old.exists():
            os.replace(old, target)
        raise
    shutil.rmtree(old, ignore_errors=True)
    for file in card.kept:
        now = (target / file.name).stat()
        _CHECKED[target / file.name] = (now.st_size, now.st_mtime_ns)

"""A download by hand: the requests that huggingface_hub makes for one file, the cache that it leaves, and a check that it leaves out."""
import hashlib
import os
import re
from pathlib import Path
from urllib.parse import urljoin

import requests

from labs.tasks.hub.server import blob


class HubError(RuntimeError):
    """A download that cannot be finished; nothing is left under the file's name."""


def fetch(address, name, path, revision, cache, token=None):
    """Download one file of a repository, if it is not there yet.

    Parameters
    ----------
    address : str
        Of the hub or of a mirror.
    name, path, revision : str
        "org/name", a file, and a branch or a commit.
    cache : path
    token : str, optional
        Sent to the hub alone.

    Returns
    -------
    Path
        Of the file in its snapshot.

    Raises
    ------
    HubError
        The hub refuses, or the bytes are not those of the checksum.
    """
    url = f"{address}/{name}/resolve/{revision}/{path}"
    proof = {"Authorization": f"Bearer {token}"} if token else {}
    head = requests.head(url, headers=proof, timeout=10)
    if head.status_code >= 400:
        raise HubError(f"{name}, {path}: {head.status_code}, "
                       f"{head.headers.get('X-Error-Message', '')}")
    etag = (head.headers.get("X-Linked-Etag")
            or head.headers.get("ETag", "")).strip('"')
    commit = head.headers.get("X-Repo-Commit", "")
    checksums(etag, commit)             # they become names of files
    home = Path(cache) / f"models--{name.replace('/', '--')}"
    target = home / "blobs" / etag
    if not target.exists():
        place = urljoin(url, head.headers.get("Location", url))
        own = place.startswith(f"{address}/")   # no storage elsewhere
        whole = load(place, proof if own else {})
        check(whole, etag)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(".incomplete")
        part.write_bytes(whole)
        part.replace(target)            # all of it, or nothing
    return enter(home, target, path, revision, commit)


def checksums(etag, commit):
    """Raise where a hub's names for a content and a commit are no checksums: as names of files they could lead out of the cache."""
    if not re.fullmatch("[0-9a-f]{40}|[0-9a-f]{64}", etag) or not re.fullmatch("[0-9a-f]{40}", commit):
        raise HubError(f"expected checksums of a content and a commit, got {etag[:70]!r} and {commit[:70]!r}")


def load(url, headers, tries=5):
    """All bytes of an address; where the connection ends early, the rest is asked for."""
    whole = bytearray()
    for _ in range(tries):
        ask = headers | ({"Range": f"bytes={len(whole)}-"} if whole else {})
        with requests.get(url, headers=ask, stream=True, timeout=10) as answer:
            if answer.status_code >= 400:
                raise HubError(f"{url}: {answer.status_code}")
            if whole and answer.status_code != 206:
                whole.clear()           # it begins again
            total = int(answer.headers["Content-Length"]) + len(whole)
            try:
                for piece in answer.iter_content(2 ** 14):
                    whole += piece
            except requests.RequestException:
                continue
        if len(whole) == total:
            return bytes(whole)
    raise HubError(f"{url}: {len(whole)} of {total} bytes came")


def check(whole, etag):
    """Raise where a content is not the one that its name promises: SHA-256 of a large file, git's SHA-1 of a small one."""
    found = hashlib.sha256(whole).hexdigest() if len(etag) == 64 \
        else blob(whole)
    if found != etag:
        raise HubError(f"expected the content {etag[:12]}..., "
                       f"got {found[:12]}...: other bytes")


def enter(home, target, path, revision, commit):
    """Enter a blob into the snapshot of a commit, and the branch into `refs`."""
    if revision != commit:
        (home / "refs").mkdir(exist_ok=True)
        (home / "refs" / revision).write_text(commit)
    link = home / "snapshots" / commit / path
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(os.path.relpath(target, link.parent))
    return link


def listing(cache):
    """What a cache holds: {path: bytes of a file, or where a link leads}; without locks and notes."""
    found = {}
    for path in sorted(Path(cache).rglob("*")):
        place = path.relative_to(cache).as_posix()
        if re.match(r"(\.locks|CACHEDIR|.*/trees)", place) or path.is_dir() and not path.is_symlink():
            continue
        found[place] = f"-> {os.readlink(path)}" if path.is_symlink() else path.read_bytes()
    return found


def other_than_named(cache):
    """The blobs whose content is not the one of their name: a verification of a cache without a network.

    Parameters
    ----------
    cache : path

    Returns
    -------
    list of Path
    """
    wrong = []
    for path in sorted(Path(cache).glob("*/blobs/*")):
        if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", path.name):
            try:
                check(path.read_bytes(), path.name)
            except HubError:
                wrong.append(path)
    return wrong

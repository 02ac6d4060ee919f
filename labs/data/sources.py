"""Where bytes come from: a package that carries the set, or upstream and its mirrors.

A package is downloaded and read, never installed. Its client is asked as the reader has
configured it, so that a mirror set there serves here too.
"""
import dataclasses
import errno
import importlib.machinery
import importlib.metadata
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from labs import progress
from labs.data.errors import SourceFailed, WrongBytes
from labs.data.transfer import keep, unpack

CLIENT_LIMIT_S = 1800       # 85 MB at 50 kB/s, the slowest line worth waiting for
HUB, HUB_MIRROR = "https://huggingface.co", "https://hf-mirror.com"
NO_NETWORK = ("NewConnectionError", "NameResolutionError", "ConnectTimeout", "ProxyError", "ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED",
              "ENETUNREACH", "ETIMEDOUT", "Temporary failure resolving", "Could not resolve", "Could not connect")


def hub():
    """Return the address of Hugging Face's hub: HF_ENDPOINT, or its own."""
    return (os.environ.get("HF_ENDPOINT", "").strip() or HUB).rstrip("/")


def offline():
    """Return whether LABS_OFFLINE forbids every source but this machine."""
    return os.environ.get("LABS_OFFLINE", "").strip() not in ("", "0")


def bring(source, files, folder, scratch):
    """Bring `files` from `source` into `folder`, each checked against its card.

    Parameters
    ----------
    source : labs.data.catalogue.Source
    files : sequence of labs.data.catalogue.File
    folder : pathlib.Path
        Where checked files go.
    scratch : pathlib.Path
        An empty folder for downloads; the caller removes it.

    Raises
    ------
    SourceFailed, WrongBytes
        The reason; files that were whole before it stay in `folder`.
    OSError
        The disk is full, or cannot be written.
    """
    if from_here(source, files, folder):
        return
    if offline():
        raise SourceFailed("not asked, because LABS_OFFLINE is set")
    missing = [file for file in files if not (folder / file.name).exists()]
    {"pip": _pip, "npm": _npm, "apt": _apt, "hub": _hub, "url": _url}[source.kind](source, missing, folder, scratch)


def from_here(source, files, folder):
    """Take the files from the package where it is installed already; return whether all fit."""
    if source.kind == "pip":
        try:
            at = importlib.metadata.distribution(source.package.partition("==")[0]).locate_file
        except importlib.metadata.PackageNotFoundError:
            return False
    elif source.kind == "apt":
        at = Path("/").joinpath
    elif source.kind == "hub":
        at = _hub_cache(source).joinpath
    else:
        return False
    for file in files:
        path = Path(at(source.at(file)))
        if not path.is_file() or not os.access(path, os.R_OK):
            return False
        try:
            with open(path, "rb") as stream:
                keep(stream, file, folder, source.decompress)
        except WrongBytes:          # another version of the package: the card's own is downloaded
            return False
    return True


def _pip(source, files, folder, scratch):
    # not importlib.util.find_spec: asked for pip, setuptools' finder takes its distutils out of the process, and `import paddle` then fails
    if importlib.machinery.PathFinder.find_spec("pip"):
        client = [sys.executable, "-m", "pip"]
    elif shutil.which("pip"):
        client = ["pip"]
    else:
        raise SourceFailed("this Python has no pip; `python -m ensurepip` brings it")
    _run([*client, "download", "--no-deps", "--no-cache-dir", "--ignore-requires-python", "--retries", "2", "--no-input",
          "--disable-pip-version-check", "--dest", str(scratch), source.package], source, scratch)
    unpack(_only(scratch, ".whl", ".zip", ".tar.gz"), source, files, folder)


def _npm(source, files, folder, scratch):
    if not shutil.which("npm"):
        raise SourceFailed("npm is not on this machine")
    _run(["npm", "pack", "--loglevel=error", "--no-update-notifier", "--fetch-retries=1", "--cache", str(scratch / "npm"), "--pack-destination", str(scratch),
          source.package], source, scratch)
    unpack(_only(scratch, ".tgz"), source, files, folder)


def _apt(source, files, folder, scratch):
    for client in ("apt-get", "dpkg-deb"):
        if not shutil.which(client):
            raise SourceFailed(f"{client} is not on this machine")
    _run(["apt-get", "download", "--quiet", source.package], source, scratch)
    package = _only(scratch, ".deb")
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            unpack(process.stdout, source, files, folder)
        finally:
            process.kill()


def _hub_cache(source):
    """Where huggingface_hub keeps the files of a commit, if it has fetched them."""
    repository, _, commit = source.package.partition("@")
    home = os.environ.get("HF_HOME") or os.path.join(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "huggingface")
    kept = Path(os.environ.get("HF_HUB_CACHE") or os.path.join(home, "hub")).expanduser()
    return kept / f"models--{repository.replace('/', '--')}" / "snapshots" / commit


def _hub(source, files, folder, scratch):
    if os.environ.get("HF_HUB_OFFLINE", "").strip().upper() in ("1", "TRUE", "YES", "ON"):
        raise SourceFailed("not asked, because HF_HUB_OFFLINE is set")
    repository, _, commit = source.package.partition("@")
    address = dataclasses.replace(source, kind="url", package="", path=f"{hub()}/{repository}/resolve/{commit}/{source.path}")
    _url(address, files, folder, scratch)


def _url(source, files, folder, scratch):
    import requests
    for file in files:
        address, packed = source.at(file), scratch / file.name
        try:
            _download(address, packed, file.bytes)
        except (requests.HTTPError, requests.exceptions.ChunkedEncodingError) as error:
            answer = getattr(error, "response", None)
            raise SourceFailed(f"{address} answers {answer.status_code}" if answer is not None
                               else f"{file.name}: truncated: the connection broke") from None
        except requests.RequestException as error:
            raise SourceFailed(f"no network, or no way to it ({type(error).__name__})") from None
        with open(packed, "rb") as stream:
            keep(stream, file, folder, source.decompress)
        packed.unlink()


def _download(address, path, size):
    """Write what an address answers to a file; raises what `requests` raises."""
    import requests
    with requests.get(address, stream=True, timeout=(10, 60)) as answer, open(path, "wb") as out:
        answer.raise_for_status()
        total = int(answer.headers.get("content-length") or 0)
        with progress.bar(total, path.name, size) as shown:
            for part in answer.iter_content(1 << 16):
                out.write(part)
                shown.update(len(part))


def _only(scratch, *endings):
    """The one archive that a client left."""
    found = [path for path in sorted(scratch.iterdir()) if path.name.endswith(endings)]
    if len(found) != 1:
        raise SourceFailed(f"expected one file ending in {' or '.join(endings)} from the client, got {len(found)}")
    return found[0]


def _run(command, source, scratch):
    """Run a package client in `scratch`, with a progress bar from the bytes that arrive there."""
    bar = progress.bar(source.bytes, source.package, source.bytes)
    try:
        with tempfile.TemporaryFile() as said:      # not in scratch: a full disk must still be able to say so
            process = subprocess.Popen(command, cwd=scratch, stdin=subprocess.DEVNULL, stdout=said, stderr=said,
                                       env={**os.environ, "TMPDIR": str(scratch)})
            _wait(process, command, source, scratch, bar)
            said.seek(0)
            text = said.read().decode("utf-8", errors="replace")
    except FileNotFoundError as error:
        raise SourceFailed(f"{error.filename} is not on this machine") from None
    finally:
        bar.close()
    if process.returncode:
        _explain(command, process.returncode, text)


def _wait(process, command, source, scratch, bar):
    end = time.monotonic() + CLIENT_LIMIT_S
    try:
        while True:
            try:
                process.wait(timeout=0.2)
                bar.update(source.bytes - bar.n if process.returncode == 0 else 0)
                return
            except subprocess.TimeoutExpired:
                if time.monotonic() > end:
                    raise SourceFailed(f"{_short(command)} did not end within {CLIENT_LIMIT_S // 60} minutes") from None
            bar.update(min(source.bytes, _size(scratch)) - bar.n)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _size(folder):
    """Bytes in a folder that its client is still changing."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.stat(os.path.join(root, name)).st_size
            except FileNotFoundError:
                continue
    return total


def _short(command):
    words = command[2:] if command[1:2] == ["-m"] else command
    return " ".join(words[:2])


def _explain(command, status, text):
    """Turn what a client said into one reason."""
    if os.strerror(errno.ENOSPC) in text or "ENOSPC" in text:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    if any(sign in text for sign in NO_NETWORK):
        raise SourceFailed(f"{_short(command)} finds no network, or no way to its index")
    lines = [line.strip() for line in text.splitlines() if line.strip() and "complete log" not in line]
    errors = [line for line in lines if line.startswith(("ERROR", "E:", "npm err", "npm ERR"))] or lines[-1:] or ["it said nothing"]
    raise SourceFailed(f"{_short(command)} ended with status {status}: {' '.join(errors[:2])[:300]}")

"""Bytes on their way into the cache: copied, unpacked and checked in one pass.

A file is written only under a name that its card gives, never under one that an archive gives,
so that no archive can write outside its folder; and no more bytes are written than the card says.
"""
import contextlib
import gzip
import hashlib
import lzma
import tarfile
import zipfile
import zlib
from pathlib import Path

from labs.data.errors import SourceFailed, WrongBytes

CHUNK = 1 << 20
DAMAGED = (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, zipfile.BadZipFile, tarfile.TarError)


def sha256(path):
    """Return the sha256 of a file, in hex."""
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def keep(stream, file, folder, decompress=""):
    """Write `stream` to `folder / file.name`; the file appears there only if its bytes are the card's.

    Parameters
    ----------
    stream : binary file object
    file : labs.data.catalogue.File
    folder : pathlib.Path
    decompress : {"", "gzip"}

    Raises
    ------
    WrongBytes
        Truncated, too long, or another sha256. Nothing is left behind.
    """
    partial = folder / f".{file.name}.partial"
    digest, size = hashlib.sha256(), 0
    try:
        with open(partial, "wb") as out:
            try:
                with gzip.GzipFile(fileobj=stream) if decompress else contextlib.nullcontext(stream) as plain:
                    while size <= file.bytes and (chunk := plain.read(min(CHUNK, file.bytes + 1 - size))):
                        digest.update(chunk)
                        size += len(chunk)
                        out.write(chunk)
            except DAMAGED as error:
                raise WrongBytes(f"{file.name}: damaged after {size:,} of {file.bytes:,} bytes ({error})") from None
        if size < file.bytes:
            raise WrongBytes(f"{file.name}: truncated: expected {file.bytes:,} bytes, got {size:,}")
        if size > file.bytes:
            raise WrongBytes(f"{file.name}: expected {file.bytes:,} bytes, got more")
        if digest.hexdigest() != file.sha256:
            raise WrongBytes(f"{file.name}: wrong checksum: expected sha256 {file.sha256}, got {digest.hexdigest()}")
        partial.replace(folder / file.name)
    finally:
        partial.unlink(missing_ok=True)


def unpack(archive, source, files, folder):
    """Keep the files of `source` that a wheel, a zip, a tar or the stream of a Debian package holds.

    Parameters
    ----------
    archive : pathlib.Path or binary file object
        A path (.whl and .zip are zip, all else is tar), or an open stream of plain tar.
    source : labs.data.catalogue.Source
    files : sequence of labs.data.catalogue.File
    folder : pathlib.Path

    Raises
    ------
    SourceFailed
        The archive is damaged, or a file is not in it.
    WrongBytes
        A file in it is not the card's.
    """
    wanted = {source.at(file): file for file in files}
    streamed = not isinstance(archive, Path)
    try:
        if not streamed and archive.suffix in (".whl", ".zip"):
            with zipfile.ZipFile(archive) as box:
                members = ((info.filename, info, not info.is_dir()) for info in box.infolist())
                _unpack(members, box.open, wanted, source, folder)
        else:
            with tarfile.open(fileobj=archive, mode="r|") if streamed else tarfile.open(archive, "r|*") as box:
                members = ((info.name, info, info.isreg()) for info in box)
                _unpack(members, box.extractfile, wanted, source, folder)
    except DAMAGED as error:
        raise SourceFailed(f"the archive is damaged ({error})") from None
    except RuntimeError as error:           # encrypted, or packed in a way that Python does not read
        raise SourceFailed(f"the archive cannot be unpacked ({error})") from None
    except OSError as error:
        if error.errno is None:             # bz2's word for damage; a full disk has a number
            raise SourceFailed(f"the archive is damaged ({error})") from None
        raise
    if wanted:
        raise SourceFailed(f"the package does not hold {', '.join(sorted(wanted))}")


def _unpack(members, opened, wanted, source, folder):
    for name, info, regular in members:
        name = name.removeprefix("./")      # as Debian's tar writes them
        if name in wanted and regular:
            with opened(info) as stream:
                keep(stream, wanted.pop(name), folder, source.decompress)
            if not wanted:
                return

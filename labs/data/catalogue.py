"""Cards: what each set is, under which licence, its bytes and where they come from.

A card is `labs/data/cards/NAME.toml`. It lists the files of one artefact with their sizes and
sha256, so that whatever source they come from, they are the same bytes.
"""
import difflib
import hashlib
import re
import string
import tomllib
from dataclasses import dataclass
from html import escape
from importlib import resources
from pathlib import PurePosixPath

from labs import outputs
from labs.data.errors import CardError, UnknownName

KINDS = ("pip", "npm", "apt", "hub", "url")     # also the order in which they are asked
FIELDS = {"title": str, "what": str, "licence": str, "homepage": str, "citation": str, "files": list, "sources": list}
CHOICES = {"reader": str, "book": bool, "note": str, "convert": str, "made": list}


@dataclass(frozen=True)
class File:
    """One file of an artefact: its name, its size in bytes and its sha256 in hex."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Source:
    """One place that has the files.

    Parameters
    ----------
    kind : {"pip", "npm", "apt", "hub", "url"}
    path : str
        Where a file is inside the package, or its address; `{name}` stands for the file's name.
    package : str
        What the client is asked for, with the version where that fixes the bytes: NAME==VERSION for pip,
        NAME@VERSION for npm, OWNER/NAME@COMMIT for Hugging Face's hub; "" for "url".
    decompress : {"", "gzip"}
        How the source packs each file.
    bytes : int
        Size of the download, for the progress bar; 0 if not known.
    """

    kind: str
    path: str
    package: str = ""
    decompress: str = ""
    bytes: int = 0

    def at(self, file):
        """Return where `file` is in this source."""
        return self.path.replace("{name}", file.name)

    def __str__(self):
        if self.kind == "hub":
            return f"the hub's {self.package.partition('@')[0]}"
        return self.path.replace("{name}", "*") if self.kind == "url" else f"{self.kind} package {self.package}"


@dataclass(frozen=True, repr=False)
class Card(outputs.Shown):
    """What a set is: title, licence, files, sources; `.sha256` and `.bytes` are those of the whole artefact.

    Where libraries cannot read the files as they come, `convert` names the conversion (`labs.data.convert`),
    and `made` lists what it makes, with its sizes and sums.
    """

    name: str
    title: str
    what: str
    licence: str
    homepage: str
    citation: str
    files: tuple
    sources: tuple
    reader: str = ""
    book: bool = False
    note: str = ""
    convert: str = ""
    made: tuple = ()

    @property
    def kept(self):
        """All files of the folder: those that come, and those that are made of them."""
        return self.files + self.made

    @property
    def sha256(self):
        """The artefact's one checksum: sha256 of the lines "SHA256  NAME", sorted by name."""
        lines = "".join(f"{file.sha256}  {file.name}\n" for file in sorted(self.files, key=lambda each: each.name))
        return hashlib.sha256(lines.encode("utf-8")).hexdigest()

    @property
    def bytes(self):
        """The size of all files."""
        return sum(file.bytes for file in self.files)

    def _lines(self):
        names = self.files[0].name if len(self.files) == 1 else f"{len(self.files)} files"
        lines = [("what", self.what), ("licence", self.licence), ("from", self.homepage), ("cite", self.citation),
                ("size", f"{self.bytes / 1e6:.1f} MB, {names}"), ("sha256", self.sha256)]
        if self.made:
            lines.append(("made", f"{sum(file.bytes for file in self.made) / 1e6:.1f} MB, {', '.join(file.name for file in self.made)}"))
        return lines + ([("note", self.note)] if self.note else [])

    @property
    def text(self):
        """The card in plain text."""
        return "\n".join([f"{self.title} ({self.name})", *(f"  {label:8}{value}" for label, value in self._lines())])

    @property
    def html(self):
        """The card for a page."""
        body = "".join(f"<dt>{label}</dt><dd>{escape(value)}</dd>" for label, value in self._lines())
        return f'<dl class="labs-card"><dt><strong>{escape(self.title)}</strong> ({self.name})</dt>{body}</dl>'

    @property
    def data(self):
        """The card for the status page."""
        return {"kind": "card", "name": self.name, **dict(self._lines())}


def _cards():
    return resources.files("labs.data") / "cards"


def names():
    """List the names that the door knows, sorted."""
    return sorted(entry.name.removesuffix(".toml") for entry in _cards().iterdir() if entry.name.endswith(".toml"))


def card(name):
    """Return the card of a name.

    Raises
    ------
    UnknownName
        There is none; the message says which comes nearest.
    CardError
        The card is not written as it must be.
    """
    known = names()
    if name not in known:
        near = difflib.get_close_matches(str(name).lower().replace("-", "_"), known, 1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise UnknownName(f"no data set is named {name!r}.{hint} There are: {', '.join(known)}")
    try:
        return parse(name, (_cards() / f"{name}.toml").read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise CardError(f"card {name}: not UTF-8: {error}") from None


def texts(value):
    """Every text in what TOML gives, in tables and lists too."""
    if isinstance(value, str):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(inner)


def parse(name, text):
    """Make a Card from the text of its TOML file; anything missing, unknown or unsafe raises a CardError."""
    where = f"card {name}"
    try:
        fields = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CardError(f"{where}: not TOML: {error}") from None
    bad = next((value for value in texts(fields) if any(ord(c) < 32 and c not in "\n\t" for c in value)), None)
    if bad is not None:
        raise CardError(f"{where}: a control character in {bad!r}")
    _check(where, fields, FIELDS, CHOICES)
    files = tuple(_file(f"{where}, file {i + 1}", entry) for i, entry in enumerate(fields.pop("files")))
    sources = tuple(_source(f"{where}, source {i + 1}", entry) for i, entry in enumerate(fields.pop("sources")))
    made = tuple(_file(f"{where}, made {i + 1}", entry) for i, entry in enumerate(fields.pop("made", [])))
    if not files or not sources:
        raise CardError(f"{where}: expected at least one file and one source, got {len(files)} and {len(sources)}")
    if bool(made) != bool(fields.get("convert")):
        raise CardError(f"{where}: convert and made stand together, got convert={fields.get('convert', '')!r} and {len(made)} made files")
    if len({file.name for file in files + made}) != len(files + made):
        raise CardError(f"{where}: two files have the same name")
    kinds = [KINDS.index(source.kind) for source in sources]
    if kinds != sorted(kinds):
        raise CardError(f"{where}: expected the sources in the order {', '.join(KINDS)}, got {[s.kind for s in sources]}")
    return Card(name, files=files, sources=sources, made=made, **fields)


def _check(where, fields, needed, allowed):
    if not isinstance(fields, dict):
        raise CardError(f"{where}: expected a table, got {fields!r}")
    for key, value in fields.items():
        kind = {**needed, **allowed}.get(key)
        if kind is None:
            raise CardError(f"{where}: unknown key {key!r}; expected {', '.join([*needed, *allowed])}")
        if type(value) is not kind or (kind is str and not value.strip()):
            raise CardError(f"{where}: {key}: expected {kind.__name__}, got {value!r}")
    for key in needed:
        if key not in fields:
            raise CardError(f"{where}: {key!r} is missing")


def _file(where, entry):
    _check(where, entry, {"name": str, "bytes": int, "sha256": str}, {})
    name = entry["name"]
    if name != PurePosixPath(name).name or name.startswith(".") or "\\" in name:
        raise CardError(f"{where}: name: expected a plain file name, got {name!r}")
    if len(entry["sha256"]) != 64 or not set(entry["sha256"]) <= set(string.hexdigits.lower()):
        raise CardError(f"{where}: sha256: expected 64 hex digits in lower case, got {entry['sha256']!r}")
    if entry["bytes"] < 1:
        raise CardError(f"{where}: bytes: expected at least 1, got {entry['bytes']}")
    return File(**entry)


def _source(where, entry):
    _check(where, entry, {"kind": str, "path": str}, {"package": str, "decompress": str, "bytes": int})
    source = Source(**entry)
    if source.kind not in KINDS:
        raise CardError(f"{where}: kind: expected one of {', '.join(KINDS)}, got {source.kind!r}")
    if (source.kind == "url") == bool(source.package):
        raise CardError(f"{where}: a source of kind {source.kind!r} {'has no' if source.package else 'needs a'} package")
    if source.decompress not in ("", "gzip"):
        raise CardError(f"{where}: decompress: expected gzip or nothing, got {source.decompress!r}")
    if source.kind == "pip" and "==" not in source.package:
        raise CardError(f"{where}: package: expected NAME==VERSION for pip, got {source.package!r}")
    if source.kind == "hub" and not re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", source.package):
        raise CardError(f"{where}: package: expected OWNER/NAME@COMMIT for the hub, 40 hex digits, got {source.package!r}")
    if source.kind == "npm" and "@" not in source.package[1:]:
        raise CardError(f"{where}: package: expected NAME@VERSION for npm, got {source.package!r}")
    return source

"""A small hub on this machine, with the few requests that huggingface_hub makes, and a log of each.

A repository is a list of commits; a commit is {path: bytes}. Small files are answered in place. A large one (`lfs`) is
answered by a redirect to a storage, which is a second address, as it is on the real hub. Addresses and headers are those
of huggingface_hub 1 and 2, and the two addresses that a download with ModelScope's client needs; nothing is ever sent
beyond the loopback interface.
"""
import hashlib
import json
import re
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit

LARGE = 10_000        # bytes from which a file lies in the storage
KEPT = ("authorization", "cookie", "range", "if-none-match")      # headers of a request that the log shows


@dataclass
class Repository:
    """Commits, oldest first, and what the hub answers of them.

    Attributes
    ----------
    commits : list of dict of str to bytes
    branches : dict of str to int
        Name -> place in `commits`; "main" is the last unless it says otherwise.
    gated : bool
        Only with a token that is allowed.
    """

    commits: list
    branches: dict = field(default_factory=dict)
    gated: bool = False

    def sha(self, number):
        """The commit's name: forty hexadecimal digits, from its files and those before it."""
        said = hashlib.sha1()
        for files in self.commits[:number + 1]:
            for path, data in sorted(files.items()):
                said.update(f"{path}\0{len(data)}\0".encode() + data)
        return said.hexdigest()

    def number(self, revision):
        """Which commit a branch or a commit's name means, or None."""
        if revision in self.branches or revision == "main":
            return self.branches.get(revision, len(self.commits) - 1)
        return next((k for k in range(len(self.commits)) if self.sha(k) == revision), None)


@dataclass
class Seen:
    """One request, as it came, and its answer."""

    host: str
    method: str
    path: str
    headers: dict
    status: int
    bytes: int = 0


class Hub:
    """A hub and its storage, each an address of this machine; used in a `with` block.

    Parameters
    ----------
    repositories : dict of str to Repository
        "org/name" -> repository.
    tokens : dict of str to set of str, optional
        Token -> gated repositories that it opens.

    Attributes
    ----------
    address : str
    log : list of Seen
    faults : dict of str to list
        Path of a file -> what goes wrong in its next answers: ("cut", bytes) ends the connection early,
        ("short", bytes) sends fewer and says so, ("other", data) sends other bytes of the same length.
    """

    def __init__(self, repositories, tokens=None):
        self.repositories, self.tokens, self.log, self.faults = repositories, tokens or {}, [], {}
        self._lock = threading.Lock()
        self._servers = [ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": self, "host": host}))
                         for host in ("hub", "storage")]
        self.address, self.storage = (f"http://127.0.0.1:{one.server_address[1]}" for one in self._servers)

    def __enter__(self):
        for one in self._servers:
            one.daemon_threads = True
            threading.Thread(target=one.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *_):
        for one in self._servers:
            one.shutdown()
            one.server_close()

    def seen(self):
        """The requests since the last time that one asked."""
        with self._lock:
            found, self.log[:] = list(self.log), []
        return found

    def note(self, one):
        """Keep a request."""
        with self._lock:
            self.log.append(one)

    def fault(self, path):
        """What goes wrong in the next answer for a file, or None."""
        with self._lock:
            waiting = self.faults.get(path)
            return waiting.pop(0) if waiting else None


class _Handler(BaseHTTPRequestHandler):
    hub, host = None, None
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        """Nothing on stderr; `Hub.log` has it."""

    def do_HEAD(self):
        """As GET, without the body."""
        self.do_GET()

    def do_GET(self):
        """Answer one request and keep it."""
        parts = urlsplit(self.path)
        path = shown = unquote(parts.path)
        if self.host == "storage":
            status, headers, body, told = self.storage(path)
        elif path.startswith("/api/v1/"):
            shown = f"{path}?{unquote(parts.query)}" if parts.query else path
            status, headers, body, told = self.modelscope(path, {name: values[0] for name, values in parse_qs(parts.query).items()})
        else:
            status, headers, body, told = self.answer(path)
        start, whole = 0, len(body)
        asked = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if asked and status == 200:
            start = min(int(asked[1]), whole)
            body, status = body[start:int(asked[2]) + 1 if asked[2] else None], 206
            headers["Content-Range"] = f"bytes {start}-{whole - 1}/{whole}"
        sent = body if self.command == "GET" else b""
        fault = self.hub.fault(told) if sent and told else None
        if fault and fault[0] == "other":
            sent = body = fault[1][start:]
        self.hub.note(Seen(self.host, self.command, shown, {k: v for k, v in self.headers.items() if k.lower() in KEPT}, status, len(sent)))
        self.send_response(status)
        for name, value in {"Content-Length": len(body) if not (fault and fault[0] == "short") else fault[1], "Accept-Ranges": "bytes", **headers}.items():
            self.send_header(name, str(value))
        self.end_headers()
        if fault and fault[0] in ("cut", "short"):
            self.wfile.write(sent[:fault[1]])
            self.close_connection = True
            return
        self.wfile.write(sent)

    def answer(self, path):
        """(status, headers, body, path of the file or None) of the hub."""
        wanted = re.fullmatch(r"/(?:api/models/)?([^/]+/[^/]+)/(resolve|revision|tree)/([^/]+)(?:/(.*))?", path) or \
            re.fullmatch(r"/api/models/([^/]+/[^/]+)()()()", path)
        if not wanted:
            return self.refuse(404, "no such address")
        name, what, revision, file = wanted.groups()
        repository, revision = self.hub.repositories.get(name), revision or "main"
        if repository is None:
            return self.refuse(401, "Repository not found", "RepoNotFound")
        number = repository.number(revision)
        if number is None:
            return self.refuse(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        files, sha = repository.commits[number], repository.sha(number)
        if what == "tree":
            return self.as_json([{"type": "file", "path": each, "size": len(data), "oid": blob(data), **lfs(data)} for each, data in sorted(files.items())])
        if what != "resolve":
            listed = [{"rfilename": each, "size": len(data)} for each, data in sorted(files.items())]
            return self.as_json({"id": name, "modelId": name, "sha": sha, "siblings": listed, "private": False, "gated": repository.gated and "manual",
                                 "tags": [], "downloads": 0, "likes": 0})
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if token and token not in self.hub.tokens and self.hub.tokens:
            return self.refuse(401, "Invalid credentials in Authorization header")
        if repository.gated and name not in self.hub.tokens.get(token, ()):
            return self.refuse(403 if token else 401, f"Access to model {name} is restricted", "GatedRepo", sha)
        if file not in files:
            return self.refuse(404, "Entry not found", "EntryNotFound", sha)
        data, large = files[file], len(files[file]) >= LARGE
        headers = {"X-Repo-Commit": sha, "ETag": f'"{blob(data)}"'}
        if large:
            headers |= {"X-Linked-Size": len(data), "X-Linked-Etag": f'"{hashlib.sha256(data).hexdigest()}"',
                        "Location": f"{self.hub.storage}/{name}/{hashlib.sha256(data).hexdigest()}/{file}"}
            return 302, headers, b"", None
        return 200, headers, data, file

    def modelscope(self, path, asked):
        """The answer to ModelScope's client: the list of a repository's files, with the SHA-256 of each, or one file."""
        wanted = re.fullmatch(r"/api/v1/models/([^/]+/[^/]+)/repo(/files)?", path)
        repository = self.hub.repositories.get(wanted[1]) if wanted else None
        revision = asked.get("Revision", "master")      # the name that ModelScope gives to the branch
        number = None if repository is None or repository.gated else repository.number("main" if revision == "master" else revision)
        if number is None:
            return self.refuse(404, "no such repository, revision or address")
        files = repository.commits[number]
        if wanted[2]:
            return self.as_json({"Code": 200, "Success": True, "Data": {"Files": [
                {"Path": each, "Name": each.rpartition("/")[2], "Type": "blob", "Size": len(data), "Sha256": hashlib.sha256(data).hexdigest()}
                for each, data in sorted(files.items())] + [{"Path": each, "Name": each, "Type": "tree", "Size": 0, "Sha256": ""}
                                                            for each in sorted({each.partition("/")[0] for each in files if "/" in each})]}})
        file = asked.get("FilePath", "")
        return (200, {}, files[file], file) if file in files else self.refuse(404, "no such file")

    def storage(self, path):
        """The answer of the storage: a file by its SHA-256."""
        _, owner, name, sha, file = path.split("/", 4)
        for files in self.hub.repositories[f"{owner}/{name}"].commits:
            if file in files and hashlib.sha256(files[file]).hexdigest() == sha:
                return 200, {"ETag": f'"{sha[:32]}"'}, files[file], file
        return self.refuse(404, "no such object")

    def refuse(self, status, words, code=None, sha=None):
        """An error as the hub tells it."""
        headers = {"X-Error-Message": words} | ({"X-Error-Code": code} if code else {}) | ({"X-Repo-Commit": sha} if sha else {})
        return status, headers, json.dumps({"error": words}).encode(), None

    def as_json(self, found):
        """A JSON answer."""
        return 200, {"Content-Type": "application/json"}, json.dumps(found).encode(), None


def lfs(data):
    """What the listing says of a file that lies in the storage."""
    if len(data) < LARGE:
        return {}
    return {"lfs": {"oid": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 134}}


def blob(data):
    """The name that git gives to a file's content: SHA-1 over a short head and the bytes."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()

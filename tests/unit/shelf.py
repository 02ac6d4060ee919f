"""A shelf of made-up cards, an empty cache and a small server, for the tests of the door to data.

A test module takes the fixtures with `from shelf import server, shelf`.
"""
import hashlib
import http.server
import threading

import pytest

from labs.data import cache, catalogue

FILES = {"one.bin": b"first file " * 300, "two.bin": b"second file " * 400}

PATCHED = """
import sys
from pathlib import Path
from labs.data import catalogue
catalogue._cards = lambda: Path({cards!r})
from labs import data
"""


class Shelf:
    """Cards in a folder of their own, and a cache in another."""

    def __init__(self, folder):
        self.cards, self.cache = folder / "cards", folder / "cache"
        self.cards.mkdir()

    def add(self, name, *sources, files=FILES, made=None, **more):
        """Write a card; each source is a dict with the fields of a source, `made` what its conversion makes."""
        fields = {"title": "A set", "what": "for tests", "licence": "MIT", "homepage": "https://example.org", "citation": "none", **more}
        lines = [f"{key} = {'true' if value is True else repr(value)}" for key, value in fields.items()]
        listed = [("files", *each) for each in files.items()] + [("made", *each) for each in (made or {}).items()]
        for kind, file, content in listed:
            lines += [f"[[{kind}]]", f"name = '{file}'", f"bytes = {len(content)}", f"sha256 = '{hashlib.sha256(content).hexdigest()}'"]
        for source in sources:
            lines += ["[[sources]]", *(f"{key} = {value!r}" for key, value in source.items())]
        (self.cards / f"{name}.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
        return catalogue.card(name)

    def program(self, body):
        """A program for another process, which sees these cards."""
        return PATCHED.format(cards=str(self.cards)) + body

    def left(self):
        """What lies in the cache, locks left out."""
        return sorted(path.name for path in self.cache.glob("*") if not path.name.endswith(".lock")) if self.cache.exists() else []

    def hidden(self):
        """What a fetch left behind and should not have."""
        return [path.name for path in self.cache.glob(".*") if not path.name.endswith(".lock")]


@pytest.fixture
def shelf(tmp_path, monkeypatch):
    """Made-up cards and an empty cache."""
    made = Shelf(tmp_path)
    monkeypatch.setattr(catalogue, "_cards", lambda: made.cards)
    monkeypatch.setenv("LABS_CACHE", str(made.cache))
    monkeypatch.delenv("LABS_OFFLINE", raising=False)
    monkeypatch.setattr(cache, "_CHECKED", {})
    return made


class Server:
    """Serves bytes by path, and remembers what was asked. `cut` are paths whose connection breaks half way."""

    def __init__(self, address):
        self.address, self.files, self.cut, self.asked = address, {}, set(), []

    def source(self, folder="good", **more):
        """The source of a card that stands for a folder of this server."""
        return {"kind": "url", "path": f"{self.address}/{folder}/{{name}}", **more}

    def serve(self, folder, files, cut=()):
        """Serve `files` under a folder; the names in `cut` break off half way."""
        self.files.update({f"/{folder}/{name}": content for name, content in files.items()})
        self.cut.update(f"/{folder}/{name}" for name in cut)
        return self.source(folder)


@pytest.fixture
def server():
    """A server on loopback."""
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            made.asked.append(self.path)
            content = made.files.get(self.path)
            if content is None:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content[:len(content) // 2] if self.path in made.cut else content)

        def log_message(self, *args):
            """Say nothing: the test asks `asked`."""

    running = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Server(f"http://127.0.0.1:{running.server_address[1]}")
    thread = threading.Thread(target=running.serve_forever, args=(0.02,))
    thread.start()
    yield made
    running.shutdown()
    thread.join()
    running.server_close()

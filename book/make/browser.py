"""The built site in a Chromium that is on this machine: found, served on loopback, opened."""
import contextlib
import functools
import gzip
import http.server
import importlib.util
import shutil
import threading
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]

PACKED = (".html", ".css", ".js", ".json", ".svg", ".xml", ".md", ".txt")


def found():
    """The path of a Chromium, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


def lacking():
    """What is missing for a browser, in words; empty where nothing is."""
    if found() is None:
        return "there is no Chromium"
    return "" if importlib.util.find_spec("playwright") else "the package playwright is not installed"


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Serves a folder, texts compressed as every host does, and says nothing."""

    def do_GET(self):
        """Compress what is text, where the browser takes it."""
        path = Path(self.translate_path(self.path))
        path = path / "index.html" if path.is_dir() else path
        if path.suffix not in PACKED or not path.is_file() or "gzip" not in self.headers.get("Accept-Encoding", ""):
            super().do_GET()
            return
        body = gzip.compress(path.read_bytes(), 6)
        self.send_response(200)
        for name, value in (("Content-Type", self.guess_type(str(path))), ("Content-Encoding", "gzip"), ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        """No line per request."""


@contextlib.contextmanager
def served(folder):
    """Serve a folder on loopback; gives its address, which ends with a slash."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


@contextlib.contextmanager
def opened():
    """A running Chromium, driven by playwright."""
    from playwright.sync_api import sync_playwright
    with sync_playwright() as driver:
        running = driver.chromium.launch(executable_path=found(), args=FLAGS)
        try:
            yield running
        finally:
            running.close()


def pages(html):
    """Names of the site's pages, relative to its folder; the error page is none that a reader asks for."""
    return sorted(file.relative_to(html).as_posix() for file in html.rglob("*.html")
                  if "_static" not in file.parts and "_sources" not in file.parts and file.name not in ("404.html", "genindex.html"))

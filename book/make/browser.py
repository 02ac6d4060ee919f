"""The built site in a Chromium that is on this machine: found, served on loopback, opened."""
import contextlib
import functools
import gzip
import http.server
import importlib.util
import multiprocessing
import multiprocessing.util
import shutil
import sys
import threading
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]
AT_ONCE = 2             # browsers, one a processor core

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


class Server(http.server.ThreadingHTTPServer):
    """Says nothing of a browser that hangs up, as one does whose page is closed."""

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


@contextlib.contextmanager
def served(folder):
    """Serve a folder on loopback; gives its address, which ends with a slash."""
    server = Server(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
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


def each_page(html, look):
    """What `look` finds on every page of a site, by two browsers that share the pages.

    Parameters
    ----------
    html : Path
        The folder of the site.
    look : callable
        `look(browser, address, name)`, a function that can be imported: each browser belongs to a process of its own.

    Returns
    -------
    dict of str to object
        By page.
    """
    names = pages(html)
    largest = sorted(names, key=lambda name: -(html / name).stat().st_size)       # a long page begun last would keep one waiting
    with served(html) as address, ProcessPoolExecutor(AT_ONCE, multiprocessing.get_context("spawn"), _open) as pool:
        found = dict(zip(largest, pool.map(_look, [(look, address, name) for name in largest])))
    return {name: found[name] for name in names}


_running = []           # in a process of `each_page`: its browser, and what ends it


def _open():
    ending = contextlib.ExitStack()
    _running[:] = ending.enter_context(opened()), ending
    multiprocessing.util.Finalize(None, ending.close, exitpriority=10)


def _look(asked):
    look, address, name = asked
    return look(_running[0], address, name)

"""Run every notebook as Colab would: `make test-colab [COLAB_PYTHON=python3.13]`.

An environment of its own (`_build/colab`) with the versions that Colab had (`book/make/colab.txt`), a stub
`google.colab`, and the notebooks in smoke mode. Their first cell installs the course as it does there: it
fetches the version's archive, here from a loopback server that packs this very tree. Nothing else of the
notebook is touched, and torch must be the same after the cell as before it.
"""
import argparse
import hashlib
import http.server
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading
import time
from pathlib import Path

import nbformat
from jupyter_client.kernelspec import KernelSpecManager
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from book.make import book, execute, notebooks

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = ROOT / "book/make/colab.txt"
HOME = ROOT / "_build/colab"
LEFT_OUT = {".git", ".venv", "_build", "build", "__pycache__", ".pytest_cache", ".ipynb_checkpoints"}
STARTUP = "import google.colab\n"
TIMEOUT_S = 600
PYTHON = "3.13"


def say(text):
    print(f"colab: {text}", flush=True)


def expect_python(python):
    """Raise where the interpreter is not there, or of another version than Colab's."""
    ask = "import sys; print('%d.%d' % sys.version_info[:2])"
    try:
        found = subprocess.run([python, "-c", ask], check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        found = "none"
    if found != PYTHON:
        raise SystemExit(f"colab: expected a Python {PYTHON}, which is Colab's, got {found} from {python!r}. "
                         f"Say where one is: make test-colab COLAB_PYTHON=/path/to/python{PYTHON}")


def prepare(python, home):
    """Make the environment with Colab's versions; a second time, nothing. Returns its interpreter."""
    inside, mark = home / "bin/python", home / "installed.sha256"
    wanted = hashlib.sha256((VERSIONS.read_text(encoding="utf-8") + python).encode()).hexdigest()
    if mark.exists() and mark.read_text(encoding="utf-8") == wanted:
        return inside
    expect_python(python)
    shutil.rmtree(home, ignore_errors=True)
    began = time.time()
    say(f"installing Colab's versions with {python}; torch comes as a CUDA build of several gigabytes")
    subprocess.run([python, "-m", "venv", str(home)], check=True)
    subprocess.run([str(inside), "-m", "pip", "install", "--quiet", "-r", str(VERSIONS)], check=True)
    packages = subprocess.run([str(inside), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"], check=True,
                              capture_output=True, text=True).stdout.strip()
    stub = Path(packages) / "google/colab"
    stub.mkdir(parents=True, exist_ok=True)
    (stub / "__init__.py").write_text('"""Stands in for Colab\'s own module."""\n', encoding="utf-8")
    mark.write_text(wanted, encoding="utf-8")
    say(f"installed in {time.time() - began:.0f} s")
    return inside


def archive(root, version):
    """The tree as the archive of a tag: one folder, named for the course and the version."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        tar.add(root, arcname=f"parity-course-{version}", filter=lambda member: None if LEFT_OUT & set(Path(member.name).parts) else member)
    return packed.getvalue()


def serve(content, path):
    """Answer one address on loopback with the archive; everything else is not there."""
    class Archive(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            found = self.path == path
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "application/gzip")
            self.end_headers()
            self.wfile.write(content if found else b"")

        def log_message(self, *arguments):
            """No line per request."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Archive)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def as_in_colab(notebook, address, local):
    """The notebook with the repository's address exchanged for the local one, in its first code cell alone.

    Raises
    ------
    ValueError
        The first code cell does not fetch from the address.
    """
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    if f"{address}/archive/" not in first.source:
        raise ValueError(f"expected the first code cell to install from {address}/archive/..., got:\n{first.source}")
    first.source = first.source.replace(f"{address}/archive/", f"{local}/archive/")
    return notebook


def torch_of(python):
    """The version of torch that an interpreter has."""
    said = subprocess.run([str(python), "-c", "import importlib.metadata as m; print(m.version('torch'))"], capture_output=True, text=True)
    return said.stdout.strip()


def run(notebook, python):
    """Execute a notebook with an interpreter in an empty folder.

    Raises
    ------
    CellExecutionError, CellTimeoutError, DeadKernelError
    """
    with tempfile.TemporaryDirectory(prefix="colab-") as folder:
        startup = Path(folder) / "ipython/profile_default/startup"
        startup.mkdir(parents=True)
        (startup / "00-colab.py").write_text(STARTUP, encoding="utf-8")
        kernels = Path(folder) / "kernels/colab"
        kernels.mkdir(parents=True)
        (kernels / "kernel.json").write_text('{"argv": ["%s", "-m", "ipykernel_launcher", "--log-level=ERROR", "-f", "{connection_file}"], '
                                             '"display_name": "Colab", "language": "python"}' % python, encoding="utf-8")
        work = Path(folder) / "content"
        work.mkdir()
        specs = KernelSpecManager(kernel_dirs=[str(kernels.parent)])
        manager = KernelManager(kernel_name="colab", kernel_spec_manager=specs)
        # what make and the virtual environment put there would lead pip and Python astray
        environment = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "VIRTUAL_ENV", "MAKEFLAGS")}
        environment |= {"IPYTHONDIR": str(Path(folder) / "ipython"), "LABS_RUN": "smoke", "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}
        client = NotebookClient(notebook, km=manager, timeout=TIMEOUT_S, resources={"metadata": {"path": str(work)}})
        client.execute(env=environment)


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Run the notebooks as Colab would.")
    parser.add_argument("--python", default="python3.13", help="a Python 3.13")
    parser.add_argument("names", nargs="*", metavar="NAME", help="chapters, such as 06_mnist; without one, all")
    chosen = parser.parse_args(arguments)
    if not shutil.which(chosen.python):
        sys.exit(f"colab: no {chosen.python} found; Colab has Python 3.13: make test-colab COLAB_PYTHON=/path/to/python3.13")
    python = prepare(chosen.python, HOME)
    pip = [str(python), "-m", "pip", "--quiet"]
    texts = {path.stem: path for path in book.texts(ROOT)}
    unknown = [name for name in chosen.names if name not in texts]
    if unknown:
        sys.exit(f"colab: no chapter {', '.join(unknown)}; there are {', '.join(texts)}")
    address, version, failed = book.address(ROOT).url, book.version(ROOT), []
    server = serve(archive(ROOT, version), f"/archive/refs/tags/v{version}.tar.gz")
    for name in chosen.names or texts:
        subprocess.run([*pip, "uninstall", "--yes", "parity-course"], check=True, capture_output=True)       # a new machine has none
        made = as_in_colab(nbformat.reads(notebooks.of_text(texts[name]), 4), address, f"http://127.0.0.1:{server.server_port}")
        before, began = torch_of(python), time.time()
        try:
            run(made, python)
            state = "ok" if torch_of(python) == before else f"FAILED: torch was {before} and is {torch_of(python)}"
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            lines = execute.COLOURS.sub("", str(error)).strip().splitlines()
            state = "FAILED\n" + "\n".join(lines[-25:])
        if state != "ok":
            failed.append(name)
        say(f"{name:<24} {time.time() - began:6.0f} s   {state}")
    server.shutdown()
    if failed:
        sys.exit(f"colab: {len(failed)} of {len(chosen.names or texts)} notebooks failed: {', '.join(failed)}")
    say(f"{len(chosen.names or texts)} notebooks ran with torch {torch_of(python)}, {python.resolve().name}; "
        "to free the disk: rm -r _build/colab")


if __name__ == "__main__":
    main()

"""Run notebooks where a reader runs them, and worse: an empty folder, no network, labs as an installed package.

nbval executes them, each as a whole. nbval keeps no
outputs and passes a notebook whose cells were skipped, so the kernels
themselves are asked: each wrote down every cell that ended well (`witness/`),
and a notebook is proven by one kernel whose list holds all its cells, in order.
"""
import hashlib
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
LOOPBACK = """
import fcntl, os, socket, struct, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:      # SIOCGIFFLAGS, SIOCSIFFLAGS; IFF_UP = 1
    flags, = struct.unpack("16xh", fcntl.ioctl(s, 0x8913, struct.pack("16sh", b"lo", 0)))
    fcntl.ioctl(s, 0x8914, struct.pack("16sh", b"lo", flags | 1))
os.execvp(sys.argv[1], sys.argv[1:])
"""
UNSHARE = ["unshare", "--user", "--map-root-user", "--net"]


@dataclass
class Outcome:
    """What nbval and the witness say."""

    said: str                                   # nbval's own words
    status: int
    closed: bool                                # was the network closed?
    ran: dict = field(default_factory=dict)     # {name: (cells that one kernel ran in order, cells that there are)}
    labs: set = field(default_factory=set)      # where the kernels found labs
    site: Path = None                           # where it was installed
    processor_s: float = 0.0                    # of the kernels, their children and nbval itself (about two seconds)
    stderr: str = ""                            # what the kernels wrote there

    def failed(self, name):
        """The lines in which nbval reports a failure of this notebook."""
        return [line for line in self.said.splitlines() if re.match(rf"(FAILED|ERROR) .*\b{re.escape(name)}\.ipynb", line)]


def can_close():
    """Can a process here have a network of its own?"""
    if shutil.which("unshare") is None:
        return False
    done = subprocess.run([*UNSHARE, sys.executable, "-c", LOOPBACK, "true"], capture_output=True)
    return done.returncode == 0


def install_labs(box, also=None):
    """Install the package from its sources into box/site, as a reader's pip would; `also` are files beside ours, by path."""
    source, site = box / "source", box / "site"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    shutil.copytree(ROOT / "labs", source / "labs", ignore=shutil.ignore_patterns("__pycache__"))
    for place, text in (also or {}).items():
        (source / place).parent.mkdir(parents=True, exist_ok=True)
        (source / place).write_text(text, encoding="utf-8")
    done = subprocess.run([sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index",
                           "--target", str(site), str(source)], capture_output=True, text=True)
    assert done.returncode == 0, f"labs cannot be installed as a package:\n{done.stderr[-2000:]}"
    return site


def of_children():
    """Processor seconds of all processes below this one that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def cache_folder():
    """Where the data lies: LABS_CACHE, or what the data door takes without it."""
    from labs.data import cache
    return str(cache.home())


def environment(box, site, fluid, scratch):
    """What the kernels see: a home of their own, the installed labs, the data, smoke mode, the chosen device and Fluid."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST", "COV_"))}
    return {**kept, "HOME": str(box / "home"), "IPYTHONDIR": str(box / "ipython"), "LABS_WITNESS": str(box / "witness"),
            "LABS_CACHE": cache_folder(), "LABS_FLUID": fluid, "LABS_OFFLINE": "1", "LABS_RUN": "smoke", "OMP_NUM_THREADS": "1",
            "PYTHONPATH": str(site) if site else "", "TMPDIR": scratch}


def run(paths, box, cell_s=300, workers=2, site=None, fluid="recordings"):
    """Run notebooks in a sealed folder; return the Outcome.

    Parameters
    ----------
    paths : dict
        {name in the folder: notebook file}
    box : Path
        An empty folder outside the repository.
    cell_s : int
        Seconds after which a cell, or a dead kernel, is given up.
    workers : int
        How many notebooks run at once.
    site : Path, optional
        Where labs is installed, see `install_labs`; without it the kernels find none but an editable one.
    fluid : str
        LABS_FLUID: "recordings", which every reader has, or "check", which runs Fluid and compares.
    """
    for name in ("work", "witness", "home"):
        (box / name).mkdir(parents=True)
    shutil.copytree(HERE / "witness", box / "ipython")
    for name, path in paths.items():
        shutil.copy(path, box / "work" / f"{name}.ipynb")
    at_once = ["-n", str(workers), "--dist", "loadscope"] if workers > 1 else []
    closed = can_close()
    door, before = [*UNSHARE, sys.executable, "-c", LOOPBACK] if closed else [], of_children()
    with tempfile.TemporaryDirectory(prefix="box") as scratch:         # short: a socket's name has a hundred characters at most
        done = subprocess.run([*door, sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", "-rfE", "--tb=short", "--nbval-lax",
                               "--nbval-current-env", f"--nbval-cell-timeout={cell_s}", *at_once, "--rootdir", str(box / "work"), "."],
                              cwd=box / "work", env=environment(box, site, fluid, scratch), capture_output=True, text=True)
    outcome = Outcome(re.sub(r"\x1b?\[[0-9;]*m", "", done.stdout + done.stderr), done.returncode, closed, site=site,
                      processor_s=of_children() - before)
    logs = [[line.split(" ", 1) for line in path.read_text(encoding="utf-8").splitlines()] for path in (box / "witness").glob("*.txt")]
    outcome.stderr = "".join(path.read_text(encoding="utf-8") for path in sorted((box / "witness").glob("*.stderr")))
    outcome.labs = {where for log in logs for _, where in log if where != "-"}
    for name in paths:
        outcome.ran[name] = proof(nbformat.read(box / "work" / f"{name}.ipynb", 4), [[seen for seen, _ in log] for log in logs])
    return outcome


def proof(notebook, logs):
    """(most cells that one kernel ran in the notebook's order, how many there are).

    Parameters
    ----------
    notebook : NotebookNode
    logs : list of list of str
        One list a kernel: the hashes of the cells that ended well, as they ran.
    """
    wanted = [hashlib.sha256(cell.source.strip().encode()).hexdigest()
              for cell in notebook.cells if cell.cell_type == "code"]

    def found(log):
        at = count = 0
        for want in wanted:
            if want in log[at:]:
                at, count = log.index(want, at) + 1, count + 1
        return count
    return max(map(found, logs), default=0), len(wanted)

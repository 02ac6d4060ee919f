"""Create .venv and install what the book needs: `python3 book/make/environment.py`.

Uses the standard library alone and runs on any Python 3, so that a wrong
Python hears what is wrong instead of a syntax error.

Python 3.11 gets requirements.lock, one exact version of each package; 3.12 and
3.13 get the ranges of requirements.txt and pyproject.toml. torch comes
first and by itself: on Linux plain pip may answer with a CUDA build of several
gigabytes, so pip is asked what it would take, and where that is a CUDA build,
PyTorch's own CPU index is used.

A second run without changes does nothing.
"""
import hashlib
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OLDEST, NEWEST, LOCKED = (3, 11), (3, 13), (3, 11)
CPU_INDEX = json.loads((ROOT / "labs" / "install_lines.json").read_text(encoding="utf-8"))["torch CPU"]
INPUTS = ("requirements.lock", "requirements.txt", "pyproject.toml", "labs/__init__.py", "labs/install_lines.json",
          "book/make/environment.py")
NO_NETWORK = re.compile(r"NewConnectionError|NameResolutionError|Temporary failure in name resolution|Max retries"
                        r"|ConnectionError|ProxyError|Network is unreachable|from versions: none|ReadTimeout", re.I)


class SetupError(Exception):
    """The environment could not be made; the message says what to do."""


def check_python(version):
    """Raise unless `version` (major, minor) is one that the book runs on."""
    if not OLDEST <= tuple(version[:2]) <= NEWEST:
        raise SetupError(
            "Python %d.%d was found; the book needs Python 3.11, 3.12 or 3.13 (paddlepaddle has no wheels for others).\n"
            "Install one of them and name it: make book PYTHON=python3.11" % tuple(version[:2]))


def run(command, what):
    """Run a command; on failure raise with the end of what it said and with what that usually means."""
    done = subprocess.run(command, cwd=str(ROOT), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True)
    if done.returncode:
        lines = [line for line in done.stdout.strip().splitlines() if not line.startswith(("WARNING: ", "Looking in ", "Requirement already"))]
        raise SetupError("%s failed.\n\n%s\n\n%s" % (what, "\n".join(line[:300] for line in lines[-12:]), advice(done.stdout)))
    return done.stdout


def advice(said):
    """What to do about the end of a failed pip or venv run."""
    if "No space left" in said:
        return "The disk is full: the environment needs about 3 GB free, half of it for the time of the installation."
    if re.search("ensurepip|No module named '?(venv|pip)", said):
        return ("This Python came without venv or pip. On Debian and Ubuntu: apt install python3-venv. "
                "Then remove .venv and run make again.")
    if CPU_INDEX.split("/")[2] in said and NO_NETWORK.search(said):
        return ("PyTorch's index of CPU builds could not be reached. Is there a network? Behind a proxy set HTTPS_PROXY. Where a "
                "mirror has it, or you have the file: .venv/bin/pip install torch --index-url ADDRESS, or .venv/bin/pip install FILE. "
                "Then run make again: it leaves a torch that fits alone.")
    if NO_NETWORK.search(said):
        return ("pip found no package index that has it. Is there a network? Behind a proxy set HTTPS_PROXY; "
                "to use a mirror: pip config set global.index-url ADDRESS. Then run make again: it goes on where it stopped.")
    return "The lines above are the last that the command said. After fixing the cause run make again."


def interpreter(home):
    """The Python of the environment in `home`."""
    return home / "bin" / "python"


def version_of(python):
    """(major, minor) of an interpreter, or None where it does not start."""
    try:
        said = subprocess.run([str(python), "-c", "import sys; print('%d %d' % sys.version_info[:2])"],
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, universal_newlines=True)
    except OSError:
        return None
    return tuple(int(part) for part in said.stdout.split()) if said.returncode == 0 else None


def create(home):
    """Make the environment where there is none; return its Python's version."""
    version = version_of(interpreter(home)) if home.exists() else None
    if version is None:
        check_python(sys.version_info)
        clear = ["--clear"] if home.exists() else []
        run([sys.executable, "-m", "venv"] + clear + [str(home)], "python -m venv %s" % home.name)
        version = version_of(interpreter(home))
    elif version != tuple(sys.version_info[:2]):
        print("%s holds Python %d.%d and keeps it; remove the folder to change." % ((home.name,) + version))
    check_python(version)
    run([str(interpreter(home)), "-c", "import pip"], "looking for pip in %s" % home.name)
    return version


def stamp(version, root=ROOT):
    """A hash of all that decides what is installed."""
    parts = ["%d.%d" % tuple(version[:2])]
    parts += [(root / name).read_text(encoding="utf-8") if (root / name).exists() else "none" for name in INPUTS]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def requirement(name, text):
    """The line of a requirements file that names a package, or None."""
    found = re.search(r"^%s(?=[\s=<>~!;]).*$" % re.escape(name), text, re.M)
    return found.group(0).strip() if found else None


def is_cuda(report):
    """Does pip's report say that it would take a CUDA build of torch?

    Parameters
    ----------
    report : dict
        What `pip install --dry-run --no-deps --report - torch` prints, parsed.
    """
    metadata = report["install"][0]["metadata"]
    if metadata["version"].endswith("+cpu"):
        return False
    needs = " ".join(metadata.get("requires_dist", []))
    return "+cu" in metadata["version"] or bool(re.search(r"nvidia[-_]|cuda[-_]", needs))


def torch_source(pip, wanted, platform=sys.platform):
    """The pip options that bring a CPU build of torch: none where plain pip does."""
    if platform != "linux":
        return []
    said = subprocess.run(pip + ["install", "--dry-run", "--no-deps", "--ignore-installed", "--quiet", "--report", "-", wanted],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
    if said.returncode:
        raise SetupError("pip knows no %s.\n\n%s\n\n%s" % (wanted, said.stderr.strip()[-1500:], advice(said.stderr)))
    return ["--index-url", CPU_INDEX] if is_cuda(json.loads(said.stdout)) else []


def asked(requirements):
    """What pip is asked for: the lines of files, and the package itself with an extra (".[dev]")."""
    return [part for name in requirements for part in (["-r", name] if name.endswith((".txt", ".lock")) else [name])]


def install(home, requirements, torch):
    """Install torch alone, then the rest, and check that it fits together."""
    pip = [str(interpreter(home)), "-m", "pip", "--disable-pip-version-check"]
    print("installing %s" % torch, flush=True)
    if not has(home, torch):
        source = torch_source(pip, torch)
        run(pip + ["install", "--no-deps"] + source + [torch],
            "pip install %s%s" % (torch, " from PyTorch's index of CPU builds" if source else ""))
    print("installing %s" % " and ".join(requirements), flush=True)
    run(pip + ["install"] + asked(requirements), "pip install " + " ".join(asked(requirements)))


def has(home, wanted):
    """Is the requirement met already? (Asked of packaging, which pip carries.)"""
    code = ("import sys; from importlib.metadata import version; from pip._vendor.packaging.requirements import Requirement; "
            "r = Requirement(sys.argv[1]); sys.exit(not r.specifier.contains(version(r.name), prereleases=True))")
    return subprocess.run([str(interpreter(home)), "-c", code, wanted], stderr=subprocess.DEVNULL).returncode == 0


def megabytes(folder):
    """Size of a folder's files, without following links."""
    return sum(os.lstat(os.path.join(at, name)).st_size for at, _, names in os.walk(str(folder)) for name in names) / 1e6


def prepare(home, root=ROOT):
    """Bring the environment in `home` up to date; return True where something was installed."""
    began = time.time()
    version = create(home)
    mark = home / "installed.sha256"
    if mark.exists() and mark.read_text() == stamp(version, root):
        return False
    if version == LOCKED and (root / "requirements.lock").exists():
        names = ["requirements.lock"]
    else:
        names = ["requirements.txt", ".[dev]"]
        print("requirements.lock is for Python %d.%d; this is %d.%d, so the ranges of requirements.txt are installed:\n"
              "versions may be newer than those that the book was built with." % (LOCKED + version))
    torch = requirement("torch", (root / names[0]).read_text(encoding="utf-8"))
    if torch is None:
        raise SetupError("%s names no torch." % names[0])
    install(home, names, torch)
    print("installing labs, editable", flush=True)
    pip = [str(interpreter(home)), "-m", "pip", "--disable-pip-version-check"]
    run(pip + ["install", "--no-deps", "--no-build-isolation", "--editable", str(root)], "pip install --editable .")
    run(pip + ["check"], "pip check")
    mark.write_text(stamp(version, root))
    print("%s is ready: %.0f s, %.0f MB on disk" % (home.name, time.time() - began, megabytes(home)))
    return True


def main():
    try:
        prepare(ROOT / ".venv")
    except SetupError as error:
        sys.exit("\nset-up: %s" % error)
    except KeyboardInterrupt:
        sys.exit("\nset-up: stopped. Run make again: it goes on where it stopped.")


if __name__ == "__main__":
    main()

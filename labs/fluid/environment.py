"""The environment in which the real Fluid runs: Python 3.8 or 3.7 and paddlepaddle 1.8.5, in the cache.

paddlepaddle 1.8.5 (2020) is the last release of 1.x; its wheels are for Python 3.8 and older. So it gets an environment of
its own, with every version pinned in a lock beside this file, and a process of its own.
"""
import hashlib
import json
import os
import platform
import shutil
import subprocess
import time
from pathlib import Path

from labs.data import cache
from labs.fluid.errors import NoRuntime

VERSIONS = ("3.8", "3.7")                   # the first that is found is taken
WANTED = ("paddlepaddle==1.8.5", "protobuf<3.21", "numpy<1.24", "ipykernel")
HERE = Path(__file__).resolve().parent
RECIPES = ("uv python install 3.8", "pyenv install 3.8", "conda create -y -n python38 python=3.8")
STEP = """
import json, sys
import numpy as np, paddle, paddle.fluid as fluid
x = fluid.layers.data("x", [4])
loss = fluid.layers.mean(fluid.layers.fc(x, 1))
fluid.optimizer.SGD(0.5).minimize(loss)
exe = fluid.Executor(fluid.CPUPlace())
exe.run(fluid.default_startup_program())
first, = exe.run(feed={"x": np.ones((2, 4), "float32")}, fetch_list=[loss])
second, = exe.run(feed={"x": np.ones((2, 4), "float32")}, fetch_list=[loss])
assert second[0] < first[0], (first, second)
print(json.dumps({"python": sys.version.split()[0], "paddlepaddle": paddle.__version__, "numpy": np.__version__}))
"""


def lock(version):
    """The file that pins every package for a Python version."""
    return HERE / f"python{version}.lock"


def folder(version):
    """Where the environment for a Python version stands, or will."""
    digest = hashlib.sha256(lock(version).read_bytes()).hexdigest()[:12]
    return cache.home() / f"fluid-python{version}-{digest}"


def installed():
    """What is installed: {"python": ..., "paddlepaddle": ..., "executable": ...}, or None.

    LABS_FLUID_PYTHON names an interpreter of the reader's own, which has paddlepaddle 1.8.5 and ipykernel.

    Raises
    ------
    NoRuntime
        LABS_FLUID_PYTHON names a file that does not exist.
    """
    own = os.environ.get("LABS_FLUID_PYTHON", "").strip()
    if own:
        if not Path(own).is_file():
            raise NoRuntime(f"LABS_FLUID_PYTHON: there is no file {own}")
        return {"executable": own}
    for version in VERSIONS:
        try:
            return json.loads((folder(version) / "whole.json").read_text(encoding="utf-8"))
        except (FileNotFoundError, json.JSONDecodeError):
            continue
    return None


def suits():
    """Why Fluid cannot be installed on this kind of machine, in words; empty where it can."""
    here = f"{platform.system()} {platform.machine()}"
    return "" if here in ("Linux x86_64", "Linux AMD64") else f"the runtime is for Linux on x86-64, and this is {here}"


def candidates():
    """Files that may be a Python 3.8 or 3.7: of the PATH, pyenv, uv and conda, in that order."""
    home = Path.home()
    pyenv = Path(os.environ.get("PYENV_ROOT") or home / ".pyenv")
    uv = Path(os.environ.get("UV_PYTHON_INSTALL_DIR") or
              Path(os.environ.get("XDG_DATA_HOME") or home / ".local/share") / "uv/python")
    condas = [Path(os.environ[name]) for name in ("CONDA_PREFIX", "MAMBA_ROOT_PREFIX") if os.environ.get(name)]
    condas += [Path(os.environ["CONDA_EXE"]).parent.parent] if os.environ.get("CONDA_EXE") else []
    condas += [home / name for name in ("miniconda3", "anaconda3", "miniforge3", "mambaforge", "micromamba", ".conda")]
    for version in VERSIONS:
        if on_path := shutil.which(f"python{version}"):
            yield Path(on_path)
        yield from sorted(pyenv.glob(f"versions/{version}*/bin/python{version}"), reverse=True)
        yield from sorted(uv.glob(f"cpython-{version}.*/bin/python{version}"), reverse=True)
        for conda in condas:
            yield conda / "bin" / f"python{version}"
            yield from sorted(conda.glob(f"envs/*/bin/python{version}"))


def version_of(python):
    """"3.8" or "3.7" if that is what an interpreter is, else None. (pyenv's shims are files that may lead nowhere.)"""
    ask = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])"
    try:
        done = subprocess.run([python, "-I", "-c", ask], capture_output=True, text=True, timeout=60)
    except (OSError, subprocess.TimeoutExpired):
        return None
    said = done.stdout.strip()
    return said if done.returncode == 0 and said in VERSIONS else None


def find_python():
    """Return (path, version) of the first Python that can make the environment.

    Raises
    ------
    NoRuntime
        There is none; the message says how to get one.
    """
    for python in candidates():
        if python.is_file() and (version := version_of(python)):
            return python, version
    raise NoRuntime("no Python 3.8 or 3.7 (with venv) on the PATH or in pyenv, uv or conda. Any of these brings one:\n  "
                    + "\n  ".join(RECIPES) + "\nThen: python -m labs fluid install")


def install(say=print, again=False):
    """Build the environment in the cache, unless it is there.

    Parameters
    ----------
    say : callable
        Gets lines of progress.
    again : bool
        Build it anew.

    Returns
    -------
    dict
        See `installed`.

    Raises
    ------
    NoRuntime
        This machine is of another kind, no Python was found, or pip failed.
    """
    import filelock
    if reason := suits():
        raise NoRuntime(f"{reason}; Fluid cells show their recordings here")
    cache.home().mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(cache.home() / ".fluid.lock"):
        found = None if again else installed()
        if found:
            say(f"Fluid is here: {found['executable']}")
            return found
        python, version = find_python()
        target, began = folder(version), time.perf_counter()
        say(f"Fluid: building {target} with {python} (about 900 MB, some minutes)")
        shutil.rmtree(target, ignore_errors=True)               # one that was begun and never finished
        executable = build(python, target, ["--no-deps", "-r", str(lock(version))])
        facts = json.loads(run([executable, "-W", "ignore", "-I", "-c", STEP], "the first training step").splitlines()[-1])
        facts |= {"executable": str(executable), "seconds": round(time.perf_counter() - began)}
        (target / "whole.json").write_text(json.dumps(facts), encoding="utf-8")
        say(f"Fluid is here: paddlepaddle {facts['paddlepaddle']}, Python {facts['python']}, after {facts['seconds']} s")
        return facts


def build(python, target, wanted):
    """Make an environment with some packages; return its interpreter."""
    run([python, "-m", "venv", str(target)], "python -m venv")
    executable = target / "bin/python"
    run([executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *wanted], "pip install")
    run([executable, "-m", "pip", "check"], "pip check")
    return executable


def run(command, what):
    """Run a command and return what it printed.

    Raises
    ------
    NoRuntime
        It failed; the message has its last words.
    """
    apart = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, env=apart)
    if done.returncode:
        raise NoRuntime(f"{what} failed with status {done.returncode}:\n{(done.stderr or done.stdout).strip()[-1500:]}")
    return done.stdout.strip()


def write_lock(version="3.8", say=print):
    """Write the lock of a Python version anew: what pip resolves from `WANTED` today."""
    import tempfile
    python = next((p for p in candidates() if p.is_file() and version_of(p) == version), None)
    if python is None:
        raise NoRuntime(f"no Python {version} found; the lock of {version} is made with it")
    with tempfile.TemporaryDirectory() as folder_:
        executable = build(python, Path(folder_) / "venv", list(WANTED))
        frozen = run([executable, "-m", "pip", "freeze", "--exclude", "pip", "--exclude", "setuptools"], "pip freeze")
    head = f"# One exact version of each package of the Fluid runtime, for Python {version}. Written by `python -m labs fluid lock`."
    lock(version).write_text("\n".join([head, *frozen.splitlines()]) + "\n", encoding="utf-8")
    say(f"{lock(version)}: {len(frozen.splitlines())} packages")


def remove():
    """Remove the environments from the cache."""
    for path in cache.home().glob("fluid-python3.*"):
        shutil.rmtree(path)



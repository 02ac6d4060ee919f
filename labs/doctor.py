"""Look at this machine and say whether a chapter can run on it, and what fixes what is wrong.

Each finding is looked at by itself: whatever is broken, the others are still reported. A
framework is imported in a process of its own, because a broken one can take its process along;
one that this process has imported already is asked here.
"""
import importlib.metadata
import json
import os
import platform
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import labs
from labs import device, run, tables

PYTHONS = ((3, 11), (3, 13))            # paddlepaddle 3.3 has wheels for these
PACKAGES = {"torch": ("torch",), "paddle": ("paddlepaddle", "paddlepaddle-gpu")}
PROBE_LIMIT_S = 120                     # a first import from a slow disk takes a minute
PROBE = "import sys; from labs import doctor; doctor.probe(sys.argv[1])"
ROOT = Path(labs.__file__).resolve().parent.parent


@dataclass(frozen=True)
class Finding:
    """What was looked at, what was found, whether it is good (None: worth knowing), and what fixes it."""

    what: str
    found: str
    good: bool | None = True
    fix: str = ""


def examine():
    """Look at everything.

    Returns
    -------
    list of Finding
    """
    probes = {name: _start(name) for name in PACKAGES}
    looks = [("Python", python), ("labs", package), ("packages", packages), ("LABS_RUN", mode),
             *((device.FRAMEWORKS[name], lambda name=name: framework(name, probes[name])) for name in PACKAGES), ("Paddle's builds", paddle_builds),
             ("threads", threads), ("data cache", data_cache), ("Hugging Face cache", hugging_face_cache), ("data", data_sets),
             ("Fluid", fluid)]
    found = []
    for what, look in looks:
        try:
            found += look()
        except Exception as error:      # a doctor that falls over helps nobody: say what it could not see
            found.append(Finding(what, f"could not be looked at: {type(error).__name__}: {error}", None))
    return found


def plainly(shown, out=None):
    """Print, also to a terminal that cannot show every sign."""
    out = out or sys.stdout
    encoding = out.encoding or "utf-8"
    print(str(shown).encode(encoding, "replace").decode(encoding), file=out)


def report(findings, write=plainly):
    """Print the findings; return the exit status, 0 if a chapter can run."""
    rows = [{"what": f.what, "found": f.found,
             "state": tables.Verdict(f.good, {True: "good", False: "not good", None: ""}[f.good])} for f in findings]
    write(tables.table(rows, "The state of this machine"))
    bad = [f for f in findings if f.good is False]
    for title, chosen in (("What stands in the way", bad), ("Worth knowing", [f for f in findings if f.good is None and f.fix])):
        if chosen:
            write(f"\n{title}:")
            for f in chosen:
                write(f"  {f.what}: {f.found}\n      {f.fix}" if f.fix else f"  {f.what}: {f.found}")
    write("\nA chapter can run here." if not bad else "\nNo chapter can run here before this is fixed.")
    return 1 if bad else 0


def probe(name):
    """In a process of its own: import a framework as a chapter does and print what it says of itself, as JSON."""
    device.prepare()
    print(json.dumps(ask(name)))


def ask(name):
    """What a framework says of itself, imported if it is not yet."""
    try:
        place = getattr(device, name)()
        module = sys.modules[name]
        said = {"version": str(module.__version__), "place": place}
        if name == "torch":
            said["threads"] = module.get_num_threads()
    except BaseException as error:
        said = {"error": f"{error}" if isinstance(error, device.DeviceError) else f"{type(error).__name__}: {error}",
                "choice": isinstance(error, device.DeviceError)}
    return said


class Here:
    """In place of the process where a framework is imported already: the same answer, from this process."""

    returncode = 0

    def __init__(self, name):
        self.name = name

    def communicate(self, timeout=None):
        """Output and complaint, as of a process."""
        return json.dumps(ask(self.name)), ""


def _start(name):
    """Start the probe of a framework, if it is installed at all and not imported here."""
    if name in sys.modules:
        return Here(name)
    if _version(name) is None:
        return None
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return subprocess.Popen([sys.executable, "-c", PROBE, name], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env={**os.environ, "PYTHONPATH": path})


def _version(name):
    for package_name in PACKAGES.get(name, (name,)):
        try:
            return importlib.metadata.version(package_name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return None


def _ranges():
    """The ranges that this copy of the course asks for: {package: SpecifierSet}."""
    from packaging.requirements import Requirement
    listed, declared = ROOT / "requirements.txt", ROOT / "pyproject.toml"
    if declared.exists() and listed.exists():
        project = tomllib.loads(declared.read_text(encoding="utf-8")).get("project", {})
        lines = [line.partition("#")[0].strip() for line in listed.read_text(encoding="utf-8").splitlines()]
        lines += project.get("dependencies", []) + project.get("optional-dependencies", {}).get("hf", [])
    else:
        try:
            lines = importlib.metadata.requires("parity-course") or []
        except importlib.metadata.PackageNotFoundError:
            lines = []
    wanted = [Requirement(line) for line in lines if line and not line.startswith(("-", "."))]
    return {each.name: each.specifier for each in wanted if each.marker is None or each.marker.evaluate({"extra": ""})}


def _install(requirement):
    return "make book" if (ROOT / "Makefile").exists() else f'python -m pip install "{requirement}"'


def python():
    """The interpreter."""
    least, most = (".".join(map(str, version)) for version in PYTHONS)
    good = PYTHONS[0] <= sys.version_info[:2] <= PYTHONS[1]
    return [Finding("Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}", good,
                    "" if good else f"install Python {least} to {most} and make a new environment: python{most} -m venv .venv")]


def package():
    """This package."""
    return [Finding("labs", f"{labs.__version__} in {ROOT}")]


def packages():
    """The packages beside the frameworks, against the ranges asked for; good ones share a line."""
    good, found = [], []
    frameworks = {each for names in PACKAGES.values() for each in names}
    for name, wanted in _ranges().items():
        if name in frameworks:
            continue
        version = _version(name)
        if version is not None and wanted.contains(version, prereleases=True):
            good.append(f"{name} {version}")
        else:
            found.append(Finding(name, "missing" if version is None else f"{version}, expected {wanted}", False,
                                 _install(f"{name}{wanted}")))
    lines = [", ".join(good[i:i + 4]) for i in range(0, len(good), 4)]
    return [Finding("packages", line) for line in lines] + found


def mode():
    """The run that LABS_RUN chooses."""
    try:
        return [Finding("run", run.mode())]
    except run.RunError as error:
        return [Finding("run", str(error), False, "unset LABS_RUN")]


def framework(name, process):
    """One framework: version, whether it can be imported, and its device."""
    title, package_name = device.FRAMEWORKS[name], PACKAGES[name][0]
    wanted = _ranges().get(package_name, "")
    if process is None:
        return [Finding(title, "not installed; chapters that compare need both frameworks", False, _install(f"{package_name}{wanted}"))]
    try:
        said, complaint = process.communicate(timeout=PROBE_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()
        return [Finding(title, f"its import did not end within {PROBE_LIMIT_S} s", False, "try again on an idle machine")]
    lines = said.strip().splitlines()
    if process.returncode or not lines:
        last = (complaint.strip().splitlines() or ["it said nothing"])[-1]
        return [Finding(title, f"its import ended the process with status {process.returncode}: {last}", False,
                        _install(f"{package_name}{wanted}"))]
    answer = json.loads(lines[-1])
    if "error" in answer:
        return [Finding(title, answer["error"], False, "unset LABS_DEVICE" if answer["choice"] else _install(f"{package_name}{wanted}"))]
    good = not wanted or wanted.contains(answer["version"].partition("+")[0], prereleases=True)
    also = f", {answer['threads']} threads" if "threads" in answer else ""
    return [Finding(title, f"{answer['version']} on {answer['place']}{also}" + ("" if good else f", expected {wanted}"), good or None,
                    "" if good else _install(f"{package_name}{wanted}"))]


def paddle_builds():
    """Paddle's two packages write into one folder: where both are installed, neither is whole."""
    builds = [name for name in PACKAGES["paddle"] if _version(name) is not None]
    if len(builds) < 2:
        return []
    return [Finding("Paddle's builds", f"{' and '.join(builds)} are both installed and overwrite each other's files", False,
                    f"python -m pip uninstall --yes {' '.join(builds)}, then install the one you want")]


def threads():
    """The processor, and what `device.prepare()` would set for a chapter."""
    told = {name: value for name in ("LABS_THREADS", "OMP_NUM_THREADS", "OMP_WAIT_POLICY", "MKL_DEBUG_CPU_TYPE", "LABS_DEVICE")
            if (value := os.environ.get(name))}
    shown = ", ".join(f"{name}={value}" for name, value in told.items()) or "nothing set; a chapter's first cell sets it"
    return [Finding("processor", f"{device.processor()}, {device.cores()} cores for this process"), Finding("environment", shown)]


def _space(folder):
    """Size of a folder and free space of its disk, in words; the folder need not exist."""
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file() and not file.is_symlink())
    return f"{size / 1e6:.1f} MB in {folder}, {shutil.disk_usage(_existing(folder)).free / 1e9:.1f} GB free"


def _existing(folder):
    """The folder, or the nearest above it that exists."""
    return next(each for each in (folder, *folder.parents) if each.exists())


def _writable(folder):
    return _existing(folder).is_dir() and os.access(_existing(folder), os.W_OK)


def data_cache():
    """The cache of the door to data."""
    from labs.data import cache
    shown, writable = _space(cache.home()), _writable(cache.home())
    return [Finding("data cache", shown + ("" if writable else ", cannot be written"), True if writable else None,
                    "" if writable else "set LABS_CACHE to a folder that can be written")]


def hugging_face_cache():
    """The cache of the Hugging Face hub, where there is one."""
    home = Path(os.environ.get("HF_HOME") or "~/.cache/huggingface").expanduser()
    return [Finding("Hugging Face cache", _space(home))] if home.is_dir() else []


def data_sets():
    """Each set: whether it is in the cache and whole."""
    from labs import data
    from labs.data import cache
    found, writable = [], _writable(cache.home())
    for name in data.names():
        card = data.card(name)
        wrong = cache.faults(card)
        if not wrong:
            found.append(Finding(f"data {name}", f"whole, {card.bytes / 1e6:.1f} MB"))
            continue
        why = "the cache cannot be written" if not writable else "a chapter fetches it when it runs" if card.book else "few chapters ask for it"
        state = ("not in the cache" if set(wrong.values()) == {"missing"}
                 else "damaged: " + ", ".join(f"{file} {what}" for file, what in wrong.items()))
        found.append(Finding(f"data {name}", f"{state}; {why}", False if card.book and not writable else None,
                             f"python -m labs fetch {name}" if writable else f"LABS_CACHE=~/parity-cache python -m labs fetch {name}"))
    return found


def fluid():
    """The runtime for Fluid cells; without it they show recordings."""
    from labs.fluid import environment
    here, reason = environment.installed(), environment.suits()
    if here:
        version = f"paddlepaddle {here['paddlepaddle']}, Python {here['python']}" if "python" in here else "LABS_FLUID_PYTHON"
        return [Finding("Fluid", f"{version}: {here['executable']}")]
    return [Finding("Fluid", "not installed; Fluid cells show their recordings" + (f" ({reason})" if reason else ""), None,
                    "" if reason else "python -m labs fluid install, to run them")]

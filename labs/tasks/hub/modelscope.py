"""A model from ModelScope's addresses by hand: the requests, the plain folder, and what a run of ModelScope's own client left.

`python -m labs.tasks.hub.modelscope` makes that run again where `modelscope_hub` is installed, and writes modelscope.json.
"""
import datetime
import hashlib
import importlib.metadata
import json
import os
import random
import subprocess
import sys
import tempfile
from pathlib import Path, PurePosixPath

import requests

from labs.tasks.hub import server
from labs.tasks.hub.client import HubError, check, load

RECORDED = Path(__file__).parent / "modelscope.json"
NAME = "org/tiny.model"
FILES = {"README.md": b"# A model\n", "sub/config.json": b"{}\n", "model.safetensors": random.Random(2).randbytes(50_000)}


def inside(folder, path):
    """The place of a file in a folder; a path from a list of files must not lead out of it."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts or "\\" in path or ":" in parts[0] or "\0" in path:
        raise HubError(f"expected the path of a file in the repository, got {path[:70]!r}")
    return Path(folder).joinpath(*parts)


def clone(address, name, cache, revision="master"):
    """Download a model as ModelScope's client does.

    Parameters
    ----------
    address, name : str
    cache : path
    revision : str

    Returns
    -------
    Path
        A plain folder.

    Raises
    ------
    HubError
        The hub refuses, or the bytes are not those of its list.
    """
    base = f"{address}/api/v1/models/{name}/repo"
    told = requests.get(f"{base}/files", timeout=10, params={
        "Revision": revision, "Recursive": "True"})
    if told.status_code >= 400:
        raise HubError(f"{name}: {told.status_code}")
    home = (Path(cache) / "models" / name.replace("/", "--")
            / "snapshots" / revision)
    for file in told.json()["Data"]["Files"]:
        if file["Type"] == "tree":              # a folder
            continue
        if not file.get("Sha256"):
            raise HubError(f"{file['Path']}: no SHA-256 in the list")
        target = inside(home, file["Path"])     # not out of it
        url = requests.Request("GET", base, params={
            "Revision": revision, "FilePath": file["Path"]})
        whole = load(url.prepare().url, {})
        check(whole, file["Sha256"])
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{target.name}.incomplete")
        part.write_bytes(whole)
        part.replace(target)                    # all of it
    return home


def old_folder(cache, name):
    """Where the client kept a model before version 1.38 of modelscope: a folder for the owner, and `___` for each dot."""
    owner, model = name.split("/")
    return Path(cache) / "hub" / "models" / owner / model.replace(".", "___")


def left(cache):
    """What a download left: path -> SHA-256; without locks."""
    return {path.relative_to(cache).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(Path(cache).rglob("*"))
            if path.is_file() and not path.is_symlink() and ".lock" not in path.parts}


def recorded():
    """What a run of ModelScope's client left."""
    return json.loads(RECORDED.read_text(encoding="utf-8"))


ASK = """
import sys
from modelscope_hub.compat.snapshot_download import snapshot_download
try:
    snapshot_download(sys.argv[1], max_workers=1)
    print("done")
except Exception as error:
    print(type(error).__name__, "Hash mismatch" in str(error))
"""


def run_client(hub, cache, token="ms-secret"):
    """Run ModelScope's client in a process of its own; what it says last."""
    done = subprocess.run([sys.executable, "-c", ASK, NAME], capture_output=True, text=True, timeout=300, env=os.environ | {
        "MODELSCOPE_ENDPOINT": hub.address, "MODELSCOPE_CACHE": str(cache), "MODELSCOPE_HOME": f"{cache}-home",
        "MODELSCOPE_API_TOKEN": token})
    if done.returncode:
        raise HubError(done.stderr[-400:])
    return done.stdout.split()


def record():
    """Run ModelScope's client against a hub of this machine: first, again, with other bytes, and with an older version's folder."""
    with tempfile.TemporaryDirectory() as folder, server.Hub({NAME: server.Repository([FILES])}) as hub:
        cache, other, older = Path(folder, "new"), Path(folder, "other"), Path(folder, "older")
        assert run_client(hub, cache) == ["done"]
        first = hub.seen()
        assert run_client(hub, cache) == ["done"]
        again = hub.seen()
        hub.faults["model.safetensors"] = [("other", bytes(50_000))] * 9
        error = run_client(hub, other)
        hub.faults.clear()
        hub.seen()
        there = old_folder(older, NAME)
        there.mkdir(parents=True)
        (there / "README.md").write_bytes(FILES["README.md"])
        assert run_client(hub, older) == ["done"] and (there / "model.safetensors").is_file()
        filled = hub.seen()
        paths = [f"{one.method} {one.path}" for one in first]
        return {"client": f"modelscope_hub {importlib.metadata.version('modelscope_hub')}", "date": datetime.date.today().isoformat(),
                "left": left(cache), "requests": paths, "again": [f"{one.method} {one.path}" for one in again],
                "with the token": sum("ms-secret" in str(one.headers) for one in first),
                "other bytes": error, "left of other bytes": sorted(left(other)),
                "left in the older folder": left(older), "loaded into it": [one.path.rpartition("=")[2] for one in filled if "FilePath" in one.path]}


if __name__ == "__main__":
    RECORDED.write_text(json.dumps(record(), indent=1) + "\n", encoding="utf-8")

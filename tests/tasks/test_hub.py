"""The hub of chapter 21, the download by hand, and the cache that it leaves."""

import json
import os
import random
import subprocess
import sys

import pytest
import requests

from labs.tasks.hub import client, server

rng = random.Random(1)
WEIGHTS = rng.randbytes(50_000)
FIRST = {"README.md": b"---\nlicense: mit\n---\n", "sub/config.json": b"{}", "model.safetensors": WEIGHTS}


@pytest.fixture
def hub():
    repositories = {"org/name": server.Repository([FIRST, FIRST | {"sub/config.json": b"[]"}]), "org/gated": server.Repository([FIRST], gated=True)}
    with server.Hub(repositories, {"good": {"org/gated"}}) as made:
        yield made


def test_a_download_leaves_what_the_library_leaves(hub, tmp_path):
    """In a process of its own: the library reads its variables once."""
    old = hub.repositories["org/name"].sha(0)
    code = ("import sys, json, huggingface_hub as h\n"
            "for revision, path in json.loads(sys.argv[1]): h.hf_hub_download('org/name', path, revision=revision, cache_dir=sys.argv[2])")
    wanted = [(revision, path) for revision in (old, "main") for path in FIRST]
    done = subprocess.run([sys.executable, "-c", code, json.dumps(wanted), str(tmp_path / "library")], capture_output=True, text=True,
                          env=os.environ | {"HF_ENDPOINT": hub.address, "HF_HOME": str(tmp_path / "home"), "HF_HUB_OFFLINE": "0"})
    assert done.returncode == 0, done.stderr
    for revision, path in wanted:
        assert client.fetch(hub.address, "org/name", path, revision, tmp_path / "hand").is_file()
    ours, theirs = client.listing(tmp_path / "hand"), client.listing(tmp_path / "library")
    assert len(theirs) == 11 and ours == theirs
    assert client.other_than_named(tmp_path / "hand") == []


def test_what_is_there_is_not_loaded_again(hub, tmp_path):
    for _ in range(2):
        client.fetch(hub.address, "org/name", "model.safetensors", "main", tmp_path)
    assert [one.method for one in hub.seen()] == ["HEAD", "GET", "HEAD"]


def test_a_break_is_resumed(hub, tmp_path):
    hub.faults["model.safetensors"] = [("cut", 20_000), ("cut", 10_000)]
    assert client.fetch(hub.address, "org/name", "model.safetensors", "main", tmp_path).read_bytes() == WEIGHTS
    assert [one.headers.get("Range", "") != "" for one in hub.seen() if one.method == "GET"] == [False, True, True]


@pytest.mark.parametrize("faults", [[("other", bytes(len(WEIGHTS)))], [("cut", 100)] * 9, [("short", 100)]])
def test_other_or_fewer_bytes_leave_nothing(faults, hub, tmp_path):
    hub.faults["model.safetensors"] = list(faults)
    with pytest.raises(client.HubError):
        client.fetch(hub.address, "org/name", "model.safetensors", "main", tmp_path)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() or path.is_symlink()]


def test_a_changed_blob_is_found(hub, tmp_path):
    link = client.fetch(hub.address, "org/name", "model.safetensors", "main", tmp_path)
    small = client.fetch(hub.address, "org/name", "README.md", "main", tmp_path)
    link.resolve().write_bytes(bytes(len(WEIGHTS)))
    assert client.other_than_named(tmp_path) == [link.resolve()]
    small.resolve().write_bytes(b"x")
    assert len(client.other_than_named(tmp_path)) == 2


@pytest.mark.parametrize("name, revision, path, says", [("org/none", "main", "README.md", "401, Repository not found"), ("org/name", "v1", "README.md", "404, Invalid rev"),
                                                         ("org/name", "main", "none", "404, Entry"), ("org/gated", "main", "README.md", "401, Access")])
def test_a_refusal_is_said(name, revision, path, says, hub, tmp_path):
    with pytest.raises(client.HubError, match=says):
        client.fetch(hub.address, name, path, revision, tmp_path)


@pytest.mark.parametrize("etag, commit", [("../../../../outside", "0" * 40), ("0" * 40, "../../../../outside"), ("", ""), ("0" * 64, "main")])
def test_names_that_lead_out_of_the_cache_are_refused(etag, commit, hub, tmp_path, monkeypatch):
    (tmp_path / "outside").write_text("mine")
    monkeypatch.setattr(server._Handler, "answer", lambda *_: (200, {"ETag": f'"{etag}"', "X-Repo-Commit": commit}, b"x", None))
    with pytest.raises(client.HubError, match="expected checksums"):
        client.fetch(hub.address, "org/name", "file", "main", tmp_path / "a/cache")
    assert [path.name for path in tmp_path.rglob("*")] == ["outside"]


def test_a_relative_redirect_is_followed_with_the_token(hub, tmp_path, monkeypatch):
    answer = server._Handler.answer

    def moved(self, path):
        if path.startswith("/elsewhere/"):
            return answer(self, path.removeprefix("/elsewhere"))
        status, headers, *rest = answer(self, path)
        return 307, {**headers, "Location": f"/elsewhere{path}"}, *rest
    monkeypatch.setattr(server._Handler, "answer", moved)
    assert client.fetch(hub.address, "org/gated", "README.md", "main", tmp_path, token="good").read_bytes() == FIRST["README.md"]
    assert ["good" in str(one.headers) for one in hub.seen()] == [True, True]


def test_the_token_goes_to_the_hub_alone(hub, tmp_path):
    client.fetch(hub.address, "org/gated", "model.safetensors", "main", tmp_path, token="good")
    assert {one.host for one in hub.seen() if "good" in str(one.headers)} == {"hub"}
    hub.tokens["bad"] = set()
    with pytest.raises(client.HubError, match="403"):
        client.fetch(hub.address, "org/gated", "model.safetensors", "main", tmp_path / "other", token="bad")


def test_the_hub_answers_ranges_and_unknown_addresses(hub):
    url = f"{hub.address}/org/name/resolve/main/README.md"
    part = requests.get(url, headers={"Range": "bytes=4-10"}, timeout=5)
    assert part.status_code == 206 and part.content == FIRST["README.md"][4:11]
    assert requests.get(f"{hub.address}/nothing/here/at/all", timeout=5).status_code == 404
    assert requests.get(f"{hub.storage}/org/name/{'0' * 64}/model.safetensors", timeout=5).status_code == 404


def test_a_commit_is_named_by_its_content():
    one, other = server.Repository([FIRST]), server.Repository([FIRST | {"README.md": b"x"}])
    assert one.sha(0) != other.sha(0) and len(one.sha(0)) == 40 and one.number(one.sha(0)) == 0 and one.number("0" * 40) is None
    branch = server.Repository([FIRST, FIRST], {"old": 0})
    assert branch.number("old") == 0 and branch.number("main") == 1


def test_a_blob_is_named_as_git_names_it(tmp_path):
    (tmp_path / "file").write_bytes(b"what is it\n")
    done = subprocess.run(["git", "hash-object", str(tmp_path / "file")], capture_output=True, text=True, check=True)
    assert server.blob(b"what is it\n") == done.stdout.strip()


@pytest.mark.parametrize("token, status", [(None, 401), ("good", 200), ("bad", 401), ("other", 403)])
def test_a_token_that_nobody_has_is_told_from_one_that_was_not_let_in(token, status, hub):
    hub.tokens["other"] = set()
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = requests.head(f"{hub.address}/org/gated/resolve/main/README.md", headers=headers, timeout=10)
    assert answer.status_code == status
    assert answer.headers.get("X-Error-Code") == (None if token in ("good", "bad") else "GatedRepo")

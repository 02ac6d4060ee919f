"""A model from ModelScope's addresses: the folder, the check, and what ModelScope's own client left."""
import importlib.util

import pytest

from labs.tasks.hub import modelscope, server
from labs.tasks.hub.client import HubError


@pytest.fixture
def hub():
    repositories = {modelscope.NAME: server.Repository([modelscope.FILES]), "org/gated": server.Repository([modelscope.FILES], gated=True)}
    with server.Hub(repositories, {"good": {"org/gated"}}) as made:
        yield made


def test_by_hand_leaves_what_the_client_was_recorded_to_leave(hub, tmp_path):
    folder = modelscope.clone(hub.address, modelscope.NAME, tmp_path)
    recorded = modelscope.recorded()
    assert modelscope.left(tmp_path) == recorded["left"] and len(recorded["left"]) == len(modelscope.FILES)
    assert (folder / "sub/config.json").read_bytes() == modelscope.FILES["sub/config.json"]
    assert {f"{one.method} {one.path}" for one in hub.seen()} == {one for one in recorded["requests"] if "internalAcceleration" not in one}


@pytest.mark.skipif(importlib.util.find_spec("modelscope_hub") is None, reason="modelscope_hub is not installed: the recording is not made again")
def test_the_client_does_what_was_recorded():
    now, then = modelscope.record(), modelscope.recorded()
    assert {key: now[key] for key in now if key not in ("client", "date")} == {key: then[key] for key in then if key not in ("client", "date")}


def test_other_bytes_leave_no_file(hub, tmp_path):
    hub.faults["model.safetensors"] = [("other", bytes(50_000))]
    with pytest.raises(HubError, match="other bytes"):
        modelscope.clone(hub.address, modelscope.NAME, tmp_path)
    assert not list(tmp_path.rglob("model.safetensors*"))


@pytest.mark.parametrize("path", ["../out", "a/../../out", "/etc/out", "", "C:/out", "a\\..\\out", "a\0b"])
def test_a_path_that_leads_out_of_the_folder_is_refused(path, hub, tmp_path):
    hub.repositories["org/other"] = server.Repository([{path: b"x"}])
    with pytest.raises(HubError, match="expected the path of a file"):
        modelscope.clone(hub.address, "org/other", tmp_path)
    assert not [one for one in tmp_path.rglob("*") if one.is_file()]


def test_a_list_without_checksums_is_refused(hub, tmp_path, monkeypatch):
    told = {"Data": {"Files": [{"Path": "sub", "Type": "tree"}, {"Path": "README.md", "Type": "blob", "Sha256": ""}]}}
    monkeypatch.setattr(server._Handler, "modelscope", lambda self, path, asked: self.as_json(told))
    with pytest.raises(HubError, match="README.md: no SHA-256 in the list"):
        modelscope.clone(hub.address, modelscope.NAME, tmp_path)


@pytest.mark.parametrize("name, revision", [("org/nothing", "master"), ("org/gated", "master"), (modelscope.NAME, "v9")])
def test_a_refusal_is_said(name, revision, hub, tmp_path):
    with pytest.raises(HubError, match="404"):
        modelscope.clone(hub.address, name, tmp_path, revision)


def test_the_older_folder_writes_dots_as_three_lines(tmp_path):
    assert modelscope.old_folder(tmp_path, "org/a.b.c").relative_to(tmp_path).as_posix() == "hub/models/org/a___b___c"
    assert {path.rpartition("/")[0] for path in modelscope.recorded()["left in the older folder"]} == {
        "hub/models/org/tiny___model", "hub/models/org/tiny___model/sub"}

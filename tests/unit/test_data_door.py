"""The door's promises: one artefact whatever the source, checked before use, and errors that leave the cache as it was."""
import errno
import os
import shutil
import socket
import subprocess
import sys
import time

import pytest
from shelf import FILES, server, shelf  # noqa: F401  (fixtures)

from labs import data
from labs.data import cache, door, transfer

WRONG = {name: b"x" * len(content) for name, content in FILES.items()}
LONGER = {name: content + b"!" for name, content in FILES.items()}


def whole(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()} == FILES


def test_what_is_fetched_is_checked_and_stays(shelf, server):
    card = shelf.add("good", server.serve("good", FILES))
    folder = data.fetch("good")
    assert whole(folder) and folder.name == f"good-{card.sha256[:12]}"
    asked = len(server.asked)
    assert data.fetch("good") == folder
    assert len(server.asked) == asked, "what is in the cache is not fetched again"
    assert shelf.hidden() == []


def test_used_lists_what_was_loaded_and_not_what_was_only_fetched(shelf, server, monkeypatch):
    monkeypatch.setattr(door, "_USED", [])
    source = server.serve("good", FILES)
    shelf.add("fetched", source)
    shelf.add("taken", source)
    data.fetch("fetched")
    data.folder("taken")
    data.folder("taken")
    assert data.used() == ["taken"]


@pytest.mark.parametrize("files, cut, says", [
    (FILES, ["one.bin"], "truncated"), ({**FILES, "one.bin": FILES["one.bin"][:-1]}, [], "truncated: expected 3,300 bytes, got 3,299"),
    (LONGER, [], "expected 3,300 bytes, got more"), (WRONG, [], "wrong checksum: expected sha256"), ({}, [], "answers 404")])
def test_a_bad_source_is_named_and_the_cache_stays_as_it_was(shelf, server, files, cut, says):
    shelf.add("bad", server.serve("bad", files, cut))
    with pytest.raises(data.AllSourcesFailed, match=says) as caught:
        data.fetch("bad")
    assert server.address in str(caught.value) and "python -m labs fetch bad" in str(caught.value)
    assert "one.bin (3,300 bytes, sha256" in str(caught.value), "it says which files to put by hand, and where"
    assert str(cache.place(data.card("bad"))) in str(caught.value)
    assert shelf.left() == [] and shelf.hidden() == []


def test_the_next_source_is_asked_and_the_bad_one_reported(shelf, server, capsys):
    bad, good = server.serve("bad", WRONG), server.serve("good", FILES)
    shelf.add("set", bad, good)
    assert whole(data.fetch("set"))
    assert f"not taken from {server.address}/bad/*: one.bin: wrong checksum" in capsys.readouterr().err


def test_files_may_come_from_several_sources(shelf, server):
    first = server.serve("first", {"one.bin": FILES["one.bin"]})
    shelf.add("set", first, server.serve("second", FILES))
    assert whole(data.fetch("set"))
    assert server.asked.count("/second/one.bin") == 0, "what is whole is not fetched again"


def test_no_network(shelf):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    shelf.add("far", {"kind": "url", "path": f"http://127.0.0.1:{port}/{{name}}"})
    with pytest.raises(data.AllSourcesFailed, match="no network, or no way to it"):
        data.fetch("far")
    assert shelf.left() == [] and shelf.hidden() == []


def test_labs_offline_asks_no_source_and_says_so(shelf, server, monkeypatch):
    shelf.add("good", server.serve("good", FILES))
    monkeypatch.setenv("LABS_OFFLINE", "1")
    with pytest.raises(data.AllSourcesFailed, match="unset LABS_OFFLINE"):
        data.fetch("good")
    assert server.asked == []
    monkeypatch.setenv("LABS_OFFLINE", "0")
    folder = data.fetch("good")
    monkeypatch.setenv("LABS_OFFLINE", "1")
    assert data.fetch("good") == folder, "the cache still serves"


def test_files_put_by_hand_are_taken(shelf, monkeypatch):
    card = shelf.add("hand", {"kind": "url", "path": "http://127.0.0.1:9/{name}"})
    monkeypatch.setenv("LABS_OFFLINE", "1")
    cache.place(card).mkdir(parents=True)
    for name, content in FILES.items():
        (cache.place(card) / name).write_bytes(content)
    assert whole(data.fetch("hand"))


@pytest.mark.parametrize("damage, says", [(lambda b: b[:-1], "expected 3,300 bytes, got 3,299"), (lambda b: b"?" + b[1:], "sha256 is not the card's")])
def test_a_damaged_cache_is_fetched_again_with_a_word(shelf, server, capsys, damage, says):
    shelf.add("good", server.serve("good", FILES))
    path = data.fetch("good") / "one.bin"
    server.asked.clear()
    path.write_bytes(damage(path.read_bytes()))
    os.utime(path, ns=(1, 1))
    assert whole(data.fetch("good"))
    assert "damaged in the cache; it is put aside" in (said := capsys.readouterr().err) and says in said
    assert server.asked == ["/good/one.bin"], "the file that was whole is kept"
    assert shelf.hidden() == []


def test_a_damage_that_keeps_size_and_time_is_found_by_the_next_process(shelf, server, monkeypatch):
    shelf.add("good", server.serve("good", FILES))
    path = data.fetch("good") / "one.bin"
    before = path.stat()
    path.write_bytes(WRONG["one.bin"])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    monkeypatch.setattr(cache, "_CHECKED", {})
    assert whole(data.fetch("good"))


def test_a_damaged_cache_without_sources_raises_and_stays(shelf, server):
    shelf.add("good", server.serve("good", FILES))
    path = data.fetch("good") / "one.bin"
    path.write_bytes(b"short")
    server.files.clear()
    with pytest.raises(data.AllSourcesFailed):
        data.fetch("good")
    assert path.read_bytes() == b"short", "the cache is as it was"


def test_a_sum_is_computed_once_a_process(shelf, server, monkeypatch):
    shelf.add("good", server.serve("good", FILES))
    data.fetch("good")
    monkeypatch.setattr(cache, "sha256", lambda path: pytest.fail(f"{path} was read again"))
    data.fetch("good")


def test_a_disk_too_small_is_told_before_anything_is_asked(shelf, server, monkeypatch):
    shelf.add("good", server.serve("good", FILES))
    free = shutil.disk_usage("/")._replace(free=100)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: free)
    with pytest.raises(data.NoSpace, match="the disk is full.*0.0 MB are free.*LABS_CACHE.*cache is as it was"):
        data.fetch("good")
    assert server.asked == [] and shelf.left() == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_fills_up_on_the_way_leaves_the_cache_as_it_was(shelf, server, monkeypatch, code):
    class Full:
        """A file on a full disk."""
        def write(self, chunk):
            raise OSError(code, os.strerror(code))
        def __enter__(self):
            return self
        def __exit__(self, *error):
            return False

    shelf.add("good", server.serve("good", FILES), server.serve("mirror", FILES))
    path = data.fetch("good") / "one.bin"
    path.write_bytes(b"short")
    server.asked.clear()
    monkeypatch.setattr(transfer, "open", lambda path, mode: Full() if mode == "wb" else open(path, mode), raising=False)
    with pytest.raises(data.NoSpace, match="the disk is full"):
        data.fetch("good")
    assert server.asked == ["/good/one.bin"], "no other source is asked: it would not fit either"
    assert path.read_bytes() == b"short" and shelf.hidden() == []


def test_a_cache_that_cannot_be_made_says_so(shelf, server, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("LABS_CACHE", str(tmp_path / "file" / "cache"))
    shelf.add("good", server.serve("good", FILES))
    with pytest.raises(data.DataError, match="cannot be written.*Set LABS_CACHE"):
        data.fetch("good")


def test_two_processes_that_ask_at_once_fetch_once(shelf, server):
    shelf.add("good", server.serve("good", FILES))
    program = shelf.program("print(data.fetch('good'))\n")
    both = [subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=60) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert said[0][0] == said[1][0] and whole(cache.place(data.card("good")))
    assert sorted(server.asked) == ["/good/one.bin", "/good/two.bin"]


def test_the_process_that_waits_says_so(shelf, server):
    card = shelf.add("good", server.serve("good", FILES))
    with cache.alone(card):
        waiting = subprocess.Popen([sys.executable, "-c", shelf.program("data.fetch('good')\n")], stderr=subprocess.PIPE, text=True)
        assert "another process is fetching it; waiting" in waiting.stderr.readline()
        assert server.asked == []
    assert waiting.wait(timeout=60) == 0
    waiting.stderr.close()


def test_what_a_killed_process_left_is_cleared_away(shelf, server):
    source = server.serve("slow", FILES)
    shelf.add("good", source)
    program = shelf.program("from labs.data import sources\nimport time\n"
                            "sources.bring = lambda *a: (print('here', flush=True), time.sleep(60))\ndata.fetch('good')\n")
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "here\n"
    process.kill()
    process.wait()
    process.stdout.close()
    assert shelf.hidden() != []
    start = time.monotonic()
    assert whole(data.fetch("good"))
    assert shelf.hidden() == [] and time.monotonic() - start < 30, "a dead process holds no lock"


def test_an_unknown_name_raises_with_the_nearest(shelf, server):
    shelf.add("digits", server.source())
    for ask in (data.fetch, data.folder, data.load):
        with pytest.raises(data.UnknownName, match="Did you mean 'digits'"):
            ask("digit")


def test_a_set_without_arrays_says_where_its_files_are(shelf, server):
    shelf.add("font", server.serve("good", FILES))
    with pytest.raises(data.DataError, match=r"labs.data.folder\('font'\) gives the folder with one.bin"):
        data.load("font")
    assert server.asked == []

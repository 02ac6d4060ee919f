"""The lines that install a framework, and the one place that holds the addresses."""
import html
import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from labs import install_lines

ROOT = Path(__file__).parents[2]
ADDRESSES = {name: value for name, value in json.loads((ROOT / "labs/install_lines.json").read_text()).items() if name != "about"}


def test_the_addresses_stand_in_one_place():
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("this copy of the repository is no git checkout, so its files cannot be listed")
    hosts = [address.split("/")[2] + "/" + address.split("/")[3] for address in ADDRESSES.values()]
    assert len(hosts) == 2
    holding = {name for name in listed.stdout.splitlines() if (ROOT / name).is_file()
               and any(host.encode() in (ROOT / name).read_bytes() for host in hosts)}
    assert holding == {"labs/install_lines.json"}


def test_the_set_up_reads_the_same_address():
    from book.make import environment
    assert environment.CPU_INDEX == install_lines.index("torch", "CPU") == ADDRESSES["torch CPU"]
    assert "labs/install_lines.json" in environment.INPUTS, "another address is another environment"


@pytest.mark.parametrize("framework, build, system, package, address", [
    ("torch", "CPU", "linux", "torch", "torch CPU"), ("torch", "GPU", "linux", "torch", None), ("torch", "CPU", "darwin", "torch", None),
    ("paddle", "CPU", "linux", "paddlepaddle", None), ("paddle", "GPU", "linux", "paddlepaddle-gpu", "paddle GPU"),
    ("paddle", "CPU", "darwin", "paddlepaddle", None)])
def test_a_line_names_package_and_index(framework, build, system, package, address):
    words = shlex.split(install_lines.command(framework, build, system))
    assert words[:5] == ["python", "-m", "pip", "install", package]
    assert words[5:] == (["--index-url", ADDRESSES[address]] if address else [])


@pytest.mark.parametrize("arguments, says", [
    (("torch", "GPU", "darwin"), "no CUDA"), (("torch", "CPU", "win32"), "WSL"), (("jax",), "expected torch or paddle"),
    (("torch", "cuda"), "CPU or GPU")])
def test_what_does_not_exist_is_told(arguments, says):
    with pytest.raises(ValueError, match=says):
        install_lines.command(*arguments)


def test_the_table_has_every_line_once():
    rows = install_lines.commands()
    assert len(rows) == 6 and len({(row["system"], row["build"], row["framework"]) for row in rows}) == 6
    assert not [row for row in rows if (row["system"], row["build"]) == ("macOS", "GPU")]


def test_every_line_is_shown_as_a_block_to_copy_and_is_read_without_a_page():
    """One line a block, character by character the command; the text says the same."""
    shown, rows = install_lines.Lines(), install_lines.commands()
    blocks = re.findall(r'<div class="highlight"><pre[^>]*>(.*?)</pre></div>', shown.html)
    assert [html.unescape(block) for block in blocks] == [row["line"] for row in rows]
    assert all(f"{row['framework']} on {row['system']}, {row['build']} build:\n    {row['line']}" in shown.text for row in rows)

"""What `make test-colab` does around the notebooks; the run itself takes 6 GB and is no part of this suite."""
import io
import sys
import tarfile
import urllib.error
import urllib.request
from pathlib import Path

import nbformat
import pytest
import test_environment

from book.make import book, colab, notebooks

ROOT = Path(__file__).parents[2]


def test_the_archive_is_laid_out_as_a_tags_is_and_holds_no_build(tmp_path):
    for name in ("pyproject.toml", "labs/__init__.py", ".venv/bin/python", "_build/html/index.html", "labs/__pycache__/x.pyc"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x", encoding="utf-8")
    with tarfile.open(fileobj=io.BytesIO(colab.archive(tmp_path, "1.2.3"))) as tar:
        assert sorted(member.name for member in tar if member.isfile()) == ["parity-course-1.2.3/labs/__init__.py", "parity-course-1.2.3/pyproject.toml"]


def test_only_the_archives_address_is_exchanged():
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(notebooks.colab_cell(ROOT)), nbformat.v4.new_code_cell("x = 1")])
    before, address = made.cells[0].source, book.address(ROOT).url
    changed = colab.as_in_colab(made, address, "http://127.0.0.1:1")
    assert changed.cells[0].source == before.replace(address, "http://127.0.0.1:1") != before and changed.cells[1].source == "x = 1"


def test_a_notebook_that_installs_nothing_is_refused():
    with pytest.raises(ValueError, match="expected the first code cell to install from"):
        colab.as_in_colab(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("x = 1")]), "https://a.example", "http://127.0.0.1:1")


def test_the_archive_is_served_at_the_tags_address_alone():
    server = colab.serve(b"packed", "/archive/refs/tags/v1.tar.gz")
    here = f"http://127.0.0.1:{server.server_port}"
    assert urllib.request.urlopen(f"{here}/archive/refs/tags/v1.tar.gz").read() == b"packed"
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{here}/archive/refs/tags/v2.tar.gz")
    server.shutdown()
    server.server_close()


def test_colabs_versions_lie_in_the_readers_ranges():
    from packaging.requirements import Requirement
    had = {line.split("==")[0]: line.split("==")[1] for line in colab.VERSIONS.read_text(encoding="utf-8").splitlines() if "==" in line and line[0] != "#"}
    ranges = [Requirement(line) for line in test_environment.ranges()]
    assert "torch" in had and [str(one) for one in ranges if one.name in had and not one.specifier.contains(had[one.name])] == []


@pytest.mark.parametrize("python", ["no-such-python", "false"])
def test_a_missing_python_is_named_with_the_way_on(python):
    with pytest.raises(SystemExit, match=rf"expected a Python 3\.13.* got none from '{python}'.*COLAB_PYTHON="):
        colab.expect_python(python)


def test_another_version_is_named(monkeypatch):
    monkeypatch.setattr(colab, "PYTHON", "2.0")
    with pytest.raises(SystemExit, match=r"expected a Python 2\.0, which is Colab's, got 3\.\d+"):
        colab.expect_python(sys.executable)

"""Two small books, each built once for all tests of the site."""
import sys
from pathlib import Path

import pytest

from book.make import site

sys.path.append(str(Path(__file__).parent))
from books import new_book


@pytest.fixture(scope="session")
def small_book(tmp_path_factory):
    """The folder of a small book that was built with the placeholder address."""
    root = new_book(tmp_path_factory.mktemp("book"))
    site.build(root)
    return root


@pytest.fixture(scope="session")
def addressed_book(tmp_path_factory):
    """The same book under a real address."""
    root = new_book(tmp_path_factory.mktemp("addressed"), url="https://github.com/Some-One/some-name")
    site.build(root)
    return root

"""Two small books, each built once for all tests of the site, and a browser to open them in."""
import sys
from pathlib import Path

import pytest

from book.make import browser, site

sys.path.append(str(Path(__file__).parent))
from books import new_book
from opening import watched


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


@pytest.fixture(scope="session")
def chromium():
    """One Chromium for all tests."""
    with browser.opened() as running:
        yield running


@pytest.fixture
def opened(chromium):
    """`opened(url, width, **settings)` gives a page that notes its errors and the requests that leave its site."""
    contexts = []

    def show(url, width, **settings):
        contexts.append(chromium.new_context(viewport={"width": width, "height": 900}, **settings))
        return watched(contexts[-1], url)

    yield show
    for context in contexts:
        context.close()

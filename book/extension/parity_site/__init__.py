"""The course's own Sphinx extension: comparisons, formulas, search, links to glossary and API, light pages.

`env_version` is a hash of this package's source: Sphinx does not notice an edited
extension by itself, and would show pages that the old code had made.
"""
import hashlib
from pathlib import Path

from . import anchors, api_links, comparison, maths, page, search, set_up, terms, twins


def source_version():
    """A whole number that changes with every edit of this package."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(file.name.encode() + file.read_bytes())
    return int(digest.hexdigest()[:8], 16)


def setup(app):
    """Register the parts with Sphinx."""
    anchors.setup(app)
    api_links.setup(app)
    comparison.setup(app)
    maths.setup(app)
    page.setup(app)
    search.setup(app)
    set_up.setup(app)
    terms.setup(app)
    twins.setup(app)
    return {"env_version": source_version(), "parallel_read_safe": True, "parallel_write_safe": True}

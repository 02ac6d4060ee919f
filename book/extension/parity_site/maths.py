"""Formulas become MathML when the site is built: a page needs no script to show them."""
import html
import re

from docutils import nodes
from math_core import LatexError, LatexToMathML
from sphinx.util import logging

NAME = "mathml"
convert = LatexToMathML().convert_with_local_state
log = logging.getLogger(__name__)


def mathml(node, displaystyle):
    """The formula of a node; one that cannot be converted fails the build with its place."""
    try:
        return convert(node.astext(), displaystyle=displaystyle)
    except LatexError as error:
        log.warning("expected a formula in LaTeX, got %r: %s", node.astext(), error, location=node)
        return ""


def as_text(node):
    """The signs of a formula in a row, for an excerpt: "1 - m" rather than its LaTeX."""
    return html.unescape(re.sub(r"<annotation.*?</annotation>|<[^>]+>", "", mathml(node, False)))


def visit_inline(self, node):
    """A formula in a sentence."""
    self.body.append(f'<span class="math">{mathml(node, False)}</span>')
    raise nodes.SkipNode


def visit_block(self, node):
    """A formula of its own; one that is too wide scrolls by itself."""
    self.body.append(f'<div class="math" tabindex="0">{mathml(node, True)}</div>\n')
    raise nodes.SkipNode


def setup(app):
    """Register the renderer under the name that `html_math_renderer` of _config.yml has."""
    app.add_html_math_renderer(NAME, (visit_inline, None), (visit_block, None))

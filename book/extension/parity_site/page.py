"""What every page loads and shows: nothing that it does not use, and nothing from a third party."""

# a file whose name (or inline text) holds the word on the left goes unless the page's HTML holds one on the right
NEEDED_BY = {
    "thebe": (),
    "design": ('class="sd-', " sd-"),
    "togglebutton": ("toggle",),
    "toggle": ("toggle",),
    "mathjax": ('class="math',),
    "copybutton": ('class="highlight',),
    "clipboard": ('class="highlight',),
    "sides.js": ("sides-block",),
}


def words_of(asset):
    """The name and attributes of a script or style sheet as one lower-case text."""
    return f"{getattr(asset, 'filename', asset)} {getattr(asset, 'attributes', '')}".lower()


def is_needed(asset, body):
    """Whether a page with this HTML uses the script or style sheet."""
    text = words_of(asset)
    return all(any(sign in body for sign in signs) for word, signs in NEEDED_BY.items() if word in text)


def slim(app, pagename, templatename, context, doctree):
    """Leave out what this page has no use for."""
    body = context.get("body") or ""
    if body:    # the words on a fold ("Show code cell source") name it better than MyST-NB's label, which differs from them
        context["body"] = body = body.replace('<summary aria-label="Toggle hidden content">', "<summary>")
    for key in ("script_files", "css_files"):
        context[key] = [asset for asset in context.get(key, []) if is_needed(asset, body)]


def setup(app):
    """Run late, when every other extension has added its files."""
    app.connect("html-page-context", slim, priority=990)

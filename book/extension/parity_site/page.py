"""What every page loads and says of itself: nothing that it does not use, and nothing from a third party."""
import html
import re

from docutils import nodes

from . import body

# files whose name (or inline text) holds one of these words go: nothing on our pages uses them
UNUSED = ("thebe", "design", "doctools", "sphinx_highlight")
SHORTEST, LONGEST = 40, 200                     # letters of a description
CURRENT = re.compile(r'(<a class="current reference internal" href="#">.*?</a>)', re.S)


def words_of(asset):
    """The name and attributes of a script or style sheet as one lower-case text."""
    return f"{getattr(asset, 'filename', asset)} {getattr(asset, 'attributes', '')}".lower()


def is_needed(asset):
    """Whether our pages use the script or style sheet."""
    return not any(word in words_of(asset) for word in UNUSED)


def description(doctree):
    """The page's first sentences, for search engines and for whoever is sent a link: of the first paragraph that is long enough."""
    texts = [" ".join(paragraph.astext().split()) for paragraph in (doctree.findall(nodes.paragraph) if doctree else ())
             if paragraph.parent.tagname in ("section", "document")]
    text = next((text for text in texts if len(text) >= SHORTEST), texts[0] if texts else "")
    if len(text) <= LONGEST:
        return text
    whole = re.match(rf".{{{SHORTEST},{LONGEST}}}[.?!](?=\s)", text)
    return whole[0] if whole else text[:LONGEST].rsplit(" ", 1)[0] + " …"


def sections(app, pagename):
    """[(anchor, title)] of a page's second headings."""
    toc = app.env.tocs.get(pagename)
    first = toc.children[0] if toc and toc.children else None
    below = next((child for child in (first.children if first else ()) if isinstance(child, nodes.bullet_list)), ())
    links = (next(item.findall(nodes.reference), None) for item in below)
    return [(link["anchorname"], link.astext()) for link in links if link is not None]


def with_sections(found):
    """A function that puts the contents of the page below its name in the list of all pages."""
    items = "".join(f'<li><a href="{anchor}">{html.escape(title)}</a></li>' for anchor, title in found)
    block = f'<ul class="page-sections" aria-label="On this page">{items}</ul>' if items else ""

    def insert(listing):
        return CURRENT.sub(lambda link: link[0] + block, str(listing), count=1)
    return insert


def complete(app, pagename, templatename, context, doctree):
    """Mend the page's HTML, and leave out what it has no use for."""
    if context.get("body"):
        context["body"] = body.mended(context["body"])
    for key in ("script_files", "css_files"):
        context[key] = [asset for asset in context.get(key, []) if is_needed(asset)]
    context["metatags"] = re.sub(r'<meta[^>]*name="viewport"[^>]*>\n?', "", context.get("metatags", ""))


def introduce(app, pagename, templatename, context, doctree):
    """What the templates say of the page; the theme fills some of them as soon as it is asked."""
    context["parity_description"] = description(doctree)
    context["parity_with_sections"] = with_sections(sections(app, pagename))


def setup(app):
    """Speak before the theme, and mend late, when every other extension has added its files."""
    app.connect("html-page-context", introduce, priority=100)
    app.connect("html-page-context", complete, priority=990)

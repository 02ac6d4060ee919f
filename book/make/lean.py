"""Make the finished pages light: one style sheet and one script for all, without what no page uses.

The theme brings 650 kB of styles and icons for pages of every kind; ours use a part. So the first paint
waits for one small file instead of nine, and nothing is left out by hand: what a page or a script names stays.
"""
import hashlib
import io
import re
import shutil
import warnings

SHEET = re.compile(r'[ \t]*<link\b(?=[^>]*\brel="stylesheet")[^>]*\bhref="([^"]+)"[^>]*>\n?')
SCRIPT = re.compile(r'[ \t]*<script\b(?![^>]*\btype="module")[^>]*\bsrc="([^"]+)"[^>]*>\s*</script>\n?')
OF_SPHINX = re.compile(r"[ \t]*<script>DOCUMENTATION_OPTIONS\.\w+ = [^;]*;</script>\n?")   # read by Sphinx's own search alone
COMMENT_OR_TEXT = re.compile(r"""("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')|/\*.*?\*/""", re.S)
ICONS = "vendor/fontawesome/webfonts/fa-solid-900"
NESTED = ("@media", "@supports", "@container", "@layer")
KEPT = ("site.css", "site.js", "find.js")
UNUSED_FOLDERS = ("locales", "vendor", "styles", "scripts")


def statements(css):
    """The statements of a style sheet without comments: (what stands before the brace, what is inside, or None)."""
    at, depth, begun, inside = 0, 0, 0, 0
    while at < len(css):
        sign = css[at]
        if sign in "\"'":
            at = re.compile(rf"(?:\\.|[^{sign}\\])*{sign}", re.S).match(css, at + 1).end()
            continue
        if sign == "{":
            depth += 1
            inside = at + 1 if depth == 1 else inside
        elif sign == "}":
            depth -= 1
            if depth == 0:
                yield css[begun:inside - 1].strip(), css[inside:at].strip()
                begun = at + 1
        elif sign == ";" and depth == 0:
            yield css[begun:at].strip(), None
            begun = at + 1
        at += 1


def split(selectors):
    """Selectors cut at the commas that stand in no bracket."""
    parts, depth, begun = [], 0, 0
    for at, sign in enumerate(selectors):
        depth += (sign in "([") - (sign in ")]")
        if sign == "," and depth == 0:
            parts.append(selectors[begun:at])
            begun = at + 1
    return [part.strip() for part in [*parts, selectors[begun:]]]


def names(selector):
    """The classes and ids that an element must have; what stands in brackets is a choice or a denial."""
    while "(" in selector:
        selector, before = re.sub(r"\([^()]*\)", "", selector), selector
        if selector == before:
            break
    return re.findall(r"[.#](-?[A-Za-z_][\w-]*)", re.sub(r"\[[^\]]*\]", "", selector))


def purged(css, words):
    """The style sheet without the selectors that name a class or id which is not among the words."""
    made = []
    for head, body in statements(css):
        if body is None:
            made.append(f"{head};")
        elif head.startswith(NESTED):
            inside = purged(body, words)
            if inside:
                made.append(f"{head}{{{inside}}}")
        elif head.startswith("@"):
            made.append(f"{head}{{{body}}}")
        else:
            kept = [one for one in split(head) if "\\" in one or words.issuperset(names(one))]
            if kept and body:
                made.append(f"{','.join(kept)}{{{body}}}")
    return "".join(made)


def words_of(pages, scripts):
    """Every class and id of the pages, and every word in a text of the scripts."""
    words = set()
    for page in pages:
        for value in re.findall(r'\s(?:class|id)="([^"]*)"', page):
            words.update(value.split())
    for script in scripts:
        words.update(re.findall(r"[\w-]+", " ".join(re.findall(r"""["'`][^"'`\n]{1,2000}["'`]""", script))))
    return words


def icons(css, font):
    """The icon font cut down to the icons that the style sheet still has, as bytes of a WOFF file.

    Parameters
    ----------
    css : str
        Purged.
    font : Path
        The theme's font, TTF.
    """
    from fontTools import subset
    codes = [int(code, 16) for code in re.findall(r'"\\([ef][0-9a-f]{3})"', css)]
    options = subset.Options(flavor="woff", hinting=False, layout_features=[], name_IDs=[], notdef_outline=False, glyph_names=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = subset.load_font(str(font), options)
        cutter = subset.Subsetter(options)
        cutter.populate(unicodes=codes)
        cutter.subset(whole)
    made = io.BytesIO()
    subset.save_font(whole, made, options)
    return made.getvalue()


def in_order(lists):
    """One order of what several lists hold: that of the longest, then what it lacks."""
    return list(dict.fromkeys(one for each in sorted(lists, key=len, reverse=True) for one in each))


def local(page, found, html):
    """The files of the site behind links such as "../_static/x.css?v=1", as paths; others are left alone."""
    base = html if "404" in page.name else page.parent
    paths = [(base / link.split("?")[0].lstrip("/")).resolve() for link in found]
    if page.name == "404.html":                 # its links begin at the site's root, with the repository's name before it
        paths = [(html / "_static" / link.split("?")[0].partition("/_static/")[2]).resolve() for link in found]
    return paths


def sheet(path, html):
    """A style sheet's text, with what it imports and its addresses as seen from `_static`; without comments."""
    text = COMMENT_OR_TEXT.sub(lambda found: found[1] or "", path.read_text(encoding="utf-8").lstrip("\ufeff"))
    text = re.sub(r'@charset "[^"]*";', "", text)

    def moved(found):
        link = found[1].strip("\"'")
        if link.startswith(("data:", "#")):
            return found[0]
        return f"url({(path.parent / link).resolve().relative_to((html / '_static').resolve()).as_posix()})"
    imports = re.findall(r'@import (?:url\()?"?([^")]+)"?\)?;', text)
    text = re.sub(r"@import [^;]+;", "", text)
    return "".join(sheet((path.parent / link).resolve(), html) for link in imports) + re.sub(r"url\(([^)]+)\)", moved, text)


def stamped(static, name, content):
    """Write a file; give its name with a checksum of its content, so that no browser shows an old one."""
    static.mkdir(parents=True, exist_ok=True)
    (static / name).write_bytes(content)
    return f"{name}?v={hashlib.sha256(content).hexdigest()[:8]}"


def make(html):
    """Rewrite the pages of a finished site in place.

    Parameters
    ----------
    html : Path
        The folder of the site.
    """
    html, static = html.resolve(), (html / "_static").resolve()
    pages = {page: page.read_text(encoding="utf-8") for page in sorted(html.rglob("*.html")) if static not in page.parents}
    sheets = in_order([local(page, SHEET.findall(text), html) for page, text in pages.items()])
    scripts = in_order([local(page, SCRIPT.findall(text), html) for page, text in pages.items()])
    scripts = [path for path in scripts if static in path.parents]
    texts = [path.read_text(encoding="utf-8") for path in scripts]
    modules = [path.read_text(encoding="utf-8") for path in sorted(static.glob("*.js")) if path.name in KEPT]
    css = purged("".join(sheet(path, html) for path in sheets), words_of(pages.values(), [*texts, *modules, *pages.values()]))
    notices = "".join(re.findall(r"/\*!.*?\*/", "".join(path.read_text(encoding="utf-8") for path in sheets), re.S))
    css = notices + re.sub(r"@font-face\{[^}]*fa-(?:regular|brands)[^}]*\}", "", css)
    css = re.sub(rf'url\({ICONS}\.woff2\) ?format\("woff2"\), ?url\({ICONS}\.ttf\) ?format\("truetype"\)', 'url(icons.woff) format("woff")', css)
    font = static / f"{ICONS}.ttf"
    if font.exists():
        (static / "icons.woff").write_bytes(icons(css, font))
    style = stamped(static, "site.css", css.encode())
    script = stamped(static, "site.js", ";\n".join(texts).encode())
    for page, text in pages.items():
        page.write_text(rewritten(page, text, html, style, script), encoding="utf-8")
    for path in [*static.glob("*.css"), *static.glob("*.js"), html / "searchindex.js"]:
        if path.name not in KEPT:
            path.unlink(missing_ok=True)
    for name in UNUSED_FOLDERS:
        shutil.rmtree(static / name, ignore_errors=True)


def rewritten(page, text, html, style, script):
    """A page that loads the one style sheet, where its first one stood, and the one script."""
    first = SHEET.search(text)
    if first is None:
        return text
    static = first[1].partition("_static/")[0] + "_static/"
    text = text[:first.start()] + f'<link rel="stylesheet" href="{static}{style}">\n' + SHEET.sub("", text[first.end():])
    ours = [link for link in SCRIPT.findall(text) if "_static/" in link]
    text = SCRIPT.sub(lambda found: "" if found[1] in ours else found[0], OF_SPHINX.sub("", text))
    return text.replace("</head>", f'<script defer src="{static}{script}"></script>\n</head>', 1) if ours else text

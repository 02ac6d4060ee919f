"""Opens pages in Chromium and asks them what a reader would notice."""
PHONE = 390
WIDTHS = (PHONE, 800, 1024, 1440, 1920)


def watched(context, url):
    """A page of a browser context that notes its errors (`complaints`) and what it asks of others (`elsewhere`)."""
    page = context.new_page()
    page.complaints, page.elsewhere = [], []
    origin = "/".join(url.split("/", 3)[:3])
    page.on("console", lambda m: page.complaints.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("request", lambda r: None if r.url.startswith((origin, "data:")) else page.elsewhere.append(r.url))
    page.goto(url, wait_until="networkidle")
    return page


def too_wide(page):
    """The widths at which the page scrolls sideways."""
    found = []
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        if page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") > 0:
            found.append(width)
    return found


def check_pages(opened, base, names):
    """The pages that scroll sideways, complain, or ask a third party, at any width."""
    wrong = []
    for name in names:
        page = opened(base + name, PHONE)
        wide = too_wide(page)
        if wide or page.complaints or page.elsewhere:
            wrong.append((name, wide, page.complaints, page.elsewhere))
        page.close()
    return wrong


def shown(page):
    """For each comparison, the sides whose panes are in sight, with the left and top edge of each."""
    return page.evaluate("""() => [...document.querySelectorAll('.sides-block')].map(block =>
        [...block.querySelectorAll('.sides-pane')].filter(pane => pane.getClientRects().length)
            .map(pane => ({side: pane.className.split('side-').pop(), left: Math.round(pane.getBoundingClientRect().left),
                           top: Math.round(pane.getBoundingClientRect().top)})))""")


def sides(page):
    """The sides in sight, comparison by comparison."""
    return [[pane["side"] for pane in block] for block in shown(page)]

"""Weigh the pages of the built site in a browser, hold them to a budget, and write the weights on the status page.

usage: python -m book.make.weigh

A page is opened by a Chromium that has nothing in its cache. A page over the budget ends with exit
status 1. Without a Chromium nothing is weighed, and the status page says so.
"""
import contextlib
import gzip
import json
import sys
from pathlib import Path

from book.make import browser, status
from labs.tables import Link, Verdict, table

ROOT = Path(__file__).resolve().parents[2]
BUDGET = {"requests": 32, "sent": 1.0e6, "bytes": 3.5e6}      # of one page: requests; bytes as a server sends them, compressed; bytes unpacked
WORDS = {"requests": "requests", "sent": "kB sent", "bytes": "kB unpacked"}
PACKED = ("text/", "javascript", "json", "svg", "xml")


def weigh(show, address, name):
    """What one page costs: {"requests", "sent", "bytes"}.

    Parameters
    ----------
    show : playwright Browser
    address : str
        Of the site, with a slash at its end.
    name : str
        Such as "chapters/06_mnist.html".
    """
    context = show.new_context(viewport={"width": 1440, "height": 900})
    page, answers = context.new_page(), []
    page.on("response", lambda answer: answers.append(answer))
    page.goto(address + name, wait_until="networkidle")
    bodies = [(answer.body(), answer.headers.get("content-type", "")) for answer in answers]
    context.close()
    return {"requests": len(bodies), "bytes": sum(len(body) for body, _ in bodies),
            "sent": sum(len(gzip.compress(body, 6)) if any(sign in kind for sign in PACKED) else len(body) for body, kind in bodies)}


def over(weights, budget=None):
    """The pages over the budget, in words."""
    budget = budget or BUDGET
    return [f"{name}: {weight[what] / scale:,.0f} {WORDS[what]}, {limit / scale:,.0f} are allowed"
            for name, weight in weights.items() for what, limit in budget.items()
            for scale in [1 if what == "requests" else 1000] if weight[what] > limit]


def shown(weights):
    """The table for the status page."""
    rows = [{"page": Link(name.removesuffix(".html"), "../../" + name), "requests": weight["requests"], "sent": weight["sent"] / 1000,
             "bytes": weight["bytes"] / 1000, "within": Verdict(not over({name: weight}))} for name, weight in weights.items()]
    caption = (f"Allowed for a page: {BUDGET['requests']} requests, {BUDGET['sent'] / 1000:,.0f} kB sent (compressed), "
               f"{BUDGET['bytes'] / 1000:,.0f} kB unpacked")
    return table(rows, caption, columns={"page": "page", **WORDS, "within": "within the budget"},
                 formats=dict.fromkeys(("sent", "bytes"), "{:,.0f}")).html


def enter(html, weights):
    """Put the table between the marks of the status page; a site without one stays as it is."""
    page = html / f"{status.HERE}.html"
    if page.exists():
        before, mark, rest = page.read_text(encoding="utf-8").partition(status.WEIGHTS[0])
        after = rest.partition(status.WEIGHTS[1])[2]
        if not mark or not after:
            raise ValueError(f"{page.name} has lost the marks between which the weights belong")
        page.write_text(f"{before}{mark}{shown(weights)}{status.WEIGHTS[1]}{after}", encoding="utf-8")


def site(root, show=None):
    """Weigh every page of the built site, or read what was weighed of the same build.

    Parameters
    ----------
    root : Path
        The repository.
    show : playwright Browser, optional
        One that runs already; without it one is started.

    Returns
    -------
    (weights, fresh) : dict of str to dict, bool
    """
    html, kept = root / "_build/html", root / "_build/weights.json"
    build = json.loads((root / "_build/sphinx/stamp.json").read_text(encoding="utf-8"))["digest"]
    last = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    fresh = last.get("build") != build
    if fresh:
        with browser.served(html) as address, contextlib.nullcontext(show) if show else browser.opened() as running:
            last = {"build": build, "pages": {name: weigh(running, address, name) for name in browser.pages(html)}}
        kept.write_text(json.dumps(last), encoding="utf-8")
    enter(html, last["pages"])
    return last["pages"], fresh


def main():
    if not (ROOT / "_build/html/index.html").exists():
        sys.exit("there is no site to weigh yet: make book")
    if browser.lacking():
        print(f"site: pages not weighed, {browser.lacking()}    (apt install chromium)")
        return
    weights, _ = site(ROOT)
    heavy = over(weights)
    if heavy:
        sys.exit("site: over the budget of book/make/weigh.py\n" + "\n".join(heavy))
    name = max(weights, key=lambda page: weights[page]["sent"])
    heaviest = weights[name]
    print(f"site: {len(weights)} pages weighed; the heaviest, {name}, is {heaviest['sent'] / 1000:,.0f} kB in {heaviest['requests']} requests")


if __name__ == "__main__":
    main()

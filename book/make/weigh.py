"""Weigh the pages of the built site in a browser, hold them to a budget, and write the weights on the status page.

usage: python -m book.make.weigh

A page is opened by a Chromium that has nothing in its cache. A page over the budget ends with exit
status 1. Without a Chromium nothing is weighed, and the status page says so.
"""
import gzip
import json
import sys
from pathlib import Path

from book.make import browser, project, status
from labs.tables import Link, Verdict, table

ROOT = Path(__file__).resolve().parents[2]
# of one page: requests; bytes as a server sends them, compressed; bytes unpacked; seconds to the first paint on a slow phone
BUDGET = {"requests": 12, "sent": 350e3, "bytes": 1.3e6, "paint": 2.0}
# The search page holds the words of every page: 16 chapters make 351 kB, so twice as many make twice as much. It paints as fast as any.
LARGER = {"search.html": {"sent": 750e3, "bytes": 2.8e6}}
WORDS = {"requests": "requests", "sent": "kB sent", "bytes": "kB unpacked", "paint": "s to the first paint"}
SCALE = {"requests": 1, "sent": 1000, "bytes": 1000, "paint": 1}
WRITE = {"requests": "{:,.0f}", "sent": "{:,.0f}", "bytes": "{:,.0f}", "paint": "{:.1f}"}
FAST_3G = {"offline": False, "latency": 562.5, "downloadThroughput": 1.44e6 / 8, "uploadThroughput": 675e3 / 8}   # as Chromium's tools have it
TRIES = 3                       # a paint that is late is looked at again: the machine may have been busy
PACKED = ("text/", "javascript", "json", "svg", "xml")


def weigh(show, address, name):
    """What one page costs: {"requests", "sent", "bytes", "paint"}.

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
    return {"paint": first_paint(show, address + name), "requests": len(bodies), "bytes": sum(len(body) for body, _ in bodies),
            "sent": sum(len(gzip.compress(body, 6)) if any(sign in kind for sign in PACKED) else len(body) for body, kind in bodies)}


def first_paint(show, url):
    """Seconds until a phone on "fast 3G" shows something of a page, with nothing in its cache; the best of a few tries if it is late."""
    best = float("inf")
    for _ in range(TRIES):
        context = show.new_context(viewport={"width": 390, "height": 844})
        page = context.new_page()
        context.new_cdp_session(page).send("Network.emulateNetworkConditions", FAST_3G)
        page.goto(url, wait_until="load")
        page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
        best = min(best, page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime") / 1000)
        context.close()
        if best <= BUDGET["paint"]:
            break
    return round(best, 2)


def over(weights, budget=None):
    """The pages over the budget, in words."""
    return [f"{name}: {written(what, weight[what])} {WORDS[what]}, {written(what, limit)} are allowed"
            for name, weight in weights.items()
            for what, limit in (budget or BUDGET | LARGER.get(name, {})).items() if weight[what] > limit]


def written(what, value):
    """A weight as a reader sees it: "33", "1,001", "2.4"."""
    return WRITE[what].format(value / SCALE[what])


def shown(weights):
    """The table for the status page."""
    rows = [{"page": Link(name.removesuffix(".html"), "../../" + name), "requests": weight["requests"], "sent": weight["sent"] / 1000,
             "bytes": weight["bytes"] / 1000, "paint": weight["paint"], "within": Verdict(not over({name: weight}))}
            for name, weight in weights.items()]
    caption = "Allowed for a page: " + ", ".join(f"{written(what, limit)} {WORDS[what]}" for what, limit in BUDGET.items()) \
        + ", on a phone with fast 3G; what is sent is compressed. Search, with the words of every page, may be " \
        + " and ".join(f"{written(what, limit)} {WORDS[what]}" for what, limit in LARGER["search.html"].items())
    return table(rows, caption, columns={"page": "page", **WORDS, "within": "within the budget"},
                 formats={"sent": "{:,.0f}", "bytes": "{:,.0f}", "paint": "{:.1f}"}).html


def enter(html, weights):
    """Put the table between the marks of the status page; a site without one stays as it is."""
    page = html / f"{status.HERE}.html"
    if page.exists():
        before, mark, rest = page.read_text(encoding="utf-8").partition(status.WEIGHTS[0])
        after = rest.partition(status.WEIGHTS[1])[2]
        if not mark or not after:
            raise ValueError(f"{page.name} has lost the marks between which the weights belong")
        page.write_text(f"{before}{mark}{shown(weights)}{status.WEIGHTS[1]}{after}", encoding="utf-8")


def site(root):
    """Weigh every page of the built site, or read what was weighed of the same build.

    Parameters
    ----------
    root : Path
        The repository.

    Returns
    -------
    (weights, fresh) : dict of str to dict, bool
    """
    html, kept = root / "_build/html", root / "_build/weights.json"
    build = json.loads((root / "_build/sphinx/stamp.json").read_text(encoding="utf-8"))["digest"]
    last = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    fresh = last.get("build") != build
    if fresh:
        last = {"build": build, "pages": browser.each_page(html, weigh)}
        kept.write_text(json.dumps(last), encoding="utf-8")
    enter(html, last["pages"])
    return last["pages"], fresh


def main():
    if not (ROOT / "_build/html/index.html").exists():
        sys.exit("there is no site to weigh yet: make book")
    if browser.lacking():
        print(f"site: pages not weighed, {browser.lacking()}    (apt install chromium)")
        return
    with project.Part("weigh"):
        weights, _ = site(ROOT)
    heavy = over(weights)
    if heavy:
        sys.exit("site: over the budget of book/make/weigh.py\n" + "\n".join(heavy))
    name = max(weights, key=lambda page: weights[page]["sent"])
    heaviest = weights[name]
    print(f"site: {len(weights)} pages weighed; the heaviest, {name}, is {heaviest['sent'] / 1000:,.0f} kB in {heaviest['requests']} requests")


if __name__ == "__main__":
    main()

"""The status page: what the last build executed, proved and measured. Made from the runs, never by hand.

Nothing is green that did not run: a chapter without a run, with a run of other code, versions or
settings, or with a cell that did not come to its end says so in the first column after its name.
"""
import os
from pathlib import PurePosixPath

from book.make import book, findings, gpu, held, notebooks, runs
from labs.parity import RUNGS
from labs.parity.ladder import TOLERANCE
from labs.results import number_in_words, span
from labs.tables import Link, Verdict, table

HERE = "book/pages/status"
NO_BREAK = "\u2011"            # a hyphen at which no line ends: a date stays whole
WEIGHTS = ("<!-- page weights -->", "<!-- end of page weights -->")
VERSIONS = {"python": ("python",), "labs": ("labs",), "torch": ("torch",), "paddle": ("paddlepaddle-gpu", "paddlepaddle"),
            "numpy": ("numpy",), "transformers": ("transformers",)}        # columns, and the packages that they show
INTRO = """# Status

What the last build executed, proved and measured, page by page.
This page is made from the executed notebooks; nobody writes it.
A page that did not run, or that ran with other code, versions or settings than this site shows, cannot be green here.
"""


def state(name, notebook, run, root):
    """Whether the page shows what its code does today: a Verdict, green only where everything ran.

    Parameters
    ----------
    name : str
        Such as "06_mnist".
    notebook : nbformat.NotebookNode
        As it is committed.
    run : dict or None
        The record of `_build/runs`.
    root : Path
    """
    if (root / "_build/errors" / f"{name}.txt").exists():
        return Verdict(False, "failed")
    if run is None:
        return Verdict(False, "did not run")
    stale = runs.reason(run, notebook, root)
    if stale:
        return Verdict(False, f"out of date: {stale}")
    ran, there = cells(run)
    if ran < there:
        return Verdict(False, f"{there - ran} cells did not run")
    return Verdict(True, "executed") if run["mode"] != "smoke" else Verdict(None, "smoke run")


def cells(run):
    """(cells that ended well, cells) of a run."""
    well = [cell["execution_count"] is not None and all(output["output_type"] != "error" for output in cell["outputs"])
            for cell in run["cells"]]
    return sum(well), len(well)


def share(part, whole):
    """A Verdict over "12 of 12"; nothing to count is no verdict."""
    return Verdict(part == whole, f"{part} of {whole}") if whole else None


class Page:
    """One page of the book with a notebook: what is known of it."""

    def __init__(self, document, root, noted):
        self.name = PurePosixPath(document).name
        self.notebook = notebooks.of_page(document, root)
        self.run = runs.read(root / "_build/runs", self.name)
        self.facts = book.facts(self.notebook)
        self.link = Link(book.title(self.notebook, self.name), os.path.relpath(f"{document}.html", PurePosixPath(HERE).parent))
        self.state = state(self.name, self.notebook, self.run, root)
        self.gpu = gpu.last(self.name, self.run, noted)

    @property
    def executed(self):
        """A run that counts: not one of other code."""
        return self.run if self.state.value is not False else None

    def execution(self):
        """The row of the first table."""
        run, budget = self.run or {}, book.budget(self.notebook)
        took, worked = (None if run.get(key) is None else f"{run[key]:.0f}" for key in ("seconds", "processor_s"))
        if worked and budget and run.get("mode") == "quick":
            worked = Verdict(run["processor_s"] <= budget, f"{worked} of {budget:g}")
        return {"page": self.link, "state": self.state, "cells": share(*cells(run)) if run else None,
                "seconds": took, "processor seconds": worked, "peak memory, MB": run.get("peak_mb"),
                "run": run.get("mode"), "device": gpu.places(run) or None, "date": (run.get("date") or "")[:10].replace("-", NO_BREAK) or None,
                "last on a GPU": "never" if self.gpu is None else f"{self.gpu[0]}, {self.gpu[1]}"}

    def proof(self):
        """The row of the second table."""
        row = {"page": self.link, "proofs green": None, "worst float64 error": None, "mistakes caught": None, "results in their band": None,
               "claims that hold": None, "predictions answered": None}
        if self.executed:
            errors = [pair[rung] for pair in findings.worst(self.executed).values() for rung in RUNGS if pair[rung] is not None]
            row |= {"proofs green": share(*findings.proofs(self.executed)), "worst float64 error": max(errors, default=None),
                    "mistakes caught": share(*findings.mistakes(self.executed)),
                    "results in their band": share(*findings.bands(self.executed)),
                    "claims that hold": share(*findings.claims(self.executed)),
                    "predictions answered": share(*findings.predictions(self.executed))}
        return row

    def rungs(self):
        """Rows of the third table: one a pair of sides."""
        for pair, found in (findings.worst(self.executed) if self.executed else {}).items():
            yield {"page": self.link, "sides": pair, "ladders": found["ladders"], **{rung: found[rung] for rung in RUNGS},
                   "green": Verdict(found["green"])}

    def results(self):
        """Rows of the fourth table; a page with a target and no result says so."""
        found = findings.of_kind(self.executed, "result") if self.executed else []
        for one in found:
            share_of = one.get("n") and 0 <= one["value"] <= 1
            write = (lambda value: f"{value:.1%}") if share_of else number_in_words
            yield {"page": self.link, "result": one["what"], "this build": write(one["value"]), "n": one.get("n"),
                   "95 % interval": " to ".join(map(write, one["interval"])) if one.get("interval") else None,
                   "band": span(one["band"], write) if one.get("band") else None,
                   "inside": Verdict(one["inside"]) if one.get("band") and one.get("run") != "smoke" else None,
                   "published": str(one["target"]), "source": one["source"]}
        target = self.facts.get("target")
        if not found and target:
            yield {"page": self.link, "result": target["what"], "this build": None, "n": None, "95 % interval": None, "band": None,
                   "inside": None, "published": str(target["value"]), "source": target["source"]}

    def versions(self):
        """The row of the last table: what this page was executed with."""
        used = (self.run or {}).get("versions", {})
        return {"page": self.link, **{name: next((used[key] for key in keys if key in used), None) for name, keys in VERSIONS.items()}}


def summary(pages):
    """The first sentence: how much of the book is green."""
    green = sum(page.state.value is True for page in pages)
    seconds = sum((page.run or {}).get("seconds") or 0 for page in pages)
    peak = max(((page.run or {}).get("peak_mb") or 0 for page in pages), default=0)
    return (f"**{green} of {len(pages)} pages with code are green**; their runs took {seconds:.0f} s in all, "
            f"and the largest needed {peak:,} MB of memory.")


def text(root, documents):
    """The page as Markdown.

    Parameters
    ----------
    root : Path
        The repository.
    documents : list of str
        All pages of `_toc.yml`; those with a notebook count.
    """
    noted = gpu.read(root)
    pages = [Page(document, root, noted) for document in documents if notebooks.has_notebook(document, root)]
    errors = dict.fromkeys(RUNGS, lambda value: f"{value:.1e}" if value else "0")
    rungs = table([row for page in pages for row in page.rungs()], "Worst float64 error by rung, relative to an array's size",
                  columns=["page", "sides", "ladders", *RUNGS, "green"], formats=errors)
    results = table([row for page in pages for row in page.results()], "Results of this build beside the published ones",
                    columns=["page", "result", "this build", "n", "95 % interval", "band", "inside", "published", "source"])
    parts = [INTRO, summary(pages),
             "## Execution", "Two pages are executed at once, on two processor cores, and one stands still while the other is timing something. So a quick "
             "run is held to its page's budget by the processor seconds that it took.",
             table([page.execution() for page in pages], "Pages with code, as they were executed").html,
             "## Proofs", "Each proof is a parity ladder or an equality check; a planted mistake is caught when it breaks the rung that it "
             "should break, in both precisions, and none below. A claim is a sentence that the page checks when it runs.",
             table([page.proof() for page in pages], "What each page proves", formats={"worst float64 error": ".1e"}).html,
             "## Parity, rung by rung", f"Allowed is an error of {TOLERANCE:.0e}. Fluid is paddlepaddle 1.8.5, where a page has it.",
             rungs.html,
             "## Planted mistakes", "What the ladder is tried on by the tests: mistakes that people make, planted one at a time.",
             held.mistakes(root),
             "## Ports", "Honest ports, which must not be red. *But for float32 numbers* says that nothing differs but numbers that Paddle "
             "keeps in float32, which was proven by rounding them on the PyTorch side.",
             held.ports(root), "## Results against targets",
             "A quick run sees little data, so it has a band of its own; outside of it the build fails.", results.html,
             "## Versions", table([page.versions() for page in pages], "What each page was executed with").html,
             "## Weight of the pages", "What a browser loads that has seen nothing of the site before.",
             f"{WEIGHTS[0]}<p>Measured when the site is published.</p>{WEIGHTS[1]}"]
    return "\n\n".join(parts) + "\n"

"""Execute the book's notebooks, two at a time, and keep what they leave.

usage: python -m book.make.execute [NAME ...] [--timeout SECONDS] [--again]

Without names: every page of _toc.yml that has a notebook. One that did not
change (see runs.py) is not executed again. A cell that fails fails the build:
the chapter, the cell and the error are named, the traceback stands in
_build/errors/NAME.txt, the other chapters run on, and the exit status is 1.
"""
import argparse
import contextlib
import copy
import datetime
import json
import os
import re
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import nbformat
import psutil
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

from book.make import book, budgets, kernel_report, notebooks, project, runs
from book.make.quiet import Quiet
from book.make.watching import Room, Watch
from labs import run as run_mode

AT_ONCE = 2
UNKNOWN_MB = 2500       # what a notebook may need that has no run yet; the largest known one needs 3.6 GB
TIMEOUT_S = {"smoke": 120, "quick": 600, "full": None}      # for one cell; a full run may train for hours
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class Failure(Exception):
    """A notebook did not come to its end."""

    def __init__(self, summary, trace):
        super().__init__(summary)
        self.trace = trace


def failed_cell(cells, started):
    """How a message names the cell at which a notebook stopped."""
    if not started:
        return "before its first cell"
    cell = started[-1]
    if cell not in cells:
        return "after its last cell"
    line = next((line for line in cell.source.splitlines() if line.strip()), "")
    return f"code cell {cells.index(cell) + 1} of {len(cells)} (id {cell.id}, first line {line!r})"


def explain(error, cell, timeout):
    """(one line, full text) about an error that ended a notebook."""
    if isinstance(error, DeadKernelError):
        return ("DeadKernel: the kernel died (killed for memory, or crashed in native code)", str(error))
    if isinstance(error, CellTimeoutError):
        return (f"Timeout: the cell took more than {timeout} s", str(error))
    left = [output for output in cell.outputs if output.output_type == "error"] if cell is not None else []
    if left:
        lines = left[0].evalue.strip().splitlines() or [""]
        return f"{left[0].ename}: {lines[0]}", "\n".join(left[0].traceback)
    return f"{type(error).__name__}: {(str(error).strip().splitlines() or [''])[-1]}", str(error)


def execute(notebook, root, timeout, quiet=None):
    """Run a notebook in a kernel and an empty folder of its own.

    Parameters
    ----------
    notebook : NotebookNode
    root : Path
    timeout : float or None
        Seconds for one cell.
    quiet : Quiet, optional
        Stops this kernel while another one measures, and the others while this one does.

    Returns
    -------
    live, report, watch, seconds
        The notebook with its outputs, what the kernel said that it used, its `Watch`, seconds by cell id.

    Raises
    ------
    Failure
        A cell failed or took too long, or the kernel died.
    """
    live = copy.deepcopy(notebook)
    cells = book.code_cells(live)
    live.cells.append(nbformat.v4.new_code_cell(kernel_report.ASK))
    started, watches, at, seconds = [], [], {}, {}

    def starts(cell, cell_index):
        started.append(cell)
        at[cell.id] = time.perf_counter()

    def ended(cell, cell_index, execute_reply):
        seconds[cell.id] = round(time.perf_counter() - at[cell.id], 2)
    with tempfile.TemporaryDirectory(prefix="parity-") as folder:
        client = NotebookClient(live, timeout=timeout, kernel_name="python3", record_timing=False, shutdown_kernel="immediate",
                                extra_arguments=["--log-level=ERROR"],      # not its warning that it listens on loopback
                                resources={"metadata": {"path": folder}},
                                on_cell_execute=starts, on_cell_executed=ended)

        def began(**_):
            watches.append(Watch(client.km.provisioner.pid))
            watches[0].start()
            runs_now(client.km.provisioner.pid)
        client.on_notebook_start = began
        environment = dict(os.environ, OMP_NUM_THREADS=os.environ.get("OMP_NUM_THREADS", "1"),
                           LABS_QUIET=quiet.address if quiet else "",
                           TQDM_DISABLE="1",        # a progress bar is for who waits, not for the page
                           PYTHONPATH=os.pathsep.join(filter(None, [str(root.resolve()), os.environ.get("PYTHONPATH")])))
        try:
            with quiet.kernel() if quiet else contextlib.nullcontext(lambda pid: None) as runs_now:
                client.execute(env=environment)
        except (CellExecutionError, CellTimeoutError, DeadKernelError, RuntimeError) as error:
            line, trace = explain(error, started[-1] if started else None, timeout)
            raise Failure(f"{failed_cell(cells, started)}: {line}", COLOURS.sub("", trace)) from error
        finally:
            for one in watches:
                one.ended.set()
    said = "".join(output.get("text", "") for output in live.cells.pop().outputs)
    report = json.loads(said.split(kernel_report.MARK, 1)[1].splitlines()[0])
    watches[0].megabytes = max(report["peak_mb"], watches[0].megabytes)
    return live, report, watches[0], seconds


def record(name, notebook, root, timeout, quiet=None):
    """Execute one notebook and return what `_build/runs/NAME.json` holds."""
    before, began = runs.before(notebook), time.perf_counter()
    live, report, watch, seconds = execute(notebook, root, timeout, quiet)
    return {"name": name, "before": before, "mode": before["LABS_RUN"], "device": before["LABS_DEVICE"],
            "seconds": round(time.perf_counter() - began, 1), "processor_s": round(watch.seconds, 1), "peak_mb": round(watch.megabytes),
            "versions": report["versions"], "places": report["places"],
            "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "data": report["cards"], "depends": runs.depends(report, root),
            "cells": [{"id": cell.id, "execution_count": cell.execution_count, "seconds": seconds.get(cell.id), "outputs": cell.outputs}
                      for cell in book.code_cells(live)]}


def say(name, state, seconds):
    """A chapter's progress line."""
    sys.stdout.write(f"{name:<24} {state:<52} {seconds:7.1f} s\n")        # one write: two chapters speak at once
    sys.stdout.flush()


def one(name, notebook, root, timeout, stopping, why="", quiet=None):
    """Execute one notebook, keep its run, print its lines; return the failure in words, or None."""
    began, errors = time.perf_counter(), root / "_build/errors" / f"{name}.txt"
    say(name, f"runs: {why}" if why else "runs", 0)
    try:
        run = record(name, notebook, root, timeout, quiet)
    except Failure as failure:
        if stopping.is_set():
            return None
        errors.parent.mkdir(parents=True, exist_ok=True)
        errors.write_text(f"{name}: {failure}\n\n{failure.trace}\n", encoding="utf-8")
        say(name, "FAILED", time.perf_counter() - began)
        return f"{name}: {failure}\n    traceback: {errors.relative_to(root)}"
    errors.unlink(missing_ok=True)
    runs.write(root / "_build/runs", name, run)
    say(name, f"done, {len(run['cells'])} cells, {run['peak_mb']} MB", run["seconds"])
    for line in (output["text"].strip().splitlines()[0] for cell in run["cells"] for output in cell["outputs"]
                 if output.get("name") == "stderr" and output["text"].strip()):
        say(name, f"warning: the page would show: {line[:80]}", run["seconds"])
    over, fails = budgets.overrun(name, notebook, run)
    if over:
        say(name, f"{'FAILED' if fails else 'warning'}: {over}", run["processor_s"])
        for cell in sorted(run["cells"], key=lambda cell: -(cell["seconds"] or 0))[:3]:
            source = next(c.source for c in notebook.cells if c.id == cell["id"])
            say(name, f"  a slow cell: {source.splitlines()[0][:38]}", cell["seconds"])
    return f"{name}: {over}" if fails else None


def expected(notebook, last):
    """Seconds by which the longest is begun first: those of the last run, or as many as its budget allows."""
    return last["seconds"] if last else book.budget(notebook) or 0


def everything(chapters, root, timeout, again=False):
    """Execute what changed, the longest first; return the failures in words.

    Parameters
    ----------
    chapters : dict
        {name: notebook}
    root : Path
        The repository.
    timeout : float or None
        Seconds for one cell.
    again : bool
        Execute what did not change too.
    """
    last = {name: runs.read(root / "_build/runs", name) for name in chapters}
    why = {name: runs.reason(last[name], chapters[name], root) or ("asked for" if again else "") for name in chapters}
    for name in chapters:
        if not why[name]:
            say(name, "unchanged", 0)
    todo = sorted((name for name in chapters if why[name]), key=lambda name: -expected(chapters[name], last[name]))
    pool, stopping, room = ThreadPoolExecutor(AT_ONCE), threading.Event(), Room(psutil.virtual_memory().total / 1e6)

    def run(name):
        with room.of((last[name] or {}).get("peak_mb", UNKNOWN_MB)):
            return one(name, chapters[name], root, timeout, stopping, why[name], quiet)
    with Quiet() as quiet:
        try:
            return [failure for failure in pool.map(run, todo) if failure]
        except KeyboardInterrupt:
            stopping.set()
            pool.shutdown(wait=False, cancel_futures=True)
            for child in psutil.Process().children(recursive=True):
                child.kill()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def load(root):
    """{name: notebook} of every page that has one, in the book's order: made from its text, whatever was saved beside it."""
    return {path.stem: notebooks.of_page(path.relative_to(root).with_suffix("").as_posix(), root) for path in book.texts(root)}


def main(arguments=None, root=book.ROOT):
    try:
        mode = run_mode.mode()
    except run_mode.RunError as error:
        sys.exit(str(error))
    parser = argparse.ArgumentParser(description="execute the book's notebooks")
    parser.add_argument("names", nargs="*", metavar="NAME", help="chapters, such as 06_mnist; without one, all")
    parser.add_argument("--timeout", type=float, default=TIMEOUT_S[mode], help="seconds for one cell")
    parser.add_argument("--again", action="store_true", help="execute what did not change too")
    chosen = parser.parse_args(arguments)
    chapters = load(root)
    unknown = [name for name in chosen.names if name not in chapters]
    if unknown:
        sys.exit(f"no chapter {', '.join(unknown)}; there are {', '.join(chapters)}")
    picked = {name: notebook for name, notebook in chapters.items() if not chosen.names or name in chosen.names}
    try:
        with project.Part("execute", root):
            failures = everything(picked, root, chosen.timeout, chosen.again)
    except KeyboardInterrupt:
        print("\nstopped; what was done is kept, and the next run goes on from there")
        sys.exit(130)
    if failures:
        sys.exit("\n" + "\n".join(failures))


if __name__ == "__main__":
    main()

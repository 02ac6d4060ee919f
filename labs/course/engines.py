"""Where submissions are graded: on this machine in threads, or on the workers of a Dask scheduler.

An engine yields (line, verdict) as verdicts come; who called it writes the journal, and nobody else
does. A worker of Dask gets the drawn cases, the file and nothing more, and needs this package, the
lab's frameworks and a sandbox.
"""

import concurrent.futures
import contextlib
import functools
import hashlib
import os
from pathlib import Path

from labs.course.folder import CourseError
from labs.grading import cases as drawn
from labs.grading import pool, sandbox

INSTALL = "pip install distributed"
ANSWER_S = 20  # for the scheduler to answer
AHEAD = 4  # submissions under way for each thread of the cluster


def here(made, todo: list, read, verdict, number: int, protected: bool):
    """On this machine, so many at the same time.

    Parameters
    ----------
    made : labs.course.grade.Edition
    todo : list of dict
        Lines of the journal.
    read : callable
        A line's content.
    verdict : callable
        (edition, content, suffix, sandbox) -> dict.
    """

    def one(line, worker):
        with sandbox.slot() as free:
            box = sandbox.Sandbox(free, worker) if protected else None
            return line, verdict(made, read(line), line["suffix"], box)

    with (
        warm(made.lab, protected and len(todo) > 1) as worker,
        concurrent.futures.ThreadPoolExecutor(number) as threads,
    ):
        running = [threads.submit(one, line, worker) for line in todo]
        try:
            for done in concurrent.futures.as_completed(running):
                yield done.result()
        except BaseException:
            for each in running:
                each.cancel()
            raise


def on_dask(made, todo: list, read, address: str, protected: bool):
    """On the workers of a Dask scheduler. A worker that is lost gives its submissions to the others.

    Raises
    ------
    CourseError
        Dask is not installed, or nobody answers at the address.
    """
    try:
        import distributed
    except ImportError:
        raise CourseError(f"--scheduler needs Dask, which is not installed: {INSTALL}") from None
    try:
        client = distributed.Client(address, timeout=ANSWER_S, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise CourseError(f"no Dask scheduler answers at {address}: {error}") from None
    with client:
        threads = sum(client.nthreads().values())
        if not threads:
            raise CourseError(f"the scheduler at {address} has no workers: dask worker {address}")
        kit = client.scatter(drawn.to_bytes(made.lab, made.cases), broadcast=True)
        waiting, under_way = iter(todo), {}

        def more():
            for line in waiting:
                future = client.submit(
                    remote, kit, code(), read(line), line["suffix"], protected, pure=False
                )
                under_way[future.key] = line
                return future
            return None

        first = [each for _ in range(AHEAD * threads) if (each := more())]
        coming = distributed.as_completed(first, loop=client.loop)
        for done in coming:
            failed = done.exception()
            why = f"{type(failed).__name__}: {str(failed)[:300]}"
            said = done.result() if failed is None else not_gradable(made, why)
            yield under_way.pop(done.key), said
            if following := more():
                coming.add(following)


def not_gradable(made, why: str) -> dict:
    """What is said where a worker failed: it costs nobody a point, and is tried again."""
    return {
        "state": "not gradable",
        "earned": 0,
        "points": made.lab.points,
        "rungs": [],
        "why": why,
    }


def remote(kit: bytes, its_code: str, content: bytes, suffix: str, protected: bool) -> dict:
    """On a worker: one verdict.

    Raises
    ------
    RuntimeError
        The worker has another version of the grader.
    """
    from labs.course import grade

    if its_code != code():
        raise RuntimeError("this worker has another version of labs/grading: install the same one")
    made = edition(kit)
    if not protected:
        return grade.verdict(made, content, suffix, None)
    sandbox.require()
    with sandbox.slot() as free:
        box = sandbox.Sandbox(free, pool.shared(made.lab.frameworks))
        return grade.verdict(made, content, suffix, box)


@functools.lru_cache(4)
def edition(kit: bytes):
    """A lab and its drawn cases, as they came."""
    from labs.course.grade import Edition

    return Edition(*drawn.from_bytes(kit), "")


@functools.cache
def code() -> str:
    """A checksum of the grader's own source."""
    digest = hashlib.sha256()
    for path in sorted(Path(drawn.__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def cores() -> int:
    """How many submissions at the same time, where nobody says."""
    return os.cpu_count() or 1


@contextlib.contextmanager
def warm(lab, wanted: bool):
    """A warm worker that has imported what the lab needs; None where there can be none."""
    if not wanted or not sandbox.as_root():
        yield None
        return
    try:
        worker = pool.Pool(lab.frameworks).__enter__()
    except pool.PoolError:
        yield None
        return
    with contextlib.closing(worker):
        yield worker

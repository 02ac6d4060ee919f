"""The trusted side of the pipe: a submission in a process of its own, asked call by call.

What comes back is bytes of a stranger: read with a limit of size and of time, and never executed.
"""

import os
import selectors
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from labs.grading import memory_of, values
from labs.grading.answering import Answer
from labs.grading.cold import Cold, ended, environment
from labs.grading.pool import PoolError
from labs.grading.worker import HEAD

WORKER = Path(__file__).with_name("worker.py")
OUTPUT = 10_000  # bytes of what a submission prints that are kept
CHUNK = 1 << 16
STARTING_S = 60  # until the worker is there, on a machine that is busy
LOOK_S = 0.2  # between two looks at the memory


class Unreadable(ValueError):
    """A submission that holds no code that can be read: refused, and said why."""


class NotStarted(RuntimeError):
    """The process could not be started, or did not come to the point where it loads the submission:
    not its fault.
    """


@dataclass
class Submission:
    """What is handed to the process: the file's bytes and its suffix."""

    content: bytes
    suffix: str
    notes: list = field(default_factory=list)


class Process:
    """A submission's process, started when it is first asked, and again after it has died.

    Parameters
    ----------
    lab : Lab
    submission : Submission
    sandbox : labs.grading.sandbox.Sandbox, optional
        Without one the process is as free as this one: for a student's own check on the student's
        own machine.
    """

    def __init__(self, lab, submission: Submission, sandbox=None):
        self.lab, self.submission, self.sandbox = lab, submission, sandbox
        self.process = self.failed = None
        self.entered = False
        self.ends = time.monotonic() + lab.limits.total_s
        self.printed = bytearray()
        self.too_much = False
        self.looked = 0.0

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.stop()

    def answer(self, call) -> Answer:
        """Ask for one call."""
        seconds = min(call.seconds or self.lab.limits.call_s, self.left())
        if seconds <= 0:
            return Answer(
                error=f"the {self.lab.limits.total_s:g} s for the whole submission were used up before this call",
                kind="time",
            )
        if self.process is None:
            self.failed = self.failed or self.start()  # what does not load once is not loaded again
            if self.failed:
                return self.failed
            seconds = min(seconds, self.left())
        found = self.exchange(
            {"function": call.function, "arguments": values.to_bytes(call.arguments)},
            seconds,
            f"`{call.function}`",
        )
        if isinstance(found, Answer):
            return found
        try:
            said, kind = str(found.get("error", ""))[:1000], str(found.get("kind", ""))[:100]
            if kind == "missing" and self.submission.notes:
                said += f"; not all could be executed: {self.submission.notes[0]}"
            return Answer(found.get("value"), said, kind)
        except AttributeError:
            return Answer(error="the submission's process sent no answer", kind="refused")

    def begin(self, into: int, out: int, said: int):
        """Start the process: warm, cold in a sandbox, or on this machine as it is."""
        if self.sandbox is not None and self.sandbox.pool is not None:
            return self.sandbox.pool.start(self.sandbox.facts(self.lab.limits), into, out, said)
        line, handed = [sys.executable, "-I", "-u", str(WORKER), str(into), str(out)], []
        if self.sandbox is not None:
            line, arguments = self.sandbox.command(self.lab.limits, (into, out))
            handed = [arguments]
        try:
            return Cold(
                line,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                pass_fds=(into, out, *handed),
                env=environment(),
                start_new_session=True,
            )
        finally:
            for fd in handed:
                os.close(fd)

    def left(self) -> float:
        """Seconds that are left for the whole submission."""
        return self.ends - time.monotonic()

    def start(self) -> Answer | None:
        """Start the process and load the submission; what failed as an answer, or None.

        Raises
        ------
        NotStarted, Unreadable
        """
        self.entered = False
        to_child, ours = os.pipe()
        theirs, from_child = os.pipe()
        said, their_output = os.pipe()
        fds = to_child, from_child, their_output
        try:
            self.process = self.begin(*fds)
        except (OSError, PoolError) as error:
            for fd in (ours, theirs, said):
                os.close(fd)
            raise NotStarted(f"the submission's process could not be started: {error}") from None
        finally:
            for fd in fds:
                os.close(fd)
        self.into, self.out, self.said = ours, theirs, said
        for fd in (ours, theirs, said):
            os.set_blocking(fd, False)
        self.exchange(None, STARTING_S, "starting")
        self.entered = True
        order = {
            "content": self.submission.content,
            "suffix": self.submission.suffix,
            "names": list(self.lab.names),
            "frameworks": list(self.lab.frameworks),
            "calls": self.lab.calls,
            "answer_bytes": int(self.lab.limits.answer_mb * 2**20),
        }
        found = self.load(order)
        if isinstance(found, Answer):
            return found
        if found["imports"]:
            self.importing(found["imports"])
        found = self.load("go on")  # from here on its code runs, and may answer in our place
        if isinstance(found, Answer):
            return found
        notes = found.get("notes") if isinstance(found, dict) else None
        self.submission.notes = (
            [str(note)[:300] for note in notes[:20]] if isinstance(notes, list) else []
        )
        return None

    def load(self, message):
        """The next step of loading, which is the submission's own: at its cost."""
        seconds = min(self.lab.limits.load_s, max(self.left(), 0.1))
        found = self.exchange(message, seconds, "loading the submission")
        if isinstance(found, dict) and "unreadable" in found:
            self.stop()
            raise Unreadable(str(found["unreadable"])[:500])
        return found

    def importing(self, which):
        """The frameworks that the submission imports, before any of its code runs: not at its cost.

        Raises
        ------
        NotStarted
        """
        self.entered, began = False, time.monotonic()
        what = " and ".join(str(each) for each in which)[:60]
        found = self.exchange("import", STARTING_S, f"importing {what}")
        if found != {"imported": True}:
            self.stop()
            why = found.get("broken") if isinstance(found, dict) else getattr(found, "error", "")
            raise NotStarted(f"{what} could not be imported: {str(why)[:300]}")
        self.entered = True
        self.ends += time.monotonic() - began

    def exchange(self, message, seconds: float, what: str):
        """Send a message and read the answer to it: a value, or an `Answer` that says what went
        wrong.
        """
        data = b"" if message is None else values.to_bytes(message)
        rest = memoryview(len(data).to_bytes(HEAD, "little") + data if data else b"")
        limit = HEAD + int(self.lab.limits.answer_mb * 2**20) + CHUNK
        got, ends = bytearray(), time.monotonic() + seconds
        with selectors.DefaultSelector() as watch:
            if rest:
                watch.register(self.into, selectors.EVENT_WRITE)
            watch.register(self.out, selectors.EVENT_READ)
            watch.register(self.said, selectors.EVENT_READ)
            while True:
                left = ends - time.monotonic()
                if left <= 0:
                    self.stop()
                    if not self.entered:
                        raise NotStarted(
                            f"{what}: the submission's process was not ready within {seconds:g} s"
                        )
                    return Answer(error=f"{what} did not end within {seconds:.3g} s", kind="time")
                if self.too_large():
                    self.stop()
                    return Answer(
                        error=f"{what}: more than {self.lab.limits.memory_gb:g} GB of memory",
                        kind="memory",
                    )
                for key, _ in watch.select(min(left, LOOK_S)):
                    if key.fd == self.into:
                        try:
                            rest = rest[os.write(self.into, rest[:CHUNK]) :]
                        except BlockingIOError:
                            continue
                        except BrokenPipeError:
                            rest = rest[:0]
                        if not rest:
                            watch.unregister(self.into)
                    elif key.fd == self.said:
                        if not self.listen():
                            watch.unregister(self.said)
                    else:
                        part = os.read(self.out, CHUNK)
                        if not part:
                            return self.died(what)
                        got += part
                        length = int.from_bytes(got[:HEAD], "little") if len(got) >= HEAD else 0
                        if HEAD + length > limit:
                            self.stop()
                            return Answer(
                                error=f"{what}: the answer is larger than {self.lab.limits.answer_mb:g} MB",
                                kind="refused",
                            )
                        if len(got) > HEAD + length >= HEAD + 1:
                            self.stop()
                            return Answer(
                                error=f"{what}: more came than one answer", kind="refused"
                            )
                        if len(got) >= HEAD and len(got) == HEAD + length:
                            try:
                                return values.from_bytes(bytes(got[HEAD:]), limit)
                            except values.ValueRefused as error:
                                self.stop()
                                return Answer(
                                    error=f"{what}: the answer cannot be read: {error}",
                                    kind="refused",
                                )

    def too_large(self) -> bool:
        """Does all that the submission started hold more memory than it may? Looked at a few times
        a second.
        """
        if self.sandbox is None or time.monotonic() - self.looked < LOOK_S:
            return False
        self.looked, limit = time.monotonic(), self.lab.limits.memory_gb * 2**30
        return memory_of.held(self.process.pid, limit) > limit

    def listen(self) -> bool:
        """Take what the submission printed, and keep its beginning; False at the end."""
        try:
            part = os.read(self.said, CHUNK)
        except BlockingIOError:
            return True
        room = OUTPUT - len(self.printed)
        self.printed += part[:room]
        self.too_much = self.too_much or len(part) > room
        return bool(part)

    def died(self, what) -> Answer:
        """The process ended by itself: say how."""
        process = self.process
        try:
            status = process.wait(5)
        except subprocess.TimeoutExpired:
            status = None
        self.stop()
        if not self.entered:
            said = self.printed.decode(errors="replace").strip()
            raise NotStarted(
                f"{what}: the submission's process ended ({ended(status)}): {said[:500]}"
            )
        how = ended(status)
        return Answer(error=f"{what}: the process ended ({how})", kind="died")

    def stop(self):
        """Kill the process and all that it started in its session."""
        if self.process is None:
            return
        for fd in (self.into, self.out):
            os.close(fd)
        self.process.end()
        while self.listen_last():
            pass
        os.close(self.said)
        self.process = None

    def listen_last(self):
        """Take what is still in the pipe of the output, without waiting."""
        with selectors.DefaultSelector() as watch:
            watch.register(self.said, selectors.EVENT_READ)
            return bool(watch.select(0)) and self.listen() and not self.too_much

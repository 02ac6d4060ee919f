"""Who answers a call: functions in this process, or (labs.grading.pipes) a submission in one of its
own.
"""

import contextlib
import signal
import threading
from dataclasses import dataclass

from labs.grading import values
from labs.grading.call import Call
from labs.grading.serving import Served, TooLong


@dataclass(frozen=True)
class Answer:
    """What came back from a call.

    Attributes
    ----------
    value
        Plain values of Python and arrays.
    error : str
        Why there is none, in words; empty where there is one.
    kind : str
        The exception's name, or "missing", "not written", "changes", "time", "memory", "died",
        "refused".
    """

    value: object = None
    error: str = ""
    kind: str = ""


class Here:
    """Functions of this process: the reference, our own mutants, a student's notebook.

    Parameters
    ----------
    lab : Lab
    names : dict
    own_first : bool
        See `Served`; for the reference.
    """

    def __init__(self, lab, names: dict, own_first: bool = False):
        self.lab, self.served = lab, Served(names, lab.calls, own_first)

    def answer(self, call: Call) -> Answer:
        """Call, and bring the answer into the form that it would have behind a pipe."""
        limit = call.seconds or self.lab.limits.call_s
        try:
            with time_limit(limit):
                found = self.served.answer(call.function, values.to_bytes(call.arguments))
            if "value" in found:
                found = {
                    "value": values.from_bytes(
                        values.to_bytes(found["value"], int(self.lab.limits.answer_mb * 2**20))
                    )
                }
            return Answer(**found)
        except TooLong:
            return Answer(error=f"`{call.function}` did not end within {limit:g} s", kind="time")
        except values.ValueRefused as error:
            return Answer(
                error=f"what `{call.function}` returned cannot be handed over: {error}",
                kind="refused",
            )


@contextlib.contextmanager
def time_limit(seconds: float):
    """Raise TooLong in the block after so many seconds, where the system can (Unix, main thread)."""
    if (
        not hasattr(signal, "setitimer")
        or threading.current_thread() is not threading.main_thread()
    ):
        yield
        return

    def ring(*_):
        raise TooLong

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)

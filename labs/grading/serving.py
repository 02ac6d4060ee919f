"""Answer one call with a student's functions, whatever they do: a value, or what went wrong in
words.

This runs beside the student's code, in the notebook or in the sandbox. It needs NumPy alone and
holds nothing secret.
"""

import difflib
import linecache
import sys
import traceback
import types

from labs.grading import values

OURS = ("labs/grading/", "<frozen ")
STUB = "write this"  # what stands in a handout where the solution was
MESSAGE = 300  # characters of an exception's own text


class Served:
    """A student's names, ready to be called.

    Parameters
    ----------
    names : dict
    calls : str
        Source of the lab's calls.py; each of its functions takes the student's names first.
    own_first : bool
        A function of `names` counts before one of calls.py: for a reference, which may answer it
        directly.
    """

    def __init__(self, names: dict, calls: str = "", own_first: bool = False):
        self.names, self.own_first = names, own_first
        module = types.ModuleType("calls")
        if calls:
            linecache.cache["<calls.py>"] = (len(calls), None, calls.splitlines(True), "<calls.py>")
            exec(compile(calls, "<calls.py>", "exec"), vars(module))
        self.calls = {
            name: each
            for name, each in vars(module).items()
            if isinstance(each, types.FunctionType) and each.__code__.co_filename == "<calls.py>"
        }

    def answer(self, function: str, written: bytes) -> dict:
        """The answer as `labs.grading.answering.Answer` takes it: a value, or error and kind.
        `written`: the arguments.
        """
        own = self.names.get(function)
        direct = function not in self.calls or self.own_first and own is not None
        if direct and own is None:
            return error("missing", self.absent(function))
        if direct and not callable(own):
            return error("missing", f"`{function}` is no function but a {type(own).__name__}")
        arguments = values.from_bytes(written)
        try:
            if not direct:
                return {"value": self.calls[function](Written(self.names), *arguments)}
            found = {"value": own(*arguments)}
            if values.to_bytes(arguments) != written:
                return error("changes", f"`{function}` changes its arguments: work on a copy")
            return found
        except Missing as raised:
            return error("missing", self.absent(raised.name))
        except NotImplementedError as raised:
            where = "" if told(raised).endswith(f": {STUB}") else place(raised)
            says = f"`{self.whose(raised, function)}` is not written yet"
            return error("not written", says, where)
        except MemoryError as raised:
            return error("memory", f"`{self.whose(raised, function)}` ran out of memory")
        except RecursionError as raised:
            return error(
                "RecursionError", f"`{self.whose(raised, function)}` calls itself without end"
            )
        except (KeyboardInterrupt, TooLong):
            raise
        except BaseException as raised:
            return error(
                type(raised).__name__,
                f"`{self.whose(raised, function)}` raised {told(raised)}",
                place(raised),
            )

    def absent(self, name: str) -> str:
        """That a name is missing, and what is there under a name much like it."""
        there = {
            _plain(each): each
            for each, value in self.names.items()
            if isinstance(each, str) and not each.startswith("_") and callable(value)
        }
        near = difflib.get_close_matches(_plain(name), there, 1, 0.8)
        also = f", but a `{there[near[0]]}`: is that it? The names are the contract" if near else ""
        return f"there is no `{name}` yet{also}"

    def whose(self, raised: BaseException, function: str) -> str:
        """The student's function that a call of calls.py was in when this arose; else the call's."""
        if function in self.names:
            return function
        at = BaseException.__traceback__.__get__(raised)  # past an exception that hides it
        while at is not None:
            code = at.tb_frame.f_code
            name = code.co_qualname.partition(".")[0]
            if code.co_filename != "<calls.py>" and name in self.names:
                return name
            at = at.tb_next
        return function


def _plain(name):
    return name.replace("_", "").lower()


class Missing(AttributeError):
    """A function of calls.py asked for a name that the student has not written."""


class Written:
    """What a student wrote, as attributes, for calls.py."""

    def __init__(self, names: dict):
        vars(self).update(names)

    def __getattr__(self, name):
        raise Missing(name, name=name)


class TooLong(BaseException):
    """A call took longer than it may; no `except Exception` of a student swallows it."""


def error(kind: str, says: str, where: str = "") -> dict:
    """An answer that is none."""
    return {"error": says + where, "kind": kind}


def told(raised: BaseException) -> str:
    """An exception in words, also one whose own text fails."""
    try:
        said = str(raised)
    except BaseException:
        said = ""
    return type(raised).__name__ + (f": {said[:MESSAGE]}" if said else "")


def place(raised: BaseException) -> str:
    """The student's line where it arose, such as " (line 3: return x + 1)"; empty where it is not
    known.
    """
    try:
        frames = traceback.extract_tb(raised.__traceback__)
    except BaseException:
        return ""
    libraries = (sys.prefix, sys.base_prefix)
    own = [
        frame
        for frame in frames
        if not frame.filename.startswith(libraries)
        and not any(part in frame.filename for part in OURS)
    ]
    if not own:
        return ""
    line = (linecache.getline(own[-1].filename, own[-1].lineno) or own[-1].line or "").strip()
    cell = own[-1].filename.strip("<>") + ", " if own[-1].filename.startswith("<cell") else ""
    return f" ({cell}line {own[-1].lineno}{': ' + line[:120] if line else ''})"

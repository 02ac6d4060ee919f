"""A reader's own code is called: what it raises comes back as a sentence, with the file and the line."""
import traceback
from pathlib import Path
from types import ModuleType

from labs.parity.errors import ParityError, SideError

COUNTERPART = {"Paddle": "torch", "PyTorch": "paddle"}


def asked(function, what: str, *arguments, hint: str = "", file: str | None = None, **named):
    """Call a function of a side.

    Parameters
    ----------
    function : callable
    what : str
        What it is, in words: "the PyTorch side's build".
    hint : str, optional
        What to do where it raises.
    file : str, optional
        The reader's file, to name the line; else the file of the function.

    Raises
    ------
    SideError
        It raised; the message has the error, file and line. Errors of ours, and a missing framework, stay what they are.
    """
    try:
        return function(*arguments, **named)
    except (ParityError, KeyboardInterrupt):
        raise
    except ModuleNotFoundError as error:
        if error.name in ("paddle", "torch"):           # the command says how to get it
            raise
        raise SideError(said(what, error, hint, file_of(function, file))) from error
    except (Exception, SystemExit) as error:
        raise SideError(said(what, error, hint, file_of(function, file))) from error


def file_of(function, file: str | None) -> str | None:
    """The file that the reader knows."""
    return file or getattr(getattr(function, "__code__", None), "co_filename", None)


def said(what: str, error, hint: str, file: str | None) -> str:
    """An error of a reader's code, in one sentence."""
    first = next(iter(str(error).strip().splitlines()), "")
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if file and Path(frame.filename) == Path(file)]
    line = error.lineno if isinstance(error, SyntaxError) else lines[-1] if lines else None
    place = f" ({Path(file).name}, line {line})" if file and line else ""
    if isinstance(error, SyntaxError):
        first = error.msg
    return f"{what} raised {type(error).__name__}{f': {first}' if first else ''}{place}" + (f"; {hint}" if hint else "")


def sized(batch) -> str:
    """How many parts a batch has, and what may have been meant."""
    if isinstance(batch, dict):
        return f"the batch has the keys {', '.join(map(str, batch))}, which are its arguments"
    if len(batch) == 1:
        return f"its one argument was of shape {getattr(batch[0], 'shape', None)}"
    return (f"the batch has {len(batch)} parts, which are its arguments in order; where some are labels, write logits(model, batch), "
            "which calls the model with its inputs alone")


def mixed(module, name: str) -> list:
    """A note where a side holds the other framework too."""
    other = COUNTERPART[name]
    found = any(isinstance(value, ModuleType) and value.__name__.split(".")[0] == other for value in list(vars(module).values()))
    return [f"The {name} side imports {other} too: what it computes there is not proven by the other side."] if found else []

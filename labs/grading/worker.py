"""The submission's process: load the code, then answer calls until the pipe closes.

usage: python -I worker.py IN OUT

IN and OUT are descriptors. A message is its length (8 bytes, little-endian) and a value as
`labs.grading.values` writes
it. The first one brings the code; each answer is only data, so that a submission which writes on
the pipe itself can
say nothing but what it could have answered.
"""

import importlib
import os
import sys
from pathlib import Path

HEAD = 8


def read(fd: int, limit: int) -> bytes | None:
    """One message; None at the end."""
    head = _exactly(fd, HEAD)
    if head is None:
        return None
    length = int.from_bytes(head, "little")
    if length > limit:
        raise ValueError(f"a message of {length} bytes: expected at most {limit}")
    return _exactly(fd, length)


def _exactly(fd, length):
    parts, missing = [], length
    while missing:
        part = os.read(fd, min(missing, 1 << 20))
        if not part:
            return None
        parts.append(part)
        missing -= len(part)
    return b"".join(parts)


def write(fd: int, data: bytes):
    """One message."""
    rest = memoryview(len(data).to_bytes(HEAD, "little") + data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def load(order: dict, ask):
    """Execute what the lab's names need; return the names, and what is to be said of it.

    A framework that it imports is imported before: where that fails, the machine is to blame.
    `ask` sends a message and waits for one.
    """
    from labs.grading import slicing

    pieces = slicing.code_of(order["content"], order["suffix"])
    statements, broken = slicing.parsed(pieces)
    statements = slicing.needed(statements, order["names"])
    asked = [each for each in slicing.imports(statements) if each in order["frameworks"]]
    ask({"imports": asked})  # also where it is none: what comes later is a stranger's word
    if asked:
        ask(brought(asked))
    names = {"__name__": "submission"}
    failed = slicing.execute(statements, names)
    return names, [*broken, *failed]


def brought(modules: list) -> dict:
    """Import; what came of it, as a message."""
    for name in modules:
        try:
            importlib.import_module(name)
        except BaseException as error:
            return {"broken": f"{type(error).__name__}: {str(error)[:200]}"}
    return {"imported": True}


def serve(into: int, out: int):
    """Answer until the other side closes the pipe."""
    from labs.grading import serving, slicing, values

    limit = values.LIMIT
    write(out, values.to_bytes({"ready": True}))
    order = values.from_bytes(read(into, 2 * limit), limit)

    def ask(message):
        write(out, values.to_bytes(message))
        if read(into, limit) is None:
            os._exit(0)

    try:
        names, notes = load(order, ask)
        served = serving.Served(names, order["calls"])
        write(out, values.to_bytes({"notes": [note[:300] for note in notes[:20]]}))
    except slicing.NotCode as error:
        write(out, values.to_bytes({"unreadable": str(error)}))
        return
    while (data := read(into, 2 * limit)) is not None:
        asked = values.from_bytes(data, limit)
        found = served.answer(asked["function"], asked["arguments"])
        try:
            made = values.to_bytes(found, order["answer_bytes"])
        except BaseException as error:
            what = (
                f"what `{asked['function']}` returned cannot be handed over: {serving.told(error)}"
            )
            made = values.to_bytes(serving.error("refused", what))
        write(out, made)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    serve(int(sys.argv[1]), int(sys.argv[2]))
    os._exit(0)  # threads that a submission left behind are not waited for

"""The checks of chapter 21."""
import hashlib

import numpy as np

from labs.exercises import NotRight, call, exercise, number, show
from labs.tasks.hub.server import blob


@exercise("21.1", "Put a number in place of None.")
def shared_bytes(answer):
    """Bytes of the blobs of five commits."""
    number(
        answer,
        1_005_000,
        {
            5_005_000: "the weights are one content, so they are one blob",
            1_001_000: "each commit has another config.json, so each has a blob of its own",
            1_000_000: "the five files config.json take room, too",
            5_000: "and the weights?",
            1_004_000: "five commits have five contents of config.json",
        },
        "how many different contents are there?",
    )
    return "One blob of weights, five of config.json."


@exercise("21.2", "Write name_of(whole, large), a function that returns a text.")
def names_of_blobs(name_of):
    """The names of blobs."""
    rng = np.random.default_rng()
    for whole in (b"", b"{}\n", "床".encode(), rng.bytes(1000), rng.bytes(70_000)):
        for large in (False, True):
            right = hashlib.sha256(whole).hexdigest() if large else blob(whole)
            found = call(name_of, whole=whole, large=large)
            if not isinstance(found, str):
                raise NotRight(f"expected a text, got {type(found).__name__}: {show(found)}.")
            if found != right:
                raise NotRight(f"{len(whole)} bytes, large={large}: expected {right[:12]}..., got {show(found[:12])}...: {why(found, whole, large)}")
    return "five contents, both kinds of names."


def why(found, whole, large):
    """Which mistake gives this name?"""
    text = str(len(whole)).encode()
    if found.lower() == (hashlib.sha256(whole).hexdigest() if large else blob(whole)):
        return "the digits are right: write them in small letters."
    mistakes = {
        hashlib.sha1(whole).hexdigest(): "git hashes a short head before the bytes",
        hashlib.sha1(b"blob " + text + whole).hexdigest(): "a zero byte ends the head",
        hashlib.sha1(b"blob" + text + b"\0" + whole).hexdigest(): "a space stands after the word blob",
        hashlib.sha1(whole + b"blob " + text + b"\0").hexdigest(): "the head stands before the bytes",
        hashlib.sha256(b"blob " + text + b"\0" + whole).hexdigest(): "the large files' SHA-256 has no head",
        (hashlib.sha256(whole).hexdigest() if not large else blob(whole)): "the other kind of name is asked for",
        hashlib.md5(whole).hexdigest(): "that is MD5",
    }
    return mistakes.get(found.lower(), "another sum") + (", and in small letters." if found != found.lower() else ".")


class Line:
    """A line that breaks: each answer gives at most so many bytes, with these statuses; it counts how many are `there`."""

    def __init__(self, whole, pieces, statuses, there):
        self.whole, self.pieces, self.statuses, self.starts, self.there, self.astray = whole, list(pieces), list(statuses), [], there, None

    def __call__(self, start):
        """A status and bytes from `start`, or from the beginning."""
        if isinstance(start, bool) or not hasattr(start, "__index__") or not 0 <= start <= len(self.whole):
            raise NotRight(f"ask({show(start)}): expected how many bytes are there, 0 to {len(self.whole)}.")
        if len(self.starts) > 60:
            raise NotRight("more than sixty requests: when do you give up?")
        self.starts.append(int(start))
        if start != self.there and self.astray is None:
            self.astray = f"ask({int(start)}) while {self.there} bytes were there"
        count = self.pieces.pop(0) if self.pieces else len(self.whole)
        status = self.statuses.pop(0) if self.statuses else 206
        begin = int(start) if status == 206 else 0
        piece = self.whole[begin:begin + count]
        self.there = begin + len(piece)
        return status, piece


GAVE_UP = object()


def gives_up(resume, have, total, line):
    """(did the reader's function raise OSError or one of its kind, what it returned)."""
    def attempt(have, total, ask):
        try:
            return resume(have, total, ask)
        except OSError:
            return GAVE_UP
    found = call(attempt if callable(resume) else resume, have=have, total=total, ask=line)
    return found is GAVE_UP, found


@exercise("21.3", "Write resume(have, total, ask), a function that returns bytes.")
def resumed(resume):
    """Finish a download."""
    rng = np.random.default_rng()
    whole = rng.bytes(int(rng.integers(40, 60)))
    cases = [
        ("nothing is there yet", 0, [], [], "the whole"),
        ("a part is there", 17, [], [], "join what was there and what came"),
        ("the line breaks twice", 5, [9, 7], [], "ask again from where it broke"),
        ("the server begins anew", 20, [], [200], "after a status of 200 throw away what was there"),
        ("it begins anew and breaks", 20, [11, 9], [200, 206], "after a status of 200 the count begins at zero"),
        ("one answer is empty", 8, [0], [], "an empty answer is no end: ask again"),
        ("four answers are empty", 8, [0, 0, 0, 0], [], "five may bring nothing, not four"),
        ("empty answers, not in a row", 8, [0, 0, 3, 0, 0, 3, 0], [], "only answers in a row that bring nothing count"),
        ("all is there", len(whole), [], [], "what is whole needs no request"),
    ]
    for what, have, pieces, statuses, advice in cases:
        line = Line(whole, pieces, statuses, have)
        gave_up, found = gives_up(resume, whole[:have], len(whole), line)
        if gave_up:
            raise NotRight(f"{what}: your function gives up: {advice}.")
        if not isinstance(found, (bytes, bytearray)):
            raise NotRight(f"{what}: expected bytes, got {type(found).__name__}: {show(found)}.")
        if bytes(found) != whole:
            raise NotRight(f"{what}: expected {len(whole)} bytes, got {len(found)}, not the right ones: {advice}.")
        if have == len(whole) and line.starts:
            raise NotRight(f"{what}: {len(line.starts)} requests: {advice}.")
        if line.astray:
            raise NotRight(f"{what}: {line.astray}: ask for what is missing, and for no more.")
    for what, line in (("five answers bring nothing", Line(whole, [0] * 60, [], 9)), ("more comes than the whole has", Line(whole + b"more", [], [], 9)),
                       ("another, longer file begins anew", Line(whole + b"more", [], [200], 9))):
        gave_up, found = gives_up(resume, whole[:9], len(whole), line)
        if not gave_up:
            raise NotRight(f"{what}: expected an OSError, got {show(found)}.")
        if what.startswith("five") and len(line.starts) != 5:
            raise NotRight(f"{what}: gave up after {len(line.starts)} requests.")
    return f"{len(cases)} lines that break, and three that one gives up."

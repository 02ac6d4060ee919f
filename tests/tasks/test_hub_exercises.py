"""The checks of chapter 21: right answers pass, each near-miss gets its own hint, nothing else passes."""

import hashlib

import exercise_attacks as attacks

from labs.tasks.hub import exercises
from labs.tasks.hub.server import blob

CHAPTER = "21_hub.md"


def test_shared_bytes():
    attacks.number(exercises.shared_bytes, 1_005_000, {5_005_000: "one blob", 1_001_000: "another config.json", 1_000_000: "take room", 5_000: "the weights",
                                                       1_004_000: "five contents"})
    assert attacks.run_cell(CHAPTER, "21.1").right is None and attacks.run_cell(CHAPTER, "21.1", answer_1=1_005_000).right


def name_of(whole, large):
    return hashlib.sha256(whole).hexdigest() if large else blob(whole)


def in_steps(whole, large):
    made = hashlib.sha256() if large else hashlib.sha1()
    if not large:
        made.update(f"blob {len(whole)}\0".encode())
    made.update(whole)
    return made.digest().hex()


def sha1(head):
    return lambda whole, large: hashlib.sha256(whole).hexdigest() if large else hashlib.sha1(head(whole) + whole).hexdigest()


NAMES = {
    "short head": sha1(lambda whole: b""),
    "zero byte": sha1(lambda whole: b"blob %d" % len(whole)),
    "a space": sha1(lambda whole: b"blob%d\0" % len(whole)),
    "no head": lambda whole, large: (hashlib.sha256 if large else hashlib.sha1)(b"blob %d\0" % len(whole) + whole).hexdigest(),
    "other kind": lambda whole, large: name_of(whole, not large),
    "small letters": lambda whole, large: name_of(whole, large).upper(),
    "another sum": sha1(lambda whole: b"blob %d\0" % len(whole.decode("latin-1").encode())),
    "expected a text": lambda whole, large: bytes.fromhex(name_of(whole, large)),
}


def test_names_of_blobs():
    attacks.function(exercises.names_of_blobs, [name_of, in_steps], NAMES, draws=20, distort=False)
    assert attacks.run_cell(CHAPTER, "21.2").right is None and attacks.run_cell(CHAPTER, "21.2", name_of=name_of).right


def resume(have, total, ask, give_up=5, forget=True, count_all=False, check=True, again=True, first=False, keep=True):
    nothing = 0
    while len(have) < total or first:
        first = False
        status, piece = ask(len(have) if keep else 0)
        if status == 200 and forget:
            have = b""
        have += piece
        nothing = 0 if piece and not count_all else nothing + (not piece)
        if nothing == give_up:
            raise OSError("nothing came")
        if not again:
            break
    if check and len(have) > total:
        raise OSError("too much")
    return have


def by_pieces(have, total, ask):
    parts, empty = [bytes(have)], 0
    while sum(map(len, parts)) != total:
        status, piece = ask(sum(map(len, parts)))
        parts = [piece] if status == 200 else [*parts, piece]
        empty = empty + 1 if not piece else 0
        if empty >= 5 or sum(map(len, parts)) > total:
            raise OSError
    return b"".join(parts)


def by_another_error(have, total, ask):
    """ConnectionError is an OSError."""
    try:
        return resume(have, total, ask)
    except OSError as error:
        raise ConnectionError("the line is dead") from error


def anew(have, total, ask):
    """Throws away what was there and begins at zero."""
    return have if len(have) == total else resume(b"", total, ask)


def all_again(have, total, ask):
    """Asks for the whole after each break."""
    empty = 0
    while len(have) != total:
        _, have = ask(0)
        empty = 0 if have else empty + 1
        if empty >= 5 or len(have) > total:
            raise OSError
    return have


def by_its_words(have, total, ask):
    try:
        return resume(have, total, ask)
    except OSError:
        raise ValueError("no OSError") from None


def wrong(**changes):
    return lambda have, total, ask: resume(have, total, ask, **changes)


LINES = {
    "throw away what was there": wrong(forget=False),
    "answers in a row": wrong(count_all=True),
    "expected an OSError": wrong(check=False),
    "ask again": wrong(again=False),
    "needs no request": wrong(first=True),
    "gave up after 7": wrong(give_up=7),
    "not four": wrong(give_up=4),
    "while 17 bytes were there": anew,
    "ask for what is missing": all_again,
    "raised ValueError": by_its_words,
    "join what was there": lambda have, total, ask: ask(len(have))[1],
}


def test_resumed():
    attacks.function(exercises.resumed, [resume, by_pieces, by_another_error], LINES, draws=20, distort=False)
    assert attacks.run_cell(CHAPTER, "21.3").right is None and attacks.run_cell(CHAPTER, "21.3", resume=resume).right

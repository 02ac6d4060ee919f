"""The checks of chapter 23's exercises."""
import numpy as np

from labs.exercises import NotRight, call, exercise, number, show

LENGTH = 10             # characters of a piece, in 23.3


@exercise("23.1", "Put a number in place of None.")
def text_bytes(answer):
    """Bytes of the buffers of a thousand texts of five letters, none missing."""
    number(answer, 9004, {9000: "the offsets are one more than the rows", 9129: "where nothing is missing, there is no bitmap",
                          9125: "the offsets are one more than the rows, and where nothing is missing, there is no bitmap",
                          13008: "an offset has four bytes", 5000: "the offsets are missing", 4004: "the characters are missing"},
           "add up the buffers: is there a bitmap? How many offsets are there, and of how many bytes?")
    return "No bitmap, one offset more than there are rows, and the characters."


@exercise("23.2", "Write take(validity, offsets, data, rows).")
def taken(take):
    """The buffers of some rows of a column of text."""
    rng = np.random.default_rng()
    drawn = ["".join(rng.choice(list("ab李é"), rng.integers(1, 4))) for _ in range(21)]
    cases = [
        ("rows in another order", ["a", "bc", "", "李白"], [3, 0, 1, 2], ()),
        ("a row taken twice", ["a", "bc", "d"], [1, 1, 0], ()),
        ("a missing row", ["a", None, "bc", "d"], [2, 1, 0], ()),
        ("only rows that are there, out of a column with a missing one", ["a", None, "bc"], [2, 0], ()),
        ("a missing row with bytes beneath it", ["a", None, "bc"], [1, 2], (1,)),
        ("more than eight rows", [*drawn[:9], None, *drawn[10:]], [int(i) for i in rng.permutation(21)], ()),
        ("no rows", ["a", "b"], [], ()),
    ]
    for what, texts, rows, under in cases:
        validity, offsets, data = column(texts, under)
        right = column([texts[row] for row in rows])
        found = call(take, validity=validity, offsets=offsets.copy(), data=data, rows=list(rows))
        if not isinstance(found, (tuple, list)) or len(found) != 3:
            raise NotRight(f"expected three buffers, (validity, offsets, data), got {show(found)}.")
        if not isinstance(found[0], (bytes, bytearray)) or not isinstance(found[2], (bytes, bytearray)):
            raise NotRight(f"expected bytes for validity and data, got {show(found[0])} and {show(found[2])}.")
        places = found[1]
        if not isinstance(places, (np.ndarray, list, tuple)) or np.asarray(places).dtype.kind not in "iu" or np.ndim(places) != 1:
            raise NotRight(f"expected offsets that are whole numbers, got {show(places)}.")
        compare(what, bytes(found[0]), [int(p) for p in places], bytes(found[2]), right)
    return f"{len(cases)} cases, and each row is itself."


def column(texts, under=()):
    """Texts as buffers; in rows of `under`, which are missing, bytes stand all the same."""
    encoded = [b"??" if i in under else (text or "").encode() for i, text in enumerate(texts)]
    present = np.array([text is not None for text in texts], bool)
    validity = b"" if present.all() else np.packbits(present, bitorder="little").tobytes()
    return validity, np.cumsum([0, *map(len, encoded)]).astype(np.int32), b"".join(encoded)


def compare(what, validity, offsets, data, right):
    """Raise with the first buffer that is not right, and the mistake that makes it."""
    if offsets != right[1].tolist():
        if len(offsets) != len(right[1]):
            raise NotRight(f"{what}: expected {len(right[1])} offsets, one more than there are rows, got {len(offsets)}.")
        if offsets[0] != 0:
            raise NotRight(f"{what}: the first offset is 0, got {offsets[0]}: the new data have no bytes of rows that were not taken.")
        if "beneath" in what:
            raise NotRight(f"{what}: its text is empty in the new column: what stands under a missing row means nothing.")
        raise NotRight(f"{what}: expected the offsets {show(right[1].tolist())}, got {show(offsets)}.")
    if data != right[2]:
        raise NotRight(f"{what}: expected the data {show(right[2])}, got {show(data)}.")
    if validity != right[0]:
        if not right[0]:
            raise NotRight(f"{what}: where nothing is missing the bitmap is empty (b''), got {show(validity)}.")
        if validity == right[0][:len(validity)] + bytes(len(right[0]) - len(validity)) and validity != right[0]:
            raise NotRight(f"{what}: the bitmap has {len(right[0])} bytes, one bit a row, got {len(validity)}.")
        reverse = np.packbits(np.unpackbits(np.frombuffer(right[0], np.uint8), bitorder="little")).tobytes()
        if validity == reverse:
            raise NotRight(f"{what}: the first row is the lowest bit of its byte, not the highest.")
        raise NotRight(f"{what}: expected the bitmap {show(right[0])}, got {show(validity)}: one bit a row, set where the row is there.")


@exercise("23.3", "Write pieces(batch).")
def batched(pieces):
    """A batch of texts -> a batch with a row for each piece."""
    rng = np.random.default_rng()
    drawn = ["".join(rng.choice(list("ab李白"), n)) for n in rng.integers(1, 45, 5)]
    cases = [
        ("a text of three pieces, the last one short", ["t"], ["0123456789abcdefghij白"]),
        ("a text that is as long as a piece", ["t"], ["0123456789"]),
        ("two texts", ["one", "two"], ["李" * 25, "ab"]),
        ("an empty text", ["one", "none", "two"], ["abc", "", "de"]),
        ("a batch without rows", [], []),
        ("drawn texts", [f"t{i}" for i in range(5)], drawn),
    ]
    for what, titles, texts in cases:
        found = call(pieces, batch={"title": list(titles), "text": list(texts)})
        rows = [(title, text[at:at + LENGTH]) for title, text in zip(titles, texts) for at in range(0, len(text), LENGTH)]
        right = {"title": [title for title, _ in rows], "piece": [piece for _, piece in rows]}
        if not isinstance(found, dict) or set(found) != set(right) or not all(isinstance(one, list) for one in found.values()):
            raise NotRight(f"expected a dict with the lists title and piece, got {show(found)}.")
        if len(found["title"]) != len(found["piece"]):
            raise NotRight(f"{what}: {len(found['title'])} titles and {len(found['piece'])} pieces: each piece needs the title of its text.")
        if found["piece"] != right["piece"]:
            raise NotRight(f"{what}: {hint(found['piece'], right['piece'])}")
        if found["title"] != right["title"]:
            raise NotRight(f"{what}: expected the titles {show(right['title'])}, got {show(found['title'])}.")
    return f"{len(cases)} batches: rows may become more, or fewer."


def hint(found, right):
    """Which mistake cuts a text like this?"""
    if "" in found:
        return "an empty text gives no piece, and no text ends in an empty one."
    if all(isinstance(piece, str) for piece in found) and len(found) < len(right) and [p for p in right if len(p) == LENGTH] == found:
        return "the last piece of a text may be short, and is a piece all the same."
    return f"expected the pieces {show(right)}, got {show(found)}."

"""Mistakes that leave the model's ids alone: in offsets, padding, templates, windows and limits.

Each is (what, kind, plant); `plant(right)` returns a function of one kind that is wrong in one way. `Around` gives for
each kind what the library does, and the inputs on which both are compared.
"""
import numpy as np

from labs.tasks.tokenizers import special
from labs.tasks.tokenizers.against_library import added_of, by_library
from labs.tasks.tokenizers.byte_bpe import utf8


def in_bytes(encode):
    """Counts offsets in bytes instead of characters."""
    return lambda text: [(i, len(utf8(text[:a])), len(utf8(text[:b]))) for i, a, b in encode(text)]


def without_the_space(encode):
    """Leaves out of a token's place the space that belongs to it."""
    return lambda text: [(i, a + (b - a > 1 and text[a] == " "), b) for i, a, b in encode(text)]


def last_included(encode):
    """Gives the last character's place instead of the place behind it."""
    return lambda text: [(i, a, b - 1) for i, a, b in encode(text)]


def in_normalized_text(encode):
    """Counts in the text without accents and in small letters, which can be longer or shorter."""
    def places(text):
        import unicodedata
        sizes = [len(unicodedata.normalize("NFD", c).lower()) for c in text]
        return [(i, sum(sizes[:a]), sum(sizes[:b])) for i, a, b in encode(text)]
    return places


def after_special_from_nothing(encode):
    """Begins to count anew behind each special token."""
    def places(text):
        ids, start = encode(text), 0
        found = []
        for i, a, b in ids:
            found.append((i, a - start, b - start))
            start = b if text[a:b].startswith(("<|", "[")) and b - a > 4 else start
        return found
    return places


def other_side(pad):
    """Fills up on the other side."""
    return lambda rows, value, side: pad(rows, value, {"left": "right", "right": "left"}[side])


def mask_by_value(pad):
    """Takes each id that equals the padding's for padding."""
    def wrong(rows, value, side):
        ids, _ = pad(rows, value, side)
        return ids, (ids != value).astype(np.int64)
    return wrong


def no_mask(pad):
    """Calls every token real."""
    return lambda rows, value, side: (pad(rows, value, side)[0], np.ones_like(pad(rows, value, side)[1]))


def one_type(template):
    """Gives the second sentence the first one's type."""
    return lambda *parts: (template(*parts)[0], [0] * len(template(*parts)[1]))


def type_from_separator(template):
    """Counts the first [SEP] to the second sentence."""
    def wrong(first, second, cls, sep):
        ids, types = template(first, second, cls, sep)
        return ids, types if second is None else [0] * (len(first) + 1) + [1] * (len(second) + 2)
    return wrong


def two_separators(template):
    """Sets two [SEP] between the sentences, as RoBERTa does."""
    def wrong(first, second, cls, sep):
        ids, types = template(first, second, cls, sep)
        at = len(first) + 2
        return (ids, types) if second is None else (ids[:at] + [sep] + ids[at:], types[:at] + [1] + types[at:])
    return wrong


def no_end(template):
    """Forgets the last [SEP]."""
    return lambda *parts: tuple(row[:-1] for row in template(*parts))


def stride_is_a_step(windows):
    """Moves on by the stride, instead of sharing it."""
    def wrong(first, second, limit, stride, cls, sep):
        room = limit - len(first) - 3
        return windows(first, second, limit, room - stride, cls, sep) if 0 < room - stride < room else [[]]
    return wrong


def last_window_lost(windows):
    """Drops what does not fill a window."""
    def wrong(first, second, limit, stride, cls, sep):
        found = windows(first, second, limit, stride, cls, sep)
        return [one for one in found if len(one) == limit] or found[:1]
    return wrong


def question_once(windows):
    """Repeats the question only in the first window."""
    def wrong(first, second, limit, stride, cls, sep):
        found = windows(first, second, limit, stride, cls, sep)
        return found[:1] + [[cls, *one[len(first) + 2:]] for one in found[1:]]
    return wrong


def other_end(fit):
    """Drops the other end."""
    return lambda ids, limit, drop: fit(ids, limit, {"start": "end", "end": "start"}[drop])


def minus_limit(fit):
    """Cuts with `ids[-limit:]`, which keeps everything where the limit is 0."""
    return lambda ids, limit, drop: list(ids[:limit] if drop == "end" else ids[-limit:])


MISTAKES = [
    ("counts offsets in bytes", "offsets", in_bytes),
    ("leaves the space out of a token's place", "offsets", without_the_space),
    ("gives the last character instead of the end", "offsets", last_included),
    ("counts in the normalized text", "offsets of WordPiece", in_normalized_text),
    ("counts anew behind a special token", "offsets", after_special_from_nothing),
    ("fills up on the other side", "padding", other_side),
    ("masks each id that equals the padding's", "padding", mask_by_value),
    ("masks nothing", "padding", no_mask),
    ("gives both sentences one type", "template", one_type),
    ("counts the first [SEP] to the second sentence", "template", type_from_separator),
    ("sets two [SEP] between the sentences", "template", two_separators),
    ("forgets the last [SEP]", "template", no_end),
    ("takes the stride for the step", "windows", stride_is_a_step),
    ("drops what does not fill a window", "windows", last_window_lost),
    ("asks the question in the first window only", "windows", question_once),
    ("drops the other end", "limit", other_end),
    ("cuts with ids[-limit:]", "limit", minus_limit),
]


class Around:
    """Our functions around the model and the library's, on the same inputs.

    Parameters
    ----------
    smol, smol_library : ByteBPE, tokenizers.Tokenizer
    mini, mini_library : WordPiece, tokenizers.Tokenizer
        MiniLM's, with [CLS] and [SEP] in its template.
    texts : list of str
    """

    def __init__(self, smol, smol_library, mini, mini_library, texts):
        import tokenizers
        self.library = tokenizers.Tokenizer.from_str(mini_library.to_str())
        self.library.no_truncation()
        self.library.no_padding()
        self.cls, self.sep = (mini.vocab[name] for name in ("[CLS]", "[SEP]"))
        self.texts = texts
        own = added_of(mini_library)
        self.ids = {text: [i for i, *_ in special.encode_all(mini, text, own)] for text in texts}
        smol_added = added_of(smol_library)
        self.right = {
            "offsets": lambda text: special.encode_all(smol, text, smol_added),
            "offsets of WordPiece": lambda text: special.encode_all(mini, text, own),
            "padding": special.pad, "template": special.pair_template, "windows": special.windows, "limit": special.fit}
        self.smol_library = smol_library

    def cases(self, kind):
        """The inputs of a kind, and what the library gives for each: (arguments, answer)."""
        pairs = list(zip(self.texts, self.texts[1:]))
        if kind.startswith("offsets"):
            library = self.smol_library if kind == "offsets" else self.library
            for text in self.texts:
                yield (text,), by_library(library, text)
        elif kind == "padding":
            for side in ("left", "right"):
                for pair in pairs:
                    self.library.enable_padding(direction=side, pad_id=0)
                    theirs = self.library.encode_batch(pair)
                    self.library.no_padding()
                    rows = [special.pair_template(self.ids[text], None, self.cls, self.sep)[0] for text in pair]
                    yield (rows, 0, side), ([one.ids for one in theirs], [one.attention_mask for one in theirs])
        elif kind == "template":
            for first, second in [*pairs, *((text, None) for text in self.texts)]:
                theirs = self.library.encode(first, second)
                yield (self.ids[first], self.ids.get(second), self.cls, self.sep), (theirs.ids, theirs.type_ids)
        elif kind == "windows":
            for k, (first, second) in enumerate(pairs):
                limit, stride = len(self.ids[first]) + 3 + 5 + k % 7, k % 5
                self.library.enable_truncation(limit, stride=stride, strategy="only_second")
                theirs = self.library.encode(first, second)
                self.library.no_truncation()
                yield ((self.ids[first], self.ids[second], limit, stride, self.cls, self.sep),
                       [theirs.ids, *(one.ids for one in theirs.overflowing)])
        elif kind == "limit":
            for k, text in enumerate(self.texts):
                for drop, side in (("start", "left"), ("end", "right")):
                    self.library.enable_truncation(k % 9, direction=side)
                    theirs = self.library.encode(text, add_special_tokens=False).ids
                    self.library.no_truncation()
                    yield (self.ids[text], k % 9, drop), theirs

    def differs(self, kind, function):
        """The first input on which a function is not the library, or None; and how many were compared."""
        count = 0
        for count, (arguments, theirs) in enumerate(self.cases(kind), 1):
            if plain(function(*arguments)) != plain(theirs):
                return arguments, count
        if not count:
            raise ValueError(f"{kind}: nothing was compared")
        return None, count


def plain(found):
    """Lists of lists instead of tuples and arrays, so that `==` compares the numbers."""
    if isinstance(found, np.ndarray):
        return found.tolist()
    return [plain(one) for one in found] if isinstance(found, (list, tuple)) else found

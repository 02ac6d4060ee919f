"""The rungs of lab 6. Each draws its own inputs; what a mistake needs to show is not left to luck."""

from labs.grading import call, rung

PARTS = {"parts": ("vocabulary", "merges"), "axes": ("entry",)}
# merges that come out alike in any order: the rungs behind `again` ask nothing about it
CHAIN = ["<unk>", "\u2581", *sorted("</spell>[]nvr🙂abc"), "ab", "abc"], [("a", "b"), ("ab", "c")]
ALPHABETS = ("abc", "abcdefghij", "абвгд", "的一是不", "aé🙂\u0301ñ")


def word(draw, letters, longest=7):
    """A word of at least two letters."""
    return "".join(
        letters[i] for i in draw.integers(0, len(letters), draw.integers(2, longest + 1))
    )


def words(draw, letters, number, most):
    """{word: count}, counts up to `most`."""
    return {"\u2581" + word(draw, letters): int(draw.integers(1, most + 1)) for _ in range(number)}


def text(draw, letters, number, gaps=(" ",)):
    """Words with gaps between them."""
    return "".join(word(draw, letters) + gaps[draw.integers(0, len(gaps))] for _ in range(number))


@rung("words")
def _(draw, reference):
    for letters in ALPHABETS:
        pool = [word(draw, letters) for _ in range(5)]
        some = [" ".join(draw.choice(pool, 9)) for _ in range(3)]
        yield call("count_words", some, about=f"words of the letters {letters}")
    gaps = (" ", "  ", "\n", "\t ", "\u3000", "\u00a0", " \r\n")
    yield call(
        "count_words",
        ["\n " + text(draw, "ab", 12, gaps), "", "   "],
        about="white space of every kind, and empty texts",
    )
    yield call("count_words", [text(draw, "aAbB", 12) + "ab AB"], about="large and small letters")
    yield call("count_words", [], about="no text at all")


def without_ties(reference, some, size, *limits):
    """(size, merges) up to which no two pairs were as frequent: these rungs ask nothing about ties."""
    (vocabulary, smaller), (_, larger) = (
        reference.train(some, size, *limits, ties=ties) for ties in (1, -1)
    )
    same = next(
        (i for i, pair in enumerate(smaller) if pair not in larger[i : i + 1]), len(smaller)
    )
    return len(vocabulary) - len(smaller) + same, same


def clear(draw, reference, letters):
    """Words, and a size up to which no tie decides and at least five merges are made."""
    while True:
        some = words(draw, letters, 12, 10**6)
        size, merges = without_ties(reference, some, 40)
        if merges >= 5:
            return some, size


@rung("merges")
def _(draw, reference):
    for letters in ALPHABETS:
        some, size = clear(draw, reference, letters)
        yield call("train", some, size, about=f"words of the letters {letters}", **PARTS)
    runs = {
        "\u2581" + "a" * int(n): int(draw.integers(10**6, 10**9))
        for n in draw.choice(range(3, 20), 5, replace=False)
    }
    yield call(
        "train",
        runs,
        without_ties(reference, runs, 9)[0],
        about="one letter many times over, such as aaaa",
        **PARTS,
    )
    one, two = int(draw.integers(50, 99)), int(draw.integers(10, 40))
    # whoever joins tokens with spaces and replaces text also merges the a of "xa" with "b"
    ends = {"xa": 9 * one, "xab": two, "ab": 5 * one + two, "xxab": 3}
    yield call(
        "train",
        ends,
        without_ties(reference, ends, 12)[0],
        about="tokens that end in another token",
        **PARTS,
    )


@rung("ties")
def _(draw, reference):
    # words of two letters: nothing but the choice of the pair can go wrong
    for letters in ALPHABETS:
        pairs = [x + y for x in letters for y in letters if x != y]
        some = dict.fromkeys(map(str, draw.permutation(pairs)[:12]), 3)
        yield call(
            "train",
            some,
            1 + len(set("".join(some))) + int(draw.integers(3, 6)),
            about="every word occurs three times",
            **PARTS,
        )
    # a token that is learned late has a large id, whatever its letters are
    a, b, c, x = sorted(map(str, draw.permutation(list("abcdefghijk"))[:4]))
    for some in ({a + b: 9, a + b + x: 3, c + x: 3}, {a + b: 9, x + a + b: 3, x + c: 3}):
        yield call("train", some, 7, about="a learned token against a letter", **PARTS)


@rung("limits")
def _(draw, reference):
    low = int(draw.integers(4, 9))
    counts = {"ab": low, "cd": low - 1, "ef": low + int(draw.integers(1, 9)), "gh": low - 2}
    yield call("train", counts, 60, low, about=f"min_count={low}", **PARTS)
    for longest in (2, 3, 4):
        whole = "".join(map(str, draw.permutation(list("abcdefgh"))[: longest + 1]))
        # every beginning of one word, so that it grows letter by letter, and a rare pair that is next when it may grow no more
        some = {whole[:n]: int(draw.integers(2, 99)) for n in range(2, longest + 2)} | {"yz": 1}
        yield call("train", some, 99, 1, longest, about=f"longest={longest}", **PARTS)
    yield call(
        "train",
        {"ab": 2, "cd": 7},
        1000,
        about="no pair is left long before the vocabulary is full",
        **PARTS,
    )
    yield call(
        "train",
        words(draw, "abcdefgh", 9, 99),
        5,
        about="a size smaller than the alphabet",
        **PARTS,
    )
    yield call("train", {}, 10, about="no words", **PARTS)


def table(draw, reference, letters, size=40):
    """A vocabulary with all the letters, and its merges; no token is made twice."""
    while True:
        vocabulary, merges = reference.train(words(draw, letters, 12, 10**6), size)
        if len({first + second for first, second in merges}) == len(merges) > 8 and set(
            letters
        ) <= set(vocabulary):
            return vocabulary, merges


@rung("encode")
def _(draw, reference):
    for letters in ("abc", "abcdefghij", "абвгд", "的一是不"):
        vocabulary, merges = table(draw, reference, letters)
        shuffled = "".join(draw.permutation(list(letters)))
        yield call(
            "encode",
            text(draw, shuffled, 40),
            vocabulary,
            merges,
            about=f"a text of the letters {letters}",
        )
    yield call(
        "encode",
        "abcabc",
        ["<unk>", "a", "b", "c", "\u2581", "bc", "ab"],
        [("b", "c"), ("a", "b")],
        about="two merges that overlap",
    )
    yield call(
        "encode",
        "abcabc",
        ["<unk>", "a", "b", "c", "\u2581", "bc", "ab"],
        [("a", "b"), ("b", "c")],
        about="the same text, with the merges in the other order",
    )
    yield call(
        "encode",
        "a" * int(draw.integers(5, 12)),
        ["<unk>", "a", "\u2581", "aa", "aaaa"],
        [("a", "a"), ("aa", "aa")],
        about="one letter many times over",
    )


@rung("again")
def _(draw, reference):
    a, b, c, d = draw.permutation(list("pqrstuvw"))[:4]
    a, b, c, d = map(str, (a, b, c, d))
    vocabulary = ["<unk>", *sorted([a, b, c, d, "\u2581"]), a + b, a + b + c, a + b + c + d, b + c]
    merges = [
        (a + b, c),
        (a + b + c, d),
        (b, c),
        (a, b + c),
    ]  # a+bc makes abc again, and abc+d was learned before
    yield call(
        "encode",
        f"{a}{b}{c}{d} {b}{c}{d}",
        vocabulary,
        merges,
        about=f"{a}{b}{c} made of {a} and {b}{c}, while {a}{b}{c}+{d} was learned earlier",
    )
    letters = (
        "".join(map(str, draw.choice([a, b, c, d], 60)))
        + " ".join([a + b + c + d, b + c + d, a + b + c]) * 3
    )
    yield call("encode", letters, vocabulary, merges, about="a longer text with the same merges")


@rung("unknown")
def _(draw, reference):
    vocabulary, merges = CHAIN
    yield call(
        "encode", "a嗨b ab嗨c", vocabulary, merges, about="an unknown character inside a token"
    )
    strange = "".join(map(str, draw.choice(list("xyz嗨é"), 2)))
    yield call(
        "encode",
        f"ab{strange}ab {strange} {text(draw, 'abcxy', 20)}",
        vocabulary,
        merges,
        about="characters that the vocabulary does not have",
    )
    yield call(
        "encode",
        text(draw, "abc", 5),
        [token for token in vocabulary if token != "\u2581"],
        merges,
        about="a vocabulary without ▁",
    )


@rung("specials")
def _(draw, reference):
    vocabulary, merges = CHAIN
    specials = ["<s>", "<s><s>", "[a]", "a.c", "ab"]
    for order in (specials, list(map(str, draw.permutation(specials)))):
        parts = [
            str(each) for each in draw.choice([*specials, "abc", "cab", " ", " ca", "acc"], 40)
        ]
        yield call(
            "encode",
            "".join(parts),
            vocabulary,
            merges,
            order,
            about="special tokens in every place, some inside others",
        )
    yield call(
        "encode",
        text(draw, "abc", 9),
        vocabulary,
        merges,
        ["<never>"],
        about="a special token that does not occur",
    )
    yield call(
        "encode",
        "<s>" + text(draw, "abc", 2).strip() + "<s>",
        vocabulary,
        merges,
        ["<s>"],
        about="special tokens at both ends",
    )


@rung("spell")
def _(draw, reference):
    vocabulary, merges = CHAIN
    specials = [str(each) for each in draw.permutation(["<spell>", "</spell>", "<s>"])]
    first, second, third = (f"ab {text(draw, 'abc', 5)}abc " for _ in range(3))
    yield call(
        "encode",
        f"{first}<spell> {second}</spell> {third}",
        vocabulary,
        merges,
        specials,
        about="some words spelled",
    )
    yield call(
        "encode",
        f"{first}<spell> {second}<s> {third}",
        vocabulary,
        merges,
        specials,
        about="<spell> that is never closed, and another special token behind it",
    )
    yield call(
        "encode",
        f"{first}</spell> {second}<spell> {third}</spell> {first}<spell> {second}",
        vocabulary,
        merges,
        specials,
        about="closed before it is opened, and twice",
    )
    yield call(
        "encode",
        f"{first} <spell> {second}",
        vocabulary,
        merges,
        ["<s>"],
        about="<spell> that is no special token here",
    )


@rung("decode")
def _(draw, reference):
    for letters in ("abc", "的一是不"):
        vocabulary, merges = table(draw, reference, letters)
        ids = [0, *(int(i) for i in draw.integers(0, len(vocabulary) + 2, 30)), 0]
        yield call("decode", ids, vocabulary, ["<s>", "<t>"], about="ids drawn at random")
        yield call(
            "decode",
            reference.encode(text(draw, letters, 12), vocabulary, merges),
            vocabulary,
            about="an encoded text",
        )
    yield call(
        "decode",
        [3, 3, 1, 3, 2],
        ["<unk>", "a", "b", "\u2581"],
        about="two spaces at the beginning",
    )
    yield call("decode", [], ["<unk>", "a"], about="no ids")


@rung("speed")
def _(draw, reference):
    letters = "abcdefghijklmnopqrstuvwxyz"
    twos = [(x, y) for x in letters for y in letters]
    threes = [(x + y, z) for x, y in twos for z in letters]
    merges = [
        *(twos[i] for i in draw.permutation(len(twos))),
        *(threes[i] for i in draw.permutation(len(threes))[:5324]),
    ]
    vocabulary = ["<unk>", "\u2581", *letters, *(first + second for first, second in merges)]
    yield call(
        "encode",
        text(draw, letters, 12_000, gaps=(" ", "\n")),
        vocabulary,
        merges,
        about="12,000 words and 6,000 merges",
        seconds=3,
    )

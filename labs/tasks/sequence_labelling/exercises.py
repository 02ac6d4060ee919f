"""The checks of chapter 9."""
import numpy as np

from labs import parity
from labs.exercises import arrays, as_array, call, exercise, number, port
from labs.tasks.sequence_labelling import enumeration

WIDTH, TAGS = 6, 4


@exercise("9.1", "Put a number in place of None.")
def how_many_paths(answer):
    """How many paths has a sentence of four words with thirteen tags?"""
    number(answer, 13 ** 4, {4 ** 13: "each of the four words has thirteen choices, not each tag four", 13 * 4: "choices multiply",
                             13 ** 3: "there are four words, not three steps", 3 * 13 ** 2: "that is the number of additions that dynamic "
                             "programming makes between the words", 13 ** 5: "there are four words"},
           "each word chooses among thirteen tags, whatever the others choose")
    return "Dynamic programming looks at 3 · 13² pairs of tags instead."


@exercise("9.2", "Put your function in place of None.")
def marginals(theirs):
    """P(tag k at word t) of one sentence, by the forward and the backward algorithm."""
    rng, cases = np.random.default_rng(), {}
    for words, tags in ((1, 3), (3, 2), (4, 4), (5, 3)):
        cases[f"{words} words, {tags} tags"] = 2 * rng.normal(size=(words, tags)), 2 * rng.normal(size=(tags + 2, tags))
    cases["scores in the hundreds"] = np.array([[0.0, 800.0], [800.0, 0.0]]), np.zeros((4, 2))
    found = {name: as_array(call(theirs, emissions=emissions, crf=crf), f"the marginals of {name}")
             for name, (emissions, crf) in cases.items()}

    def made(of):
        return {name: of(*case) for name, case in cases.items()}
    arrays(found, made(enumeration.marginals), {hint: lambda wrong=wrong: made(wrong) for hint, wrong in WRONG.items()},
           "compare with enumeration.marginals on two words; with scores in the hundreds take the largest out before exp", 1e-6)
    return "They are the shares of the paths that pass there, and the gradient of the log-partition."


def changed_crf(change):
    """The marginals with a part of the CRF changed."""
    def wrong(emissions, crf):
        crf = crf.copy()
        change(crf)
        return enumeration.marginals(emissions, crf)
    return wrong


def transposed(crf):
    crf[2:] = crf[2:].T.copy()


def no_end(crf):
    crf[1] = 0


def no_start(crf):
    crf[0] = 0


def exchanged(crf):
    crf[[0, 1]] = crf[[1, 0]]


def no_transitions(crf):
    crf[2:] = 0


def counted_twice(emissions, crf):
    """The word's own emission in both factors."""
    found = enumeration.marginals(emissions, crf) * np.exp(emissions - emissions.max(1, keepdims=True))
    return found / found.sum(1, keepdims=True)


WRONG = {"row i + 2 of the weight leads from tag i, not to it": changed_crf(transposed), "the last tag's score, row 1, is missing": changed_crf(no_end),
         "the first tag's score, row 0, is missing": changed_crf(no_start), "row 0 is the start, row 1 the end": changed_crf(exchanged), "the transitions are missing": changed_crf(no_transitions),
         "the word's own emission is counted twice: it stands in the forward and in the backward factor": counted_twice}


@exercise("9.3", "Put your class in place of None.")
def window(theirs):
    """A tagger that sees each word and its two neighbours, ported to Paddle; the ladder climbs with both."""
    batches = [np.random.default_rng(n).normal(size=(3, 5 - n % 2, WIDTH)).astype("float32") for n in range(3)]
    ladder = port(theirs, given(), batches, {"left and right neighbour are exchanged": given("exchanged"),
                                             "the sentence is bent into a ring: its first word sees the last": given("ring"),
                                             "the padding stands between the numbers of a word, not between words": given("inside")})
    return f"green on all {len(parity.RUNGS)} rungs, {ladder.parameters} parameters."


def given(how="right"):
    """The model that the page shows, in PyTorch, and what becomes of it with another window."""
    import torch
    import torch.nn.functional as F
    from torch import nn

    def neighbours(x):
        if how == "ring":
            return x.roll(1, 1), x.roll(-1, 1)
        if how == "inside":
            padded = F.pad(x, (1, 1))
            return padded[:, :, :-2], padded[:, :, 2:]
        padded = F.pad(x, (0, 0, 1, 1))
        return (padded[:, 2:], padded[:, :-2]) if how == "exchanged" else (padded[:, :-2], padded[:, 2:])

    class Window(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(3 * WIDTH, TAGS)

        def forward(self, x):
            before, after = neighbours(x)
            return self.fc(torch.cat([before, x, after], 2))
    return Window

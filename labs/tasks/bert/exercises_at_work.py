"""The checks of chapter 25b."""
import numpy as np

from labs.exercises import arrays, call, exercise, number


@exercise("25b.1", "Put a number in place of None, between 0 and 1.")
def share_of_padding(answer):
    """Texts of 5, 9 and 30 tokens, padded to the longest."""
    number(answer, 46 / 90, {
        44 / 90: "that is the share of text", 46 / 44: "divide by all places of the batch, not by the text", 46: "that is how many places are padding; "
        "divide by all", 46 / 3 / 90: "that is the mean of one row, divided by the whole batch", 0.5: "count: of 90 places 44 are text",
        51: "that is in percent, rounded", 100 * 46 / 90: "that is in percent; the question is a share"},
        "the batch has three rows of 30 places", tolerance=3e-3)
    return "46 of 90: more than half of the work."


@exercise("25b.2", "Write recall(scores, k).")
def recall_at(recall):
    """The share of queries whose own text is among the k highest; ties stand before it."""
    rng, cases = np.random.default_rng(), {}
    for k in (1, 2, 3):
        scores = rng.normal(size=(9, 9))
        for i, place in enumerate((0, 0, 0, 1, 1, 2, 3, 4, 8)):      # how many stand before the own text, whatever is drawn
            order = np.delete(np.argsort(-scores[i]), np.flatnonzero(np.argsort(-scores[i]) == i))
            scores[i, i] = scores[i, order[0]] + 1 if place == 0 else (
                scores[i, order[place - 1]] + scores[i, order[place]] if place < 8 else 2 * scores[i, order[-1]] - 2) / (2 if place < 8 else 1)
            if place == 8:
                scores[i, i] = scores[i, order[-1]] - 1
        scores[0, 1] = scores[0, 0]                                  # a tie: with another at the top
        cases[f"k = {k}"] = scores, k
    alike = np.zeros((9, 9))
    alike[0, 0] = 1.0                   # whatever order a sort gives to equal numbers, it finds one of these too many
    cases["nearly all scores alike"] = alike, 2
    found = {name: call(recall, scores=scores.copy(), k=k) for name, (scores, k) in cases.items()}

    def made(**mistake):
        return lambda: {name: np.array(_recall(*case, **mistake)) for name, case in cases.items()}
    arrays({name: np.reshape(one, ()) if isinstance(one, np.ndarray) and one.shape == (1,) else one for name, one in found.items()}, made()(), {
        "A tie counts as found; a text with the same score stands before the own one": made(tie=True),
        "k is not used: it is always 1": made(fixed=1),
        "It takes one more than k": made(more=1),
        "The lowest scores are taken": made(sign=-1),
        "It ranks the queries of a text, not the texts of a query": made(across=True),
        "That is the count, not the share": made(count=True)},
        "For each row count the other texts that score as high or higher; found, if there are fewer than k")
    return "equal, with ties and for k from 1 to 3."


def _recall(scores, k, tie=False, fixed=None, more=0, sign=1, across=False, count=False):
    scores = sign * (scores.T if across else scores)
    own, k = np.diag(scores)[:, None], (fixed or k) + more
    before = (scores > own).sum(1) if tie else (scores >= own).sum(1) - 1
    return float((before < k).sum() if count else (before < k).mean())

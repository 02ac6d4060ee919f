"""The exercises of chapter 9 withstand every answer."""
import exercise_attacks as attacks
import numpy as np
import pytest

from labs.tasks.sequence_labelling import exercises

CHAPTER = "09_sequence_labelling.md"


def logsumexp(a, axis):
    most = a.max(axis, keepdims=True)
    return np.squeeze(most, axis) + np.log(np.exp(a - most).sum(axis))


def in_logarithms(emissions, crf, twice=False, end=True, start=True, moves=lambda m: m):
    length, tags = emissions.shape
    m = moves(crf[2:])
    alpha, beta = np.zeros((2, length, tags))
    alpha[0] = emissions[0] + crf[0] * start
    for t in range(1, length):
        alpha[t] = logsumexp(alpha[t - 1][:, None] + m, 0) + emissions[t]
    beta[-1] = crf[1] * end
    for t in range(length - 2, -1, -1):
        beta[t] = logsumexp(m + emissions[t + 1] + beta[t + 1], 1)
    both = alpha + beta + emissions * twice
    return np.exp(both - logsumexp(both, 1)[:, None])


def in_exponentials(emissions, crf):
    e = np.exp(emissions - emissions.max(1, keepdims=True))
    m, length = np.exp(crf[2:]), len(emissions)
    there, back = [np.exp(crf[0]) * e[0]], [np.exp(crf[1])]
    for t in range(1, length):
        row = there[-1] @ m * e[t]
        there.append(row / row.sum())
        row = m @ (e[length - t] * back[-1])
        back.append(row / row.sum())
    both = np.array(there) * np.array(back[::-1])
    return both / both.sum(1, keepdims=True)


def without_care(emissions, crf):
    with np.errstate(all="ignore"):
        e, m = np.exp(emissions), np.exp(crf[2:])
        there, back = [np.exp(crf[0]) * e[0]], [np.exp(crf[1])]
        for t in range(1, len(e)):
            there.append(there[-1] @ m * e[t])
            back.append(m @ (e[len(e) - t] * back[-1]))
        both = np.array(there) * np.array(back[::-1])
        return both / both.sum(1, keepdims=True)


def test_how_many_paths():
    attacks.number(exercises.how_many_paths, 28561, {4 ** 13: "thirteen choices", 52: "multiply", 2197: "four words", 507: "additions"})


def test_marginals():
    attacks.function(exercises.marginals, [in_logarithms, in_exponentials], {
        "leads from tag i": lambda e, w: in_logarithms(e, w, moves=np.transpose),
        "row 1, is missing": lambda e, w: in_logarithms(e, w, end=False),
        "row 0, is missing": lambda e, w: in_logarithms(e, w, start=False),
        "transitions are missing": lambda e, w: in_logarithms(e, w, moves=lambda m: 0 * m),
        "counted twice": lambda e, w: in_logarithms(e, w, twice=True),
        "row 0 is the start, row 1 the end": lambda e, w: in_logarithms(e, np.concatenate([w[1::-1], w[2:]])),
        "NaN or infinite": without_care})


def paddle_window(how="right", width=exercises.WIDTH):
    import paddle
    from paddle import nn

    class Window(nn.Layer):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(3 * width, exercises.TAGS)

        def forward(self, x):
            if how == "pad":                    # Paddle's own: of a sentence (B, T, E), NLC
                padded = nn.functional.pad(x, [1, 1], data_format="NLC")
                before, after = padded[:, :-2], padded[:, 2:]
            elif how == "ring":
                before, after = x.roll(1, 1), x.roll(-1, 1)
            elif how == "inside":
                padded = nn.functional.pad(x, [1, 1], data_format="NCL")
                before, after = padded[:, :, :-2], padded[:, :, 2:]
            else:
                zero = paddle.zeros_like(x[:, :1])
                before, after = paddle.concat([zero, x[:, :-1]], 1), paddle.concat([x[:, 1:], zero], 1)
            if how == "exchanged":
                before, after = after, before
            return self.fc(paddle.concat([before, x, after], 2))
    return Window


def test_the_port_of_the_window():
    for how in ("right", "pad"):
        assert exercises.window(paddle_window(how)).right is True, how
    for says, theirs in {"are exchanged": paddle_window("exchanged"), "ring": paddle_window("ring"), "not between words": paddle_window("inside"),
                         "fc.weight": paddle_window(width=5), "derived from paddle.nn.Layer": exercises.given()}.items():
        attacks.refused(exercises.window(theirs), says)
    attacks.withstands_junk(exercises.window)


@pytest.mark.parametrize("which, answers", [
    ("9.1", {"answer_1": lambda: 13 ** 4}), ("9.2", {"my_marginals": lambda: in_logarithms}), ("9.3", {"Window": paddle_window})])
def test_the_cell_works_as_it_stands_and_with_a_right_answer(which, answers):
    assert attacks.run_cell(CHAPTER, which).right is None
    assert attacks.run_cell(CHAPTER, which, **{name: make() for name, make in answers.items()}).right is True

"""The checks of chapter 8: right answers pass, each near-miss gets its own hint, nothing else passes."""

import exercise_attacks as attacks
import numpy as np
import pytest

from labs import parity
from labs.tasks.rnn_lm import exercises

CHAPTER = "08_rnn_lm.md"


def test_parameter_count():
    attacks.number(
        exercises.parameter_count,
        19_780_400,
        {
            19_780_400 - 5_200: "two biases a layer",
            19_780_400 - 10_400: "has two biases",
            19_770_400: "the last layer has a bias",
            19_780_400 - 6_500_000: "in two layers",
            19_780_400 - 15_200: "one in the last",
            19_780_400 - 3_385_200: "two layers of LSTM",
            19_780_400 - 3 * 2 * (2 * 650 * 650 + 1300): "has four gates",
            19_780_400 - 2 * (2 * 650 * 650 + 1300): "three are a GRU's",
            4_653_200: "the small model",
            19_780_410: "count four gates",
        },
    )


def test_mixed_perplexity():
    attacks.number(
        exercises.mixed_perplexity,
        8,
        {
            17: "the mean of 2 and 32",
            64 / 17: "one over the mean",
            3: "in bits",
            2.0794415416798357: "in nats",
            64: "not added",
            0.125: "turn it round",
            9: "average the logarithms",
        },
    )
    for right in (
        np.exp(np.mean(np.log([2, 32]))),
        np.exp(np.mean(np.log(np.float32([2, 32])))),
        2 ** np.mean([1, 5]),
        8.0000001,
    ):
        assert exercises.mixed_perplexity(right).right
    attacks.refused(exercises.mixed_perplexity(8.001), "8.001 is not it")


def offsets(lengths):
    return np.concatenate([[0], np.cumsum(lengths)])


def to_lod(padded, lengths):
    return exercises._tokens(padded, lengths), offsets(lengths)


def by_lists(padded, lengths):
    tokens, ends = [], [0]
    for b, n in enumerate(lengths):
        tokens += padded[:n, b].tolist()
        ends.append(ends[-1] + int(n))
    return tokens, ends


def by_mask(padded, lengths):
    return padded.T[np.arange(len(padded)) < lengths[:, None]], np.add.accumulate([0, *lengths])


def by_length(padded, lengths, longest_first=True):
    order = np.argsort(-lengths if longest_first else lengths, kind="stable")
    return to_lod(padded[:, order], lengths[order])


def of_sorted(padded, lengths):
    return to_lod(padded, lengths)[0], offsets(np.sort(lengths))


def test_to_lod():
    attacks.function(
        exercises.to_lod,
        [to_lod, by_lists, by_mask],
        {
            "Zeros were dropped, but": lambda p, n: (p.T[p.T != 0], offsets((p != 0).sum(0))),
            "Zeros were dropped from the tokens": lambda p, n: (p.T[p.T != 0], offsets(n)),
            "The padding is still there": lambda p, n: (p.T.ravel(), offsets(n)),
            "in another order": by_length,
            "tokens of batch 1: off": lambda p, n: by_length(p, n, longest_first=False),
            "offsets of batch 1: off": of_sorted,
            "tokens of batch 1: off by": lambda p, n: (to_lod(p % 3, n)[0], offsets(n)),
            "row by row": lambda p, n: (p[np.arange(len(p))[:, None] < n], offsets(n)),
            "The offsets begin with 0": lambda p, n: (to_lod(p, n)[0], np.cumsum(n)),
            "These are the lengths": lambda p, n: (to_lod(p, n)[0], n),
            "The last offset": lambda p, n: (to_lod(p, n)[0], offsets(n)[:-1]),
            "in the wrong order": lambda p, n: to_lod(p, n)[::-1],
            "Sequence b is the first": lambda p, n: (to_lod(p, n)[0], offsets(n) + 1),
            "expected the tokens and the offsets": lambda p, n: to_lod(p, n)[0],
            "the tokens of batch 1: expected": lambda p, n: (to_lod(p, n)[0][:, None], offsets(n)),
            "the tokens of batch 1: ": lambda p, n: (to_lod(p, n)[0].astype(str), offsets(n)),
        },
    )
    attacks.refused(exercises.to_lod(lambda p, n: None), "got None")
    attacks.refused(exercises.to_lod(lambda p, n: (None, offsets(n))), "is there a `return`")


def as_float32(*arguments):
    return exercises._gru(*(np.float32(each) for each in arguments))


def with_paddle(x, h, *weights):
    import paddle

    cell = paddle.nn.GRUCell(x.shape[1], h.shape[1]).to(dtype="float64")
    for parameter, weight in zip(
        (cell.weight_ih, cell.weight_hh, cell.bias_ih, cell.bias_hh), weights
    ):
        parameter.set_value(weight)
    return cell(paddle.to_tensor(x), paddle.to_tensor(h))[0]


def gru(**mistake):
    return lambda *arguments: exercises._gru(*arguments, **mistake)


def test_gru_cell():
    attacks.function(
        exercises.gru_cell,
        [exercises._gru, as_float32, with_paddle, lambda *given: exercises._torch_cell(*given)],
        {
            "before the product": gru(early=True),
            "not its bias": gru(outside=True),
            "are swapped": gru(swapped=True),
            "z, r, n": gru(order=(1, 0, 2)),
            "The tanh is missing": gru(squash=lambda a: a),
            "r is not used": gru(reset=False),
            "biases of h": gru(b_scale=(1, 0)),
            "biases of x": gru(b_scale=(0, 1)),
            "r and z are sigmoids": lambda x, h, *_: h,
            "raised ValueError": lambda x, h, a, b, *_: exercises._gru(x, h, b, a, *_),
        },
    )


def port(time_major=True, tanh=True, layers=1, names=("embedding", "gru", "fc")):
    """The model in Paddle; each mistake changes one line."""
    import paddle
    from paddle import nn

    class Tagger(nn.Layer):
        def __init__(self):
            super().__init__()
            made = (
                nn.Embedding(11, 4),
                nn.GRU(4, 6, num_layers=layers, time_major=time_major),
                nn.Linear(6, 2),
            )
            for name, layer in zip(names, made):
                setattr(self, name, layer)

        def forward(self, x):
            embedding, gru, fc = (getattr(self, name) for name in names)
            x = fc(gru(embedding(x))[0])
            return paddle.tanh(x) if tanh else x

    return Tagger


def test_the_port_of_a_tagger():
    check = exercises.tagger
    right = check(port())
    assert right.right is True and f"all {len(parity.RUNGS)} rungs" in right.says, right.text
    for says, made in {
        "reads along the batch": port(time_major=False),
        "tanh at the end": port(tanh=False),
        "_l1": port(layers=2),
        "in the Paddle model, not in the weights": port(names=("words", "gru", "fc")),
        "derived from paddle.nn.Layer": exercises._tagger(),
    }.items():
        attacks.refused(check(made), says)
    attacks.withstands_junk(check)


@pytest.mark.parametrize(
    "which, answers",
    [
        ("8.1", {"answer_1": 19_780_400}),
        ("8.2", {"answer_2": np.float32(8)}),
        ("8.3", {"to_lod": by_lists}),
        ("8.4", {"gru": gru()}),
        ("8.5", {"Tagger": lambda: port()()}),
    ],
)
def test_the_cell_works_as_it_stands_and_with_a_right_answer(which, answers):
    assert attacks.run_cell(CHAPTER, which).right is None
    assert attacks.run_cell(CHAPTER, which, **answers).right is True

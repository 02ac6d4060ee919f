"""The checks of chapter 25: right answers pass, each near-miss gets its own hint, nothing else passes."""
import exercise_attacks as attacks
import numpy as np
import pytest

from labs import parity
from labs.tasks.bert import exercises

CHAPTER = "25_bert.md"
LAYER = 1_774_464


def test_pencil():
    attacks.number(exercises.pencil, 7.375, {
        11.8: "the new one", 5.8: "the old value", 118: "divide by the sum", 2.8: "the mean of all", 118 / 13: "one each",
        (4 * np.log(2) + 10 * np.log(11)) / np.log(22): "not their logarithms", 8.1: "1, 2, 1, 1 and 11"})


def test_one_layer():
    attacks.number(exercises.one_layer, LAYER, {
        LAYER - 1536: "the two norms are missing", LAYER - 768: "one norm", LAYER - 3456: "have biases",
        LAYER - 384 * 385: "four dense layers", 4 * 384 * 385: "that is attention", 6 * LAYER: "all 6 layers",
        LAYER - 3456 - 1536: "biases and norms", LAYER + 1: "four dense layers of attention"})


def by_loop(x, mask):
    rows = [x[b][mask[b] == 1].mean(0) for b in range(len(x))]
    return np.array([row / np.sqrt((row ** 2).sum()) for row in rows])


def without_division(x, mask):
    total = np.einsum("btc,bt->bc", x, mask)
    return total / np.linalg.norm(total, axis=1)[:, None]


def float32(x, mask):
    return by_loop(x.astype("float32"), mask)


def pooled(**mistake):
    return lambda x, mask: exercises._pooled(x, mask, **mistake)


def test_mean_of_tokens():
    attacks.function(exercises.mean_of_tokens, [by_loop, without_division, float32], {
        "Padding is in the mean": pooled(padding=True), "length one": pooled(length=False), "first token": pooled(cls=True),
        "each token counts alike": pooled(tokens_first=True), "wrong way round": pooled(inverted=True),
        "The sign": lambda x, mask: -by_loop(x, mask), "expected shape": lambda x, mask: by_loop(x, mask).T,
        "Sum the rows": lambda x, mask: by_loop(x, mask) * 0.5, "is there a `return`": lambda *_: None})


def rows_of(q, k, v, mask):
    made = []
    for query in q:
        scores = np.array([query @ key / len(query) ** 0.5 for key in k])
        scores = scores[mask == 1]
        powers = np.exp(scores - scores.max())
        made.append(powers @ v[mask == 1] / powers.sum())
    return np.array(made)


def with_torch(q, k, v, mask):
    import torch
    q, k, v = (torch.from_numpy(one)[None] for one in (q, k, v))
    return torch.nn.functional.scaled_dot_product_attention(q, k, v, attn_mask=torch.from_numpy(mask == 1)[None, None])[0]


def lowest(q, k, v, mask):
    scores = np.where(mask == 1, q @ k.T / np.sqrt(q.shape[1]), -1e300)
    powers = np.exp(scores - scores.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True) @ v


def overflowing(q, k, v, mask):
    powers = np.exp(q @ k.T / np.sqrt(q.shape[1])) * mask
    return powers / powers.sum(1, keepdims=True) @ v


def head(**mistake):
    return lambda *given: exercises._attention(*given, **mistake)


def test_one_head():
    attacks.function(exercises.one_head, [rows_of, with_torch, lowest], {
        "Hidden places are seen": head(hide=False), "not divided": head(power=0), "by D, not": head(power=1),
        "wrong way round": head(inverted=True), "wrong axis": head(axis=0), "after the softmax": head(after=True),
        "as 0 and 1": head(added=True), "exchanged": lambda q, k, v, mask: rows_of(k, q, v, mask),
        "overflows": overflowing, "minus infinity where hidden": lambda q, k, v, mask: v, "is there a `return`": lambda *_: None})


def port(approximate=False, relu=False, order="post", epsilon=2.0**-12, detached=False):
    """The model in Paddle; each mistake changes one line."""
    import paddle
    import paddle.nn.functional as F
    from paddle import nn

    class HalfLayer(nn.Layer):
        def __init__(self):
            super().__init__()
            self.inner = nn.Linear(8, 12)
            self.outer = nn.Linear(12, 8)
            self.norm = nn.LayerNorm(8, epsilon=epsilon)

        def forward(self, x):
            y = self.inner(self.norm(x) if order == "pre" else x)
            y = self.outer(paddle.nn.functional.relu(y) if relu else F.gelu(y, approximate=approximate))
            y = y.detach() if detached else y
            return {"post": lambda: self.norm(x + y), "pre": lambda: x + y, "inside": lambda: x + self.norm(y),
                    "no sum": lambda: self.norm(y)}[order]()
    return HalfLayer


def test_the_port_of_half_a_layer():
    right = exercises.half_layer(port())
    assert right.right is True and f"all {len(parity.RUNGS)} rungs" in right.says, right.text
    for says, made in {"by tanh": port(approximate=True), "ReLU": port(relu=True), "pre-norm": port(order="pre"),
                       "not the sum": port(order="inside"), "missing": port(order="no sum"), "epsilon": port(epsilon=1e-5),
                       "rung 'gradients'": port(detached=True), "derived from paddle.nn.Layer": exercises.given()}.items():
        attacks.refused(exercises.half_layer(made), says)
    attacks.withstands_junk(exercises.half_layer)


@pytest.mark.parametrize("which, answers", [
    ("25.1", {"answer_1": 7.375}), ("25.2", {"answer_2": LAYER}), ("25.3", {"pooled": by_loop}), ("25.4", {"attention": rows_of}),
    ("25.5", {"HalfLayer": lambda: port()()})])
def test_the_cell_works_as_it_stands_and_with_a_right_answer(which, answers):
    assert attacks.run_cell(CHAPTER, which).right is None
    assert attacks.run_cell(CHAPTER, which, **answers).right is True

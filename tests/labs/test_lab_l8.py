"""Lab 8: its reference against PyTorch's attention and chapter 26's layer.

The chapter's own code must not pass.
"""

import importlib
import types

import numpy as np
import pytest

from labs.grading import assignment
from labs.grading import cases as drawn
from labs.grading.answering import Here
from labs.grading.climbing import climb
from labs.tasks.llama.config import Config

LETTERS = {"theta": 10000.0, "factor": 1.0, "window": None}


@pytest.fixture(scope="module")
def made():
    return assignment.read("L8")


@pytest.fixture(params=["torch", "paddle"])
def chapter(request):
    """The lab's names, made of the chapter's own code in a framework."""
    side = importlib.import_module(f"labs.tasks.llama.{request.param}_side")
    framework = importlib.import_module(request.param)
    tensor = framework.from_numpy if request.param == "torch" else framework.to_tensor

    def config(heads, kv_heads, size, theta=10000.0, length=64):
        return Config(
            hidden_size=heads * size,
            num_attention_heads=heads,
            num_key_value_heads=kv_heads,
            rope_theta=theta,
            max_position_embeddings=length,
        )

    def turns(x, positions, made):
        return side.Rotary(made)(tensor(positions[None]), x.dtype)

    def later(T, S):
        return side.Decoder.later(None, T, S, *(["cpu"] if request.param == "torch" else []))

    def rotate(x, positions, rotary, theta=10000.0, factor=1.0):
        its = config(x.shape[1], x.shape[1], x.shape[3], theta, int(max(positions)) + 1)
        x = tensor(x)
        return side.Heads(its).turn(x, turns(x, positions, its))

    def attend(q, k, v, q_positions, k_positions, window=None):
        attention = side.Attention(config(q.shape[1], k.shape[1], q.shape[3]))
        q, k, v = map(tensor, (q, k, v))
        k, v = attention.share(k), attention.share(v)
        return attention.weights(q, k, later(q.shape[2], k.shape[2])) @ v

    def layer(x, weights, settings, cache=None):
        heads, kv_heads = settings["heads"], settings["kv_heads"]
        its = config(heads, kv_heads, weights["q_proj"].shape[0] // heads, settings["theta"])
        attention, before = side.Attention(its), 0 if cache is None else len(cache)
        x = tensor(x)
        attention.to(dtype=x.dtype)
        for name, array in weights.items():
            weight = getattr(attention, name).weight
            if request.param == "torch":
                weight.data = tensor(array)
            else:
                weight.set_value(array.T.copy())
        positions = np.arange(before, before + x.shape[1])
        hide = later(x.shape[1], before + x.shape[1])
        return attention(x, turns(x, positions, its), hide, cache)

    return types.SimpleNamespace(
        rotate=rotate, attend=attend, layer=layer, Cache=lambda window=None: side.Cache()
    )


def test_the_reference_attends_as_pytorch_does(made):
    import torch

    draw, attend = np.random.default_rng(8), made.reference["attend"]
    for H, K, T, S, window in (
        (4, 2, 5, 9, None),
        (6, 2, 3, 7, 3),
        (3, 1, 6, 6, 1),
        (2, 2, 1, 4, 2),
    ):
        q, k, v = (draw.normal(size=(2, *shape, 5)) for shape in ((H, T), (K, S), (K, S)))
        q_at, k_at = draw.permutation(S)[:T], draw.permutation(S)
        seen = (k_at <= q_at[:, None]) & (k_at > q_at[:, None] - (window or S))
        theirs = torch.nn.functional.scaled_dot_product_attention(
            *map(torch.from_numpy, (q, k, v)), attn_mask=torch.from_numpy(seen), enable_gqa=True
        )
        np.testing.assert_allclose(attend(q, k, v, q_at, k_at, window), theirs, rtol=0, atol=1e-12)


def halves(heads, size):
    """The order in which the lab's neighbours are the chapter's halves, for rows of a matrix."""
    one = np.r_[0:size:2, 1:size:2]
    return np.concatenate([head * size + one for head in range(heads)])


def test_the_reference_is_the_chapters_layer_but_for_the_order_of_pairs(made, chapter):
    draw = np.random.default_rng(26)
    for heads, kv_heads, size in ((4, 2, 6), (3, 1, 8)):
        width = heads * size
        weights = {
            name: draw.normal(size=(count * size, width)) / np.sqrt(width)
            for name, count in zip(
                ("q_proj", "k_proj", "v_proj", "o_proj"), (heads, kv_heads, kv_heads, heads)
            )
        }
        order = {"q_proj": halves(heads, size), "k_proj": halves(kv_heads, size)}
        theirs = {name: each[order.get(name, slice(None))] for name, each in weights.items()}
        settings = {"heads": heads, "kv_heads": kv_heads, "rotary": size, **LETTERS}
        x = draw.normal(size=(2, 7, width))
        found = chapter.layer(x, theirs, settings)
        np.testing.assert_allclose(
            made.reference["layer"](x, weights, settings),
            found.detach().numpy(),
            rtol=0,
            atol=1e-12,
        )
        y, positions = draw.normal(size=(2, heads, 4, size)), np.array([3, 0, 17, 8])
        turned = chapter.rotate(y[..., halves(1, size)], positions, size).numpy()
        np.testing.assert_allclose(
            made.reference["rotate"](y, positions, size)[..., halves(1, size)],
            turned,
            rtol=0,
            atol=1e-12,
        )


def test_chapter_26s_own_code_does_not_pass(made, chapter):
    cases = drawn.make(made, "chapter", mistakes=False)
    result = climb(made, cases, Here(made, vars(chapter)))
    assert result.earned == 0, result.text
    # it answers, and is wrong
    assert not any("TypeError" in rung.says for rung in result.rungs), result.text

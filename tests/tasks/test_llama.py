"""The Llama twins: each part is the library's, a cache changes nothing, and bad input is refused in words."""
import numpy as np
import pytest
from proven import MistakePromises, TwinPromises

from labs import parity
from labs.tasks.llama import library
from labs.tasks.llama.config import Config, rotary_tables
from labs.tasks.llama.proof import TINY
from labs.tasks.llama.text import Text

PARTS = ("RMSNorm", "RoPE", "attention", "SwiGLU", "decoder layer", "logits", "loss")
TWINS = dict.fromkeys(("PyTorch", "Paddle"))


@pytest.fixture(scope="module", autouse=True)
def twins():
    """The sides, imported when the first test runs: collecting tests loads no framework."""
    global paddle_side, torch_side
    from labs.tasks.llama import paddle_side, torch_side
    TWINS.update(PyTorch=torch_side, Paddle=paddle_side)


@pytest.fixture(scope="module")
def weights():
    """Weights of a tiny Llama, norms included, that are nowhere one or zero."""
    rng = np.random.default_rng(5)
    drawn = parity.initial_weights(torch_side.build(TINY), seed=5)
    return {name: (w * (1 + 0.25 * rng.normal(size=w.shape))).astype("float32") for name, w in drawn.items()}


@pytest.fixture(scope="module")
def ids():
    return np.random.default_rng(6).integers(0, TINY.vocab_size, (2, 12))


def made(side, weights, precision="float32", **how):
    model = parity.load(parity.cast(side.build(TINY, **how), precision), weights)
    model.eval()
    return model


@pytest.fixture(scope="module")
def answers(weights, ids):
    """{(who, precision): what each part makes of the same input}."""
    x = np.random.default_rng(7).normal(size=(2, 12, TINY.hidden_size)).astype("float32")
    found = {("transformers", "float64"): library.parts(made(library, weights, "float64", exactly=True), x.astype("float64"), ids),
             ("transformers", "float32"): library.parts(made(library, weights), x, ids)}
    for name, side in TWINS.items():
        for precision in ("float64", "float32"):
            found[name, precision] = side.parts(made(side, weights, precision), x.astype(precision), ids)
    return found


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("twin", TWINS)
def test_each_part_equals_the_librarys(answers, part, twin):
    records = [parity.Record(name, precision, {"forward": {part: answers[name, precision][part]}})
               for name in ("transformers", twin) for precision in ("float64", "float32")]
    parity.compare_records(records, f"part {part}").check()


def test_the_parts_are_all_parts(answers):
    assert all(tuple(found) == PARTS for found in answers.values())


def test_the_library_is_not_in_float64_by_itself(weights, ids, answers):
    """If this fails, the library has lost its float32 words: drop `exact`, compare it as it is."""
    x = np.random.default_rng(7).normal(size=(2, 12, TINY.hidden_size))
    as_it_is = library.parts(made(library, weights, "float64"), x.astype("float32").astype("float64"), ids)
    far = {part for part in PARTS if not parity.equal(answers["transformers", "float64"][part], as_it_is[part]).green}
    assert {"RMSNorm", "RoPE", "loss"} <= far and "SwiGLU" not in far


def test_the_gradients_of_every_parameter_equal_the_librarys(weights, ids):
    records = []
    for name, side in {"transformers": library, **TWINS}.items():
        for precision in ("float64", "float32"):
            how = {"exactly": True} if side is library and precision == "float64" else {}
            model = made(side, weights, precision, **how)
            loss = side.loss(model, (ids, ids))
            loss.backward()
            records.append(parity.Record(name, precision, {
                "forward": side.stream(model, ids), "loss": {"loss": np.array(loss.item())}, "gradients": parity.gradients_of(model)}))
    ladder = parity.compare_records(records, "tiny").check()
    assert [pair.second for pair in ladder.pairs] == ["PyTorch", "Paddle"]
    assert ladder.pairs[0].rungs[-1].compared == len(weights)


@pytest.mark.parametrize("name", TWINS)
def test_a_cache_changes_nothing(weights, ids, name):
    side, model = TWINS[name], made(TWINS[name], weights, "float64")
    whole = side.logits(model, (ids,)).cpu().numpy()
    for cuts in ([12], [1] * 12, [5, 1, 6]):
        caches, rows, at = [side.Cache() for _ in model.model.layers], [], 0
        for size in cuts:
            piece = ids[:, at:at + size]
            x = __import__("torch").from_numpy(piece) if side is torch_side else __import__("paddle").to_tensor(piece)
            rows.append(model(x, caches).detach().cpu().numpy())
            at += size
        assert len(caches[0]) == 12
        parity.equal(whole, np.concatenate(rows, 1), title=f"{cuts}").check()


def test_greedy_text_is_generates(weights, ids):
    start = ids[0].tolist()
    expected = library.greedy(made(library, weights), start, 20)
    assert len(expected) == len(start) + 20
    for name, side in TWINS.items():
        for cached in (True, False):
            assert side.greedy(made(side, weights), start, 20, cached=cached) == expected, (name, cached)


def test_greedy_ends_at_the_stop_token(weights, ids):
    start = ids[0].tolist()
    free = torch_side.greedy(made(torch_side, weights), start, 6)
    for side in TWINS.values():
        assert side.greedy(made(side, weights), start, 6, stop=free[len(start)]) == free[:len(start) + 1]


@pytest.mark.parametrize("name", TWINS)
def test_a_label_of_minus_100_is_left_out(weights, ids, name):
    labels = ids.copy()
    labels[0, :7] = -100
    expected = library.loss(made(library, weights), (ids, labels)).item()
    assert abs(TWINS[name].loss(made(TWINS[name], weights), (ids, labels)).item() - expected) < 1e-6
    assert abs(TWINS[name].loss(made(TWINS[name], weights), (ids, ids)).item() - expected) > 1e-3


def test_the_embedding_is_named_once_and_is_the_head():
    assert [name for name in parity.weights_of(torch_side.build(TINY)) if "embed" in name or "head" in name] == ["model.embed_tokens.weight"]


@pytest.mark.parametrize("name", TWINS)
def test_input_that_cannot_be_read_is_refused(weights, name):
    side, model = TWINS[name], made(TWINS[name], weights)
    for tokens, says in (([[1, 256]], "ids from 0 to 255, got 256"), ([[-1]], "got -1"), ([[1] * 65], "the context holds 64, got 65"),
                         ([1, 2], r"shape \(2,\)"), ([[0.5]], "whole numbers")):
        with pytest.raises(ValueError, match=says):
            side.logits(model, (np.array(tokens),))
    with pytest.raises(ValueError, match="the context holds 64, got 65"):
        side.greedy(model, [1] * 60, 10)


def test_weights_of_another_model_change_nothing(weights):
    model = made(torch_side, weights)
    missing = {name: w for name, w in weights.items() if name != "model.norm.weight"}
    with pytest.raises(parity.ParityError, match=r"model.norm.weight \(48,\): in the PyTorch model, not in the weights"):
        parity.load(model, missing)
    with pytest.raises(parity.ParityError, match=r"has shape \(48,\), the weights have \(7,\)"):
        parity.load(model, weights | {"model.norm.weight": np.ones(7, "float32")})
    assert all(np.array_equal(w, weights[name]) for name, w in parity.weights_of(model).items())


@pytest.mark.parametrize("changes, says", [
    ({"attention_bias": True}, "attention_bias = True"), ({"tie_word_embeddings": False}, "tie_word_embeddings = False"),
    ({"rope_parameters": {"rope_type": "llama3", "rope_theta": 1e4}}, "rope_type = llama3"), ({"vocab_size": None}, "lacks vocab_size"),
    ({"num_key_value_heads": 2}, "multiple of num_key_value_heads"), ({"hidden_size": 27}, "needs an even count")])
def test_a_config_that_the_twins_cannot_follow_is_refused(changes, says):
    from dataclasses import asdict
    published = asdict(Config()) | {"tie_word_embeddings": True}
    assert Config.of(published) == Config()
    with pytest.raises(ValueError, match=says):
        Config.of(published | changes)


def test_rope_turns_by_distance_alone():
    cos, sin = rotary_tables(TINY)
    q, k = np.random.default_rng(0).normal(size=(2, TINY.head_dim))

    def turn(x, p):
        first, second = np.split(x, 2)
        return x * cos[p] + np.concatenate([-second, first]) * sin[p]
    assert np.allclose(turn(q, 7) @ turn(k, 3), turn(q, 60) @ turn(k, 56), rtol=0, atol=1e-12)


def test_text_that_does_not_come_back_is_refused():
    from labs import data
    text = Text(data.folder("smollm2_135m_instruct_q4_1"))
    for fine in ("", "In 2024, 1,234 words\n\n\tand 北京 😀 e\u0301 \u200b \x00", "<|im_end|>"):
        assert text.decode(text.encode(fine)) == fine
    with pytest.raises(ValueError, match="character 3 is U\\+D83D, half of a surrogate pair"):
        text.encode("caf\ud83d")
    with pytest.raises(ValueError, match="expected 0 to 49151, got 49152"):
        text.decode([1, 49152])



def test_records_alone_need_two_sides_and_float64():
    one = parity.Record("A", "float64", {"loss": {"loss": np.array(1.0)}})
    with pytest.raises(parity.ParityError, match="at least two sides"):
        parity.compare_records([one], "x")
    with pytest.raises(parity.ParityError, match="B has none"):
        parity.compare_records([one, parity.Record("B", "float32", one.rungs)], "x")
    with pytest.raises(parity.ParityError, match="expected rungs of"):
        parity.compare_records([parity.Record(n, "float64", {"roof": {}}) for n in "AB"], "x")
    other = parity.Record("B", "float64", {"loss": {"loss": np.array(1.5)}})
    assert parity.compare_records([one, other], "x").red == "loss"


# --- twins and planted mistakes ---

class TestLlamaTwins(TwinPromises):
    task = "llama"
    unreached = {"logits 100 apart"}        # tokens cannot be made louder


class TestLlamaMistakes(MistakePromises):
    task = "llama"

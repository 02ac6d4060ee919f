"""The Llama twins: each part is the library's, a cache changes nothing, and bad input is refused in words."""
from dataclasses import replace

import numpy as np
import pytest
from proven import MistakePromises, TwinPromises

from labs import parity
from labs.parity.weights import driver_of
from labs.tasks.llama import library, watching
from labs.tasks.llama.config import Config, Llama3Scaling, left_padded, rotary_frequencies, rotary_tables, unpadded
from labs.tasks.llama.proof import SCALED, TINY
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


def made(side, weights, precision="float32", config=TINY, **how):
    model = parity.load(parity.cast(side.build(config, **how), precision), weights)
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
            found[name, precision] = watching.parts(side, made(side, weights, precision), x.astype(precision), ids)
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
                "forward": (library if side is library else watching).stream(model, ids), "loss": {"loss": np.array(loss.item())}, "gradients": parity.gradients_of(model)}))
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
            rows.append(model(driver_of(model).tensor(model, piece), caches).detach().cpu().numpy())
            at += size
        assert len(caches[0]) == 12
        parity.equal(whole, np.concatenate(rows, 1), title=f"{cuts}").check()


def test_greedy_text_is_generates_and_padding_changes_nothing(weights, ids):
    prompts = [ids[0].tolist(), ids[1, :5].tolist(), [7]]
    expected = library.greedy(made(library, weights), prompts, 12)
    assert [len(row) for row in expected] == [24, 17, 13]
    for name, side in TWINS.items():
        model = made(side, weights)
        for cached in (True, False):
            assert side.greedy(model, prompts, 12, cached=cached) == expected, (name, cached)
        assert [side.greedy(model, [prompt], 12)[0] for prompt in prompts] == expected, name


def test_greedy_ends_each_row_at_its_stop_token(weights, ids):
    prompts = [ids[0].tolist(), ids[1, :5].tolist()]
    free = torch_side.greedy(made(torch_side, weights), prompts, 6)
    stop = free[1][5 + 2]
    expected = [row[:given + row[given:].index(stop) + 1] if stop in row[given:] else row for row, given in zip(free, (12, 5))]
    assert len(expected[1]) < len(free[1])
    for side in (*TWINS.values(), library):
        assert side.greedy(made(side, weights), prompts, 6, stop=stop) == expected


def test_left_padding_and_back():
    tokens, mask = left_padded([[5, 6], [7, 8, 9]], pad=1)
    assert tokens.tolist() == [[1, 5, 6], [7, 8, 9]] and mask.tolist() == [[0, 1, 1], [1, 1, 1]]
    assert unpadded(np.c_[tokens, [[3, 4], [4, 4]]], np.c_[mask, np.ones((2, 2), int)], 3, stop=4) == [[5, 6, 3, 4], [7, 8, 9, 4]]


@pytest.fixture(scope="module")
def left_padding(ids):
    """(tokens, labels, mask): five places of padding in front of the first row."""
    labels, mask = ids.copy(), np.ones_like(ids)
    mask[0, :5], labels[0, :6] = 0, -100
    return ids, labels, mask


@pytest.mark.parametrize("config", [TINY, SCALED], ids=["plain", "llama3"])
@pytest.mark.parametrize("name", TWINS)
def test_masks_and_scaled_rope_are_the_librarys(weights, left_padding, name, config):
    theirs, ours = made(library, weights, "float64", config, exactly=True), made(TWINS[name], weights, "float64", config)
    seen = left_padding[2] == 1
    expected = library.to_numpy(library.logits(theirs, left_padding))[seen]
    found = TWINS[name].logits(ours, left_padding).cpu().numpy()[seen]
    parity.equal(expected, found, title="logits").check()
    parity.equal(library.loss(theirs, left_padding).item(), TWINS[name].loss(ours, left_padding).item(), title="loss").check()
    uncounted = library.to_numpy(library.logits(theirs, left_padding, counted=False))[seen]
    parity.equal(expected, uncounted, title="RoPE sees distances alone").check()
    unmasked = TWINS[name].logits(ours, left_padding[:2]).cpu().numpy()[seen]
    assert not parity.equal(expected, unmasked, 1e-3).green


SHAPES = {"every head has its own key": {"num_key_value_heads": 6}, "one key for all": {"num_key_value_heads": 1},
          "one head": {"num_attention_heads": 1, "num_key_value_heads": 1}, "two numbers a head": {"hidden_size": 12},
          "another base and epsilon": {"rope_theta": 5e5, "rms_norm_eps": 1e-6}, "one layer": {"num_hidden_layers": 1},
          "Llama 3.1's factors": {"rope_theta": 5e5, "rope_scaling": Llama3Scaling(8.0, 1.0, 4.0, 32)}}


@pytest.mark.parametrize("shape", SHAPES)
def test_other_published_shapes_are_the_librarys(left_padding, shape):
    """Logits and loss of a padded batch in float64, greedy text in float32."""
    config = replace(TINY, **SHAPES[shape])
    drawn = parity.initial_weights(torch_side.build(config), seed=5)
    exact, seen = made(library, drawn, "float64", config, exactly=True), left_padding[2] == 1
    logits, loss = library.to_numpy(library.logits(exact, left_padding))[seen], library.loss(exact, left_padding).item()
    prompts = [left_padding[0][1].tolist(), [7]]
    text = library.greedy(made(library, drawn, config=config), prompts, 6)
    for name, side in TWINS.items():
        model = made(side, drawn, "float64", config)
        parity.equal(logits, side.logits(model, left_padding).cpu().numpy()[seen], title=f"{name}: logits").check()
        parity.equal(loss, side.loss(model, left_padding).item(), title=f"{name}: loss").check()
        assert side.greedy(made(side, drawn, config=config), prompts, 6) == text, name


@pytest.mark.parametrize("name", TWINS)
def test_what_stands_in_the_padding_changes_no_token(weights, left_padding, name):
    ids, labels, mask = left_padding
    model, seen = made(TWINS[name], weights, "float64"), mask == 1
    first, second = (TWINS[name].logits(model, (np.where(seen, ids, pad), labels, mask)).cpu().numpy()[seen] for pad in (0, 255))
    parity.equal(first, second, title="pad id").check()


def test_scaled_frequencies_are_the_librarys():
    for scaling in (SCALED.rope_scaling, Llama3Scaling(8.0, 1.0, 4.0, 8192)):
        config = Config(rope_theta=5e5, rope_scaling=scaling)
        theirs = library.rotary(config).inv_freq.numpy()
        assert np.allclose(rotary_frequencies(config), theirs, rtol=1e-6, atol=0)
        assert not np.allclose(rotary_frequencies(Config(rope_theta=5e5)), theirs, rtol=1e-3, atol=0)


@pytest.mark.parametrize("config", [TINY, SCALED], ids=["plain", "llama3"])
@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_half_precision_is_the_librarys_to_the_last_bit(weights, left_padding, dtype, config):
    """With its float32 words, which the twins' `upcast` has; without them it is not."""
    import torch
    theirs, ours = half_pair(weights, dtype, config)
    seen = left_padding[2] == 1
    expected = library.to_numpy(library.logits(theirs, left_padding))[seen]
    assert np.array_equal(expected, torch_side.logits(ours, left_padding).float().numpy()[seen])
    assert abs(library.loss(theirs, left_padding).item() - torch_side.loss(ours, left_padding).item()) < 1e-6     # the mean is float32
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch_side, "upcast", lambda x: x)
        assert not np.array_equal(expected, torch_side.logits(ours, left_padding).float().numpy()[seen])
        assert torch_side.loss(ours, left_padding).dtype == getattr(torch, dtype)


def half_pair(weights, dtype, config=TINY):
    """The library's model and the PyTorch twin in half precision; the library's angles stay in float32, as when it loads."""
    import torch
    theirs = made(library, weights, config=config, attention="eager").to(getattr(torch, dtype))
    theirs.model.rotary_emb = library.rotary(config)
    return theirs, made(torch_side, weights, config=config).to(getattr(torch, dtype))


def test_paddles_norm_and_loss_are_the_librarys_in_half_precision(weights, ids):
    """What Paddle computes on a processor in bfloat16: it has no product of matrices there."""
    import paddle
    x = np.random.default_rng(7).normal(size=(2, 12, TINY.hidden_size)).astype("float32")
    expected = library.parts(half_pair(weights, "bfloat16")[0], x, ids)
    model = made(paddle_side, weights)._to_impl(dtype="bfloat16", floating_only=True)
    found = model.model.norm(paddle.to_tensor(x).astype("bfloat16"))
    assert np.array_equal(expected["RMSNorm"], found.astype("float32").numpy())
    logits = paddle.to_tensor(expected["logits"]).astype("bfloat16")
    assert abs(paddle_side.causal_loss(logits, paddle.to_tensor(ids)).item() - expected["loss"]) < 1e-6


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
                         ([1, 2], r"\(2,\)"), ([[0.5]], "tokens: expected a NumPy array of int64, got float64")):
        with pytest.raises(ValueError, match=says):
            side.logits(model, (np.array(tokens),))
    with pytest.raises(ValueError, match="the context holds 64, got 65"):
        side.greedy(model, [[1] * 60], 10)
    tokens = np.ones((2, 4), int)
    for mask, says in ((np.ones((2, 3), int), r"shape \(2, 4\)"), (np.full((2, 4), 2), "1 for a token"),
                       ([[0] * 4, [1] * 4], "a token in each row"), (np.ones((2, 4)), "mask: expected a NumPy array of int64"),
                       (np.ones((2, 4), bool), "got bool")):
        with pytest.raises(ValueError, match=says):
            side.logits(model, (tokens, None, np.array(mask)))
    for labels, mask, says in ((np.full((2, 4), -100), None, "nothing is asked for"), (tokens[:, :3], None, "shape of the tokens"),
                               (tokens * 1.0, None, "labels: expected a NumPy array of int64"), (tokens + 255, None, "or -100, got 256"),
                               (tokens - 2, None, "or -100, got -1"),
                               (tokens, [[0, 0, 1, 1], [1] * 4], "row 0 asks a place of padding")):
        with pytest.raises(ValueError, match=says):
            side.loss(model, (tokens, labels, *([] if mask is None else [np.array(mask)])))
    with pytest.raises(ValueError, match="nothing is asked for"):
        side.loss(model, (tokens[:, :1], tokens[:, :1]))
    with pytest.raises(ValueError, match="tokens: expected a NumPy array of int64, got list"):
        side.logits(model, ([[1, 2]],))
    for prompts in ([[]], [[1], []], [1, 2], [[1.5]], ["text"]):
        with pytest.raises(ValueError, match="prompts: expected each to be a list of ids"):
            side.greedy(model, prompts, 3)


def test_weights_of_another_model_change_nothing(weights):
    model = made(torch_side, weights)
    missing = {name: w for name, w in weights.items() if name != "model.norm.weight"}
    with pytest.raises(parity.ParityError, match=r"model.norm.weight \(48,\): in the PyTorch model, not in the weights"):
        parity.load(model, missing)
    with pytest.raises(parity.ParityError, match=r"has shape \(48,\), the weights have \(7,\)"):
        parity.load(model, weights | {"model.norm.weight": np.ones(7, "float32")})
    assert all(np.array_equal(w, weights[name]) for name, w in parity.weights_of(model).items())


PUBLISHED = {name: getattr(Config(), name) for name in (
    "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads",
    "max_position_embeddings", "rope_theta", "rms_norm_eps")} | {"tie_word_embeddings": True, "model_type": "llama", "head_dim": 64}
LLAMA3 = {"factor": 32.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0, "original_max_position_embeddings": 8192, "rope_type": "llama3"}


@pytest.mark.parametrize("changes, says", [
    ({"attention_bias": True}, "attention_bias = True"), ({"tie_word_embeddings": False}, "tie_word_embeddings = False"),
    ({"rope_parameters": {"rope_type": "yarn", "rope_theta": 1e5}}, "rope_type = yarn"), ({"vocab_size": None}, "lacks vocab_size"),
    ({"num_key_value_heads": 2}, "multiple of num_key_value_heads"), ({"hidden_size": 27}, "needs an even count"),
    ({"rope_scaling": {"type": "linear", "factor": 2.0}}, "rope_type = linear"), ({"head_dim": 128}, "head_dim = 128"),
    ({"rope_scaling": {"type": "llama3", "factor": 2.0}}, "expected factor, low_freq_factor"),
    ({"rope_scaling": LLAMA3 | {"beta_fast": 1}}, "got .*beta_fast"), ({"rope_scaling": LLAMA3 | {"factor": "8"}}, "factor = '8'"),
    ({"rope_scaling": LLAMA3 | {"original_max_position_embeddings": 0}}, "original_max_position_embeddings = 0"),
    ({"rope_scaling": LLAMA3 | {"low_freq_factor": 4.0}}, "low_freq_factor < high"), ({"rope_scaling": LLAMA3 | {"factor": 0.5}}, "factor >= 1"),
    ({"rope_scaling": {"type": "linear", "rope_type": "default"}}, "type and rope_type differ"), ({"rope_scaling": "llama3"}, "expected a dict"),
    ({"rope_parameters": {"full_attention": {"rope_type": "default"}}}, "got full_attention"), ({"partial_rotary_factor": 0.5}, "partial_rotary"),
    ({"hidden_size": "576"}, "hidden_size = '576'"), ({"num_attention_heads": 0}, "positive whole numbers"), ({"vocab_size": True}, "vocab_size = True"),
    ({"rms_norm_eps": "1e-5"}, "rms_norm_eps = '1e-5'"), ({"rms_norm_eps": float("nan")}, "rms_norm_eps = nan"), ({"rope_theta": 0}, "rope_theta = 0"),
    ({"architectures": ["LlamaForSequenceClassification"]}, "LlamaForSequenceClassification"), ({"layer_types": ["full_attention"]}, "layer_types"),
    ({"rope_parameters": {"rope_type": "default", "rope_theta": 1e4}}, "rope_theta stands twice"),
    ({"rope_scaling": LLAMA3, "rope_parameters": {"rope_type": "default"}}, "differ: rope_type"),
    ({"sliding_window": 4096}, "sliding_window = 4096"), ({"model_type": "mistral"}, "model_type = mistral"),
    ({"model_type": "gemma"}, "model_type = gemma"), ({"hidden_act": "gelu"}, "hidden_act = gelu"), ({"mlp_bias": True}, "mlp_bias = True"),
    ({"rope_interleaved": True}, "rope_interleaved = True"), ({"attention_dropout": 0.1}, "attention_dropout = 0.1"),
    ({"quantization_config": {"bits": 4}}, "quantization_config"), ({"attention_multiplier": 2}, "attention_multiplier = 2")])
def test_a_config_that_the_twins_cannot_follow_is_refused(changes, says):
    assert Config.of(PUBLISHED) == Config()
    with pytest.raises(ValueError, match=says):
        Config.of(PUBLISHED | changes)


@pytest.mark.parametrize("not_a_config", ["null", "[]", 7])
def test_what_is_no_config_is_refused(not_a_config):
    with pytest.raises(ValueError, match="expected a config.json"):
        Config.of(not_a_config)


@pytest.mark.parametrize("key", ["rope_scaling", "rope_parameters"])
def test_llama_3s_scaling_is_read_under_its_old_and_its_new_name(key):
    config = Config.of(PUBLISHED | {key: LLAMA3, "sliding_window": None, "rope_interleaved": False, "pretraining_tp": 1})
    assert config == Config(rope_scaling=Llama3Scaling(32.0, 1.0, 4.0, 8192))
    assert Config.of(PUBLISHED | {"rope_theta": None, key: LLAMA3 | {"rope_theta": 5e5}}).rope_theta == 5e5


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
    ladder = parity.compare_records([one, other], "x")
    assert ladder.red == "loss" and "parameters" not in ladder.text      # none were compared


# --- twins and planted mistakes ---

class TestLlamaTwins(TwinPromises):
    task = "llama"
    unreached = {"logits 100 apart"}        # tokens cannot be made louder


class TestLlamaMistakes(MistakePromises):
    task = "llama"

"""The language models' texts, states, writing and checkpoints: analytic cases, and what bad input is told."""
import json
from dataclasses import replace

import numpy as np
import pytest
from proven import MistakePromises, TwinPromises

from labs import checkpoints, data, parity, results
from labs.tasks import rnn_lm
from labs.tasks.rnn_lm import counting, proof, sampling, text, training
from labs.tasks.rnn_lm.config import CONFIGS, SHAKESPEARE, SMALL, TANG, Config

SIDES = pytest.mark.parametrize("side", ["paddle", "torch"], indirect=True)
TINY = replace(SHAKESPEARE, vocabulary=30, embedding=6, hidden=8, steps=5, batch_size=3)


@pytest.fixture(scope="module", autouse=True)
def twins():
    """The sides, imported when the first test runs: collecting tests loads no framework."""
    global paddle_side, torch_side
    from labs.tasks.rnn_lm import paddle_side, torch_side


@pytest.fixture
def side(request):
    """The side of a framework's name."""
    return {"paddle": paddle_side, "torch": torch_side}[request.param]


def built(side, config=TINY, weights=None):
    model = side.build(config)
    return parity.load(model, weights or parity.initial_weights(torch_side.build(config), 0, within=0.1))


def pieces(config=TINY, count=3):
    rng = np.random.default_rng(0)
    return text.batches(rng.integers(0, config.vocabulary, count * config.steps * config.batch_size + 1), config)


@SIDES
def test_a_uniform_model_scores_the_size_of_its_vocabulary(side):
    model = built(side, weights={n: 0 * w for n, w in parity.initial_weights(torch_side.build(TINY), 0).items()})
    assert text.perplexity(side.score(model, pieces())) == pytest.approx(TINY.vocabulary, rel=1e-6)


def test_perplexity_is_a_geometric_mean():
    assert text.perplexity(np.log([2.0, 32.0])) == pytest.approx(8)


@SIDES
def test_the_loss_is_summed_over_steps_and_averaged_over_streams(side):
    batch, model = pieces()[0], built(side)
    optimizer = side.make_optimizer(model, TINY)
    nats = side.score(model, [batch])
    assert side.step(model, optimizer, batch).item() == pytest.approx(TINY.steps * nats.mean(), rel=1e-5)


@SIDES
def test_reading_in_pieces_is_reading_at_once(side):
    x = np.concatenate([x for x, _ in pieces()])
    model = built(side)
    whole, _ = side.advance(model, x)
    state = None
    for t in range(0, len(x), 4):
        last, state = side.advance(model, x[t:t + 4], state)
    np.testing.assert_allclose(last, whole, atol=1e-6)


@SIDES
def test_the_state_is_carried_and_its_gradient_cut(side):
    model = built(side)
    optimizer = side.make_optimizer(model, TINY)
    first, second, _ = pieces()
    side.step(model, optimizer, first)
    carried = [np.array(s.numpy()) for s in model.state]
    assert all(abs(s).max() > 0 for s in carried)
    assert all(getattr(s, "stop_gradient", not getattr(s, "requires_grad", False)) for s in model.state)
    side.step(model, optimizer, second)                  # would raise in PyTorch if the graph went on


@SIDES
def test_a_state_of_another_batch_size_says_so(side):
    model = built(side)
    optimizer = side.make_optimizer(model, TINY)
    first, second, _ = pieces()
    side.step(model, optimizer, first)
    with pytest.raises(ValueError, match="the state has 3 streams, the batch 2"):
        side.step(model, optimizer, tuple(a[:, :2].copy() for a in second))
    model.state = None
    side.step(model, optimizer, tuple(a[:, :2].copy() for a in second))


@SIDES
def test_clipping_scales_to_the_joint_norm_and_leaves_short_gradients_alone(side):
    for clip, scaled in ((1e-3, True), (1e3, False)):
        model = built(side, replace(TINY, clip=clip))
        x, y = pieces()[0]
        given = parity.record(side, replace(TINY, clip=clip), parity.weights_of(model), [(x, y)]).rungs["gradients"]
        norm = np.sqrt(sum((g ** 2).sum() for g in given.values()))
        assert norm == pytest.approx(clip) if scaled else norm < clip


def test_the_loop_equals_the_kernel_with_peepholes_that_are_zero():
    import torch
    rng = np.random.default_rng(0)
    x, h, c = (torch.from_numpy(rng.normal(size=(2, 3))) for _ in range(3))
    weights = [torch.from_numpy(rng.normal(size=s)) for s in ((12, 3), (12, 3), (12,), (12,))]
    plain = torch_side.cell(x, h, c, weights, torch.tanh)
    seeing = torch_side.cell(x, h, c, weights, torch.tanh, peepholes=(torch.zeros(3),) * 3)
    assert all(torch.equal(a, b) for a, b in zip(plain, seeing))


@SIDES
def test_the_loop_equals_the_frameworks_own_lstm(side):
    config, batches = proof.cases(data)["characters"]
    weights = parity.initial_weights(torch_side.build(config), 0)
    own, loop = (parity.record(side, replace(config, by_hand=by_hand), weights, batches[:2]).rungs for by_hand in (False, True))
    for rung in ("forward", "gradients", "one step"):
        parity.equal(own[rung], loop[rung], title=rung).check()


def test_streams_go_on_where_they_ended_and_targets_are_one_later():
    config = replace(TINY, steps=4, batch_size=2)
    first, second = text.batches(np.arange(17), config)
    assert first[0][:, 1].tolist() == [8, 9, 10, 11] and second[0][:, 1].tolist() == [12, 13, 14, 15]
    assert all((y == x + 1).all() for x, y in (first, second))


def test_bad_text_is_told_what_is_wrong():
    letters = text.Vocabulary("abca")
    assert letters.tokens == ("a", "b", "c") and letters.decode(letters.encode("cab")) == list("cab")
    for bad, message in (("abx", "token 'x' at position 2 is not among the 3"), ("", "an empty text")):
        with pytest.raises(text.TextError, match=message):
            letters.encode(bad)
    with pytest.raises(text.TextError, match="empty text has no vocabulary"):
        text.Vocabulary("")
    with pytest.raises(text.TextError, match="expected at least 16 tokens"):
        text.batches(np.arange(15), TINY)


def test_a_vocabulary_of_some_size_knows_the_unknown():
    few = text.Vocabulary("aaabbc", size=2)
    assert few.tokens == (text.UNKNOWN, "a") and few.encode("abc").tolist() == [1, 0, 0]


def test_words_end_their_lines():
    assert text.words("To be, or not.\n\n'Tis so!") == ["to", "be", ",", "or", "not", ".", "<eos>", "'", "tis", "so", "!", "<eos>"]


def test_held_out_plays_are_not_trained_on():
    plays = text.shakespeare(data.folder("shakespeare"))
    assert plays["test"][:200] not in plays["train"] and plays["valid"][:200] not in plays["train"]
    assert len(set("".join(plays.values()))) == SHAKESPEARE.vocabulary
    with pytest.raises(ValueError, match="level: expected characters or words"):
        text.shakespeare(data.folder("shakespeare"), "syllables")


def test_what_counting_says_of_all_successors_adds_up_to_one():
    train = np.array([0, 1, 2, 0, 1, 1, 3, 0, 1, 2])
    for context in ([0, 1], [1, 1], [3, 3], [2]):           # frequent, once, never seen, shorter than the order
        last = [counting.ngrams(train, np.array([*context, token]), 5, 3) for token in range(5)]
        for n in last[0]:
            assert sum(np.exp(-each[n][-1]) for each in last) == pytest.approx(1)


def test_counting_by_pencil():
    """Of 5 tokens 0 occurs 3 times, with 2 kinds: (3 + 2 / 4) / 7. After 0 come 0, 1 and 1: (2 + 2 p(1)) / 5."""
    train = np.array([0, 0, 1, 0, 1])
    nats = counting.ngrams(train, np.array([0, 1]), 4, 2)
    assert np.exp(-nats[1]) == pytest.approx([3.5 / 7, 2.5 / 7])
    assert np.exp(-nats[2]) == pytest.approx([3.5 / 7, (2 + 2 * 2.5 / 7) / 5])


def test_counting_refuses_what_it_cannot_count():
    for bad, message in (({"vocabulary": 10_000, "order": 5}, "below 2"), ({"vocabulary": 4, "order": 0}, "order: expected at least 1"),
                         ({"vocabulary": 4, "order": 3}, "expected at least 3 tokens")):
        with pytest.raises(ValueError, match=message):
            counting.ngrams(np.array([0, 1]), np.array([1]), **bad)


def test_metre_counts_characters_and_refuses_strangers():
    assert text.metre("白日依山盡，黃河入海流。欲窮千里目，更上一層樓。") == [5, 5, 5, 5]
    assert text.metre("白日A山盡。") == []


def test_ptb_is_read_where_the_reader_has_it(tmp_path):
    for part, lines in (("train", " a b \n c \n"), ("valid", " a \n"), ("test", " b \n")):
        (tmp_path / f"ptb.{part}.txt").write_text(lines, encoding="utf-8")
    assert text.ptb(tmp_path) == {"train": ["a", "b", "<eos>", "c", "<eos>"], "valid": ["a", "<eos>"], "test": ["b", "<eos>"]}
    (tmp_path / "ptb.test.txt").unlink()
    with pytest.raises(text.TextError, match="PTB cannot be shipped"):
        text.ptb(tmp_path)


def test_probabilities_do_what_the_knobs_say():
    logits = np.log([0.5, 0.25, 0.15, 0.1])
    assert sampling.probabilities(logits) == pytest.approx([0.5, 0.25, 0.15, 0.1])
    assert sampling.probabilities(logits, temperature=0).tolist() == [1, 0, 0, 0]
    assert sampling.probabilities(logits, temperature=0.5)[0] == pytest.approx(0.25 / (0.25 + 0.0625 + 0.0225 + 0.01))
    assert sampling.probabilities(logits, top_k=2) == pytest.approx([2 / 3, 1 / 3, 0, 0])
    assert sampling.probabilities(logits, top_p=0.75) == pytest.approx([2 / 3, 1 / 3, 0, 0])
    assert sampling.probabilities(logits, top_p=0.76)[2] > 0
    for bad in ({"temperature": -1}, {"top_k": 5}, {"top_k": 0}, {"top_p": 0.0}, {"top_p": 1.1}):
        with pytest.raises(ValueError, match=next(iter(bad))):
            sampling.probabilities(logits, **bad)
    with pytest.raises(ValueError, match="finite logits"):
        sampling.probabilities([0.0, np.nan])


def test_choosing_follows_the_cumulated_probabilities():
    logits = np.log([0.5, 0.25, 0.25])
    assert [sampling.choose(logits, chance) for chance in (0.0, 0.499, 0.501, 0.76, 1 - 1e-16)] == [0, 0, 1, 2, 2]
    assert sampling.choose(logits, 1 - 1e-16, top_k=1) == 0


def test_the_same_random_numbers_give_the_same_text_in_both_frameworks():
    signs = text.Vocabulary.of("abcdefghijklmnopqrstuvwxyz .,\n")
    written = [sampling.write(side, built(side), signs, "to be", 60, seed=3, never=["z"]) for side in (paddle_side, torch_side)]
    assert written[0] == written[1] and len(written[0]) == 65 and "z" not in written[0]
    assert sampling.write(torch_side, built(torch_side), signs, "to be", 60, seed=4) != written[1]


@pytest.mark.parametrize("name, config", [("shakespeare", SHAKESPEARE), ("tang", TANG)])
def test_a_checkpoint_is_small_whole_and_as_good_as_it_says(name, config):
    kept = checkpoints.load(rnn_lm, name, config)
    assert kept.bytes <= checkpoints.LARGEST
    parts, vocabulary = training.corpus(name, data)
    assert list(vocabulary.tokens) == kept.facts["vocabulary"]
    some = text.batches(vocabulary.encode(parts["valid"]), config)[:4]
    model = parity.load(torch_side.build(config), kept.weights)
    said = kept.facts["valid perplexity"]
    assert 0.8 * said < text.perplexity(torch_side.score(model, some)) < 1.25 * said


def test_a_checkpoint_of_another_config_or_with_other_bytes_is_refused(tmp_path):
    weights = parity.initial_weights(torch_side.build(TINY), 0)
    path = checkpoints.save(rnn_lm, "tiny", weights, TINY, {}, tmp_path)
    kept = checkpoints.load(rnn_lm, "tiny", TINY, tmp_path)
    assert all(np.array_equal(kept.weights[n], w.astype("float16")) for n, w in weights.items())
    assert kept.facts["command"] == "python -m labs train rnn_lm tiny" and path in checkpoints.used()
    with pytest.raises(checkpoints.CheckpointError, match="another config: hidden is 8 there and 9 here"):
        checkpoints.load(rnn_lm, "tiny", replace(TINY, hidden=9), tmp_path)
    path.write_bytes(path.read_bytes()[:-1] + b"\0")
    with pytest.raises(checkpoints.CheckpointError, match="expected sha256"):
        checkpoints.load(rnn_lm, "tiny", TINY, tmp_path)
    with pytest.raises(checkpoints.CheckpointError, match="there are: tiny"):
        checkpoints.load(rnn_lm, "tyny", TINY, tmp_path)
    with pytest.raises(checkpoints.CheckpointError, match="not finite in float16"):
        checkpoints.save(rnn_lm, "large", {"w": np.array([1e6])}, TINY, {}, tmp_path)


def test_a_checkpoint_is_plain_safetensors(tmp_path):
    path = checkpoints.save(rnn_lm, "tiny", {"w": np.ones((2, 3))}, TINY, {"n": 1}, tmp_path)
    header = checkpoints.metadata(path.read_bytes())
    assert json.loads(header["facts"])["n"] == 1 and json.loads(header["config"])["hidden"] == TINY.hidden


def test_training_again_learns():
    said = []
    short = replace(SHAKESPEARE, embedding=16, hidden=24, steps=16, batch_size=8, epochs=1, learning_rate=2**-6)

    def begin(model, within=None, seed=0):
        return parity.load(model, parity.initial_weights(model, seed, within))
    _, config, facts = training.train("shakespeare", data, begin, said.append, config=short, limit=40)
    assert config is short and facts["valid perplexity"] < SHAKESPEARE.vocabulary / 2
    assert said[-1].startswith("epoch 1")
    with pytest.raises(ValueError, match="expected one of small, medium"):
        training.train("medum", data, begin)


def test_a_result_in_perplexity_has_an_interval_and_a_band(monkeypatch):
    monkeypatch.setenv("LABS_RUN", "quick")
    made = results.perplexity("words", np.log([90.0, 100, 110]), "114.5", "a paper", quick=(95, 105), full=(95, 105))
    low, high = made.check().interval
    assert low < made.value < high and made.value == pytest.approx((90 * 100 * 110) ** (1 / 3))
    with pytest.raises(results.ResultError, match="lies outside the band"):
        results.perplexity("words", np.log([190.0, 200]), "114.5", "a paper", quick=(95, 105), full=(95, 105)).check()
    with pytest.raises(ValueError, match="at least two streams"):
        results.perplexity("words", np.log([100.0]), "114.5", "a paper", quick=(1, 2), full=(1, 2))



def test_the_published_recipes_are_the_papers():
    assert (SMALL.hidden, SMALL.layers, SMALL.steps, SMALL.batch_size, SMALL.clip, SMALL.learning_rate) == (200, 2, 20, 20, 5.0, 1.0)
    assert sum(w.size for w in parity.initial_weights(torch_side.build(SMALL), 0).values()) == 4_653_200
    assert [c.optimizer for c in CONFIGS.values()].count("sgd") == 3
    with pytest.raises(ValueError, match="optimizer: expected one of sgd, adam"):
        Config(optimizer="adagrad")
    with pytest.raises(ValueError, match="hidden: expected at least 1"):
        Config(hidden=0)


def test_a_ladder_that_is_red_on_purpose_is_no_proof():
    config, batches = proof.cases(data)["words"]
    made = [parity.climb(torch_side, torch_side, batches[:2], config, planted=planted).data["planted"] for planted in (False, True)]
    assert made == [False, True]


def test_fluid_reads_its_gates_in_another_order_than_ours():
    """The layout that the Fluid ladder translates: c, i, f, o there; i, f, g, o here; one the inverse of the other."""
    import ast
    from pathlib import Path

    import labs.fluid.kernel
    source = (Path(labs.fluid.kernel.__file__).parent / "fluid_ladder.py").read_text(encoding="utf-8")
    orders = next(ast.literal_eval(node.value) for node in ast.parse(source).body
                  if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]).startswith("(GATES_HERE"))
    here, there = orders
    assert [["c", "i", "f", "o"][n] for n in here] == ["i", "f", "c", "o"]
    assert [["i", "f", "g", "o"][n] for n in there] == ["g", "i", "f", "o"]


# --- twins and planted mistakes ---

class TestLanguageModelTwins(TwinPromises):
    task = "rnn_lm"
    unreached = {"logits 100 apart"}        # tokens cannot be made louder


class TestLanguageModelMistakes(MistakePromises):
    task = "rnn_lm"
